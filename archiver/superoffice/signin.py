"""The headers that say who we are and how we want our answers."""

import base64
import threading
from contextlib import suppress

from archiver.config.settings import BasicAuth, BearerAuth, RequestSettings, TicketAuth
from archiver.errors import ConfigError

UTC_WITH_OFFSET = "UTC, includeTZOffset"
"""SO-TimeZone: without it times come in the tenant's own zone and carry no suffix.

Source: SuperOffice reference, SO-TimeZone.
"""


class SignIn:
    """The headers of every request to a source, made once and again when the source refuses them."""

    def __init__(self, auth: BasicAuth | TicketAuth | BearerAuth, request: RequestSettings) -> None:
        """Raises: ConfigError, as `request_headers`."""
        self._auth, self._request = auth, request
        self._lock = threading.Lock()
        self.headers = request_headers(auth, request)
        """Never changed, but replaced: who uses them can tell later which ones were refused."""

    def renew(self, refused: dict[str, str]) -> None:
        """Read the secrets anew, unless another thread has done so since `refused` were sent.

        Where a secret can't be read just now, as while its file is being replaced, the headers stay as they are.
        """
        with self._lock:
            if self.headers is refused:
                with suppress(ConfigError):
                    self.headers = request_headers(self._auth, self._request)


def request_headers(auth: BasicAuth | TicketAuth | BearerAuth, request: RequestSettings) -> dict[str, str]:
    """Headers for every request of a source. They hold secrets: never log them.

    Raises: ConfigError when a secret is not where the configuration says, or is nothing that a header can carry.
    """
    headers = {
        "Authorization": _authorization(auth),
        "Accept": "application/json",
        "Content-Type": "application/json; charset=utf-8",
        "SO-TimeZone": UTC_WITH_OFFSET,
    }
    if request.app_token:
        headers["SO-AppToken"] = request.app_token.reveal()
    if request.language:  # none by default: a language could translate what was typed
        headers["SO-Language"] = headers["SO-Culture"] = request.language
    for name, value in headers.items():
        # Found here, since the errors of http.client and of the codecs quote what they refuse.
        if not (value.isascii() and value.isprintable() and value == value.strip()):
            raise ConfigError(f"the value for the {name} header is empty or holds what no header can carry")
    return headers


def _authorization(auth: BasicAuth | TicketAuth | BearerAuth) -> str:
    match auth:
        case BasicAuth():
            pair = f"{auth.username}:{auth.password.reveal()}".encode()
            return f"Basic {base64.b64encode(pair).decode('ascii')}"
        case TicketAuth():  # sent as it is: it is not base64
            return f"SOTicket {auth.token.reveal()}"
        case BearerAuth():
            return f"Bearer {auth.token.reveal()}"
