"""The calls an archiver makes of a source; none of them changes anything there."""

import json
import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from archiver.config.settings import RetrySettings, SourceSettings
from archiver.errors import (
    CredentialRefused,
    Interrupted,
    NullReply,
    RateLimited,
    RetriableSourceError,
    SourceDown,
    SourceError,
    SourceOnHold,
    SourceUnreachable,
    UndecodableReply,
    UnexpectedReply,
)
from archiver.model import Reply
from archiver.ranges import MAX_ID
from archiver.superoffice.breaker import LONGEST_DISTANCE_S, CircuitBreaker
from archiver.superoffice.decode import decode_reply
from archiver.superoffice.endpoint import GET_CHAT_MESSAGES, GET_CHAT_SESSION_ENTITY, api_root
from archiver.superoffice.nonanswers import page_error
from archiver.superoffice.rate import TokenBucket
from archiver.superoffice.retry import call_with_retries
from archiver.superoffice.signin import SignIn
from archiver.superoffice.transport import Transport

T = TypeVar("T")

logger = logging.getLogger(__name__)


class SuperOfficeClient:
    """Reads chats of one source; its methods may be called from many threads."""

    def __init__(self, source: SourceSettings, retry: RetrySettings) -> None:
        """Raises: ConfigError when a secret is not where the configuration says."""
        self.name = source.name
        self._sign_in = SignIn(source.auth, source.request)
        self._transport = Transport(api_root(source.base_url), source.limits, source.request)
        self._bucket = TokenBucket(source.limits.requests_per_second)
        self._breaker = CircuitBreaker(longest_distance_s=min(LONGEST_DISTANCE_S, retry.max_wait.total_seconds()))
        self._retry = retry
        self._retry_no_more = retry.model_copy(update={"attempts": 1})
        self._lock = threading.Lock()
        self.request_count = 0
        """Requests sent since the client was made, retries included."""
        self.retry_count = 0

    def close(self) -> None:
        self._transport.close()

    def hang_up(self) -> None:
        """Keep no connection while there is nothing to ask: with hundreds of sources they add up."""
        self._transport.hang_up()

    def fetch_messages(
        self, chat_session_id: int, after: int, stop: threading.Event, *, is_second_try: bool = False
    ) -> Reply:
        """Read the messages of one chat session that come after `after`.

        Args:
            after: a ChatMessageId, exclusive by the vendor's client docs; 0 reads the whole chat session. An
                inclusive server does no harm.
            stop: ends the call between two attempts.
            is_second_try: this chat session failed before. It gets one attempt, which says nothing of the source when
                it fails again: many that fail for good are passed by quickly.
        Raises: NullReply (nothing found or a failed call), UnexpectedReply (proves nothing), another SourceError,
            Interrupted.
        Source: SuperOffice reference, Chat agent, GetChatMessages.
        """
        body = b'{"ChatSessionId":%d,"After":%d}' % (chat_session_id, after)
        about = {"chat_session_id": chat_session_id, "after": after}

        def decode(reply: bytes) -> Reply:
            return decode_reply(reply, chat_session_id)

        return self._call(GET_CHAT_MESSAGES, body, stop, decode, about, is_second_try=is_second_try)

    def is_answering(self, chat_session_id: int, stop: threading.Event) -> bool:
        """Whether the source answers one call that asks for nothing: what comes after the highest id there can be.

        Raises: Interrupted.
        """
        try:
            self.fetch_messages(chat_session_id, MAX_ID, stop, is_second_try=True)
        except NullReply:  # what some say of an id that they don't know
            return True
        except SourceError:
            return False
        return True

    def chat_session_exists(self, chat_session_id: int, stop: threading.Event) -> bool:
        """Ask for the chat session's own entity.

        Returns: False for a `null`, which is how agents say that there is none.
        Raises: UnexpectedReply for what is neither null nor that chat session; another SourceError, Interrupted.
        Source: SuperOffice reference, Chat agent, GetChatSessionEntity.
        """
        operation = f"{GET_CHAT_SESSION_ENTITY}?chatSessionEntityId={chat_session_id}"
        about = {"chat_session_id": chat_session_id}
        return self._call(operation, b"", stop, lambda reply: _is_entity(reply, chat_session_id), about)

    def _call(
        self,
        operation: str,
        body: bytes,
        stop: threading.Event,
        decode: Callable[[bytes], T],
        about: dict[str, int],
        *,
        is_second_try: bool = False,
    ) -> T:
        def attempt() -> T:
            with self._breaker.attempt(stop, is_telling=not is_second_try):
                self._wait_for_turn(stop)
                with self._lock:
                    self.request_count += 1
                if logger.isEnabledFor(logging.DEBUG):
                    facts = {"event": "request", "source": self.name, "operation": operation, **about}
                    logger.debug("calling the source", extra=facts)
                try:
                    return decode(self._post(operation, body))
                except SourceError as error:
                    # Whoever keeps the error, maybe in a circle, is not to keep the frames that hold the reply.
                    error.__context__ = None
                    raise error.with_traceback(None) from None

        retry = self._retry_no_more if is_second_try else self._retry
        try:
            return call_with_retries(attempt, retry, stop, self._on_retry, lambda: self._breaker.is_open)
        except RetriableSourceError as error:
            raise error if is_second_try else self._seen_as_a_whole(error) from None

    def _post(self, operation: str, body: bytes) -> bytes:
        headers = self._sign_in.headers
        try:
            return self._transport.post(operation, body, headers)
        except CredentialRefused:
            self._sign_in.renew(headers)
            raise
        except RetriableSourceError as error:
            if error.retry_after_s:
                self._bucket.hold(error.retry_after_s)
            raise

    def _seen_as_a_whole(self, error: RetriableSourceError) -> RetriableSourceError:
        """The error of a call, or of the source, when other calls have failed in a row just so."""
        if isinstance(error, SourceUnreachable | RateLimited) or not self._breaker.is_open:
            return error
        detail = f"{self._breaker.failures} calls in a row have failed, the last with: {error}"
        return SourceDown(detail, hint=error.hint, own=error)

    def _wait_for_turn(self, stop: threading.Event) -> None:
        """Wait for the rate limit, and as long as the source asked everybody to wait.

        Raises: SourceOnHold at once when that is longer than a call may take; Interrupted.
        """
        if stop.is_set():
            raise Interrupted
        while not self._bucket.is_free:
            if (held_s := self._bucket.held_for()) > self._retry.max_total.total_seconds():
                raise SourceOnHold(f"the source asked us to wait {held_s:.0f} s", retry_after_s=held_s)
            if (wait_s := self._bucket.take()) > 0 and stop.wait(wait_s):
                raise Interrupted
            # A hold that began meanwhile ends for all threads at once: queue anew behind it.
            if self._bucket.held_for() <= 0:
                return

    def _on_retry(self, wait_s: float, error: SourceError) -> None:
        with self._lock:
            self.retry_count += 1
        facts = {"event": "retry_scheduled", "source": self.name, "kind": error.kind, "detail": str(error)}
        logger.warning("a call will be tried again", extra={**facts, "wait_s": round(wait_s, 1)})


def _is_entity(reply: bytes, chat_session_id: int) -> bool:
    try:
        entity = json.loads(reply)
    except (ValueError, RecursionError):
        raise page_error(reply) or UndecodableReply("the reply to GetChatSessionEntity is no JSON") from None
    if entity is None:
        return False
    if isinstance(entity, dict) and entity.get("ChatSessionId") == chat_session_id:
        return True
    raise UnexpectedReply("the reply to GetChatSessionEntity is not that chat session")
