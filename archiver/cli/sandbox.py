"""`sandbox`: a simulated tenant to try things on."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from archiver.sandbox import Sandbox


_WELCOME = """\
# A simulated tenant with {sessions} chat sessions. For your config.toml:

[[source]]
name = "sandbox"
base_url = "{base_url}"

[source.auth]
scheme = "basic"      # or scheme = "ticket", token = "{ticket}"; or scheme = "bearer", token = "{token}"
username = "{username}"
password = "{password}"

[source.sessions]
include = ["1-{last}"]

[source.limits]
requests_per_second = 0

# Controls to post, edit, delete, make calls fail and see every request: {url}/control/
# Ctrl-C ends it."""


def add_to(app: typer.Typer) -> None:
    app.command()(sandbox)


def sandbox(
    host: Annotated[
        str, typer.Option(help="Where to listen. It has a control interface that asks nobody.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0: a free one.", min=0, max=65535)] = 8765,
    seed: Annotated[int, typer.Option(help="The same seed makes the same chats.")] = 1,
    sessions: Annotated[int, typer.Option(help="How many chat sessions to make.", min=0)] = 300,
    messages: Annotated[int, typer.Option(help="About how many messages in each.", min=1)] = 12,
    live: Annotated[float, typer.Option(help="Messages a second that people go on typing.", min=0)] = 0.5,
    latency: Annotated[float, typer.Option(help="Seconds before each reply.", min=0)] = 0.0,
) -> None:
    """Serve a simulated SuperOffice tenant until Ctrl-C.

    Example: archiver sandbox --port 8765 --sessions 2000
    """
    from archiver.daemon.signals import stop_on_signals
    from archiver.errors import ConfigError
    from archiver.sandbox import Sandbox, SandboxSettings

    settings = SandboxSettings(
        host=host,
        port=port,
        seed=seed,
        chat_sessions=sessions,
        messages_per_chat_session=messages,
        live_rate=live,
        latency_s=latency,
    )
    try:
        tenant = Sandbox(settings)
        with stop_on_signals() as stop, tenant:
            print(_welcome(tenant), flush=True)
            stop.wait()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "it is no address of this machine"
        raise ConfigError(f"can't listen on {host}:{port}: {reason}", hint="try another --port or --host") from None


def _welcome(tenant: "Sandbox") -> str:
    known, sessions = tenant.settings.credentials, tenant.settings.chat_sessions
    return _WELCOME.format(
        sessions=sessions,
        base_url=tenant.base_url,
        url=tenant.url,
        last=sessions + 100,
        username=known.username,
        password=known.password,
        ticket=known.ticket,
        token=known.token,
    )
