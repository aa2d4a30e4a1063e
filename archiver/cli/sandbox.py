"""`sandbox`: a simulated tenant to try things on."""

import os
import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from archiver.cli.garbage import begin_garbage_collection
from archiver.cli.options import Json

if TYPE_CHECKING:
    from archiver.sandbox import Sandbox


_WELCOME = """\
# A simulated tenant with {sessions} chat sessions. For your config.toml:

[settle]              # so that trying it takes no hours
after = "1s"
confirm_after = "1s"

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

# Controls to post, edit, delete, switch oddities on and see every request: {url}/control/
{oddities}# Ctrl-C ends it."""

_ODDITIES = """\
# Oddities in force: {named}
# To switch them off: curl -X DELETE {url}/control/oddities
"""

_FEW = 8
"""So many oddities are named in the welcome; more are counted."""


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
    oddities: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME,...",
            help="How it misbehaves; repeatable. See above.",
        ),
    ] = None,
    list_oddities: Annotated[
        bool, typer.Option("--list-oddities", help="List the oddities, and serve nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Serve a simulated SuperOffice tenant until Ctrl-C.

    Example: archiver sandbox --sessions 2000 --oddities all

    Oddities: `all`, or names that --list-oddities explains. Each may be for one
    chat session alone, and for a share of requests:

    \b
        --oddities null                       every reply is null
        --oddities null@7                     of chat session 7
        --oddities null=0.5                   half of the replies
        --oddities null@7=0.5,duplicate_rows  several at once
    """
    if list_oddities:
        from archiver.cli.oddities import print_catalogue

        print_catalogue(as_json=as_json)
        return
    if as_json:
        raise typer.BadParameter("--json goes with --list-oddities")
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
        for switches in oddities or ():
            _switch_on(tenant, switches)
        begin_garbage_collection()
        with stop_on_signals() as stop, tenant:
            print(_welcome(tenant), flush=True)
            stop.wait()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "it is no address of this machine"
        raise ConfigError(f"can't listen on {host}:{port}: {reason}", hint="try another --port or --host") from None


def _switch_on(tenant: "Sandbox", switches: str) -> None:
    from archiver.errors import ConfigError
    from archiver.sandbox.oddities.switches import switch_on

    try:
        switch_on(tenant.oddities, switches)
    except ValueError as error:
        hint = "archiver sandbox --list-oddities lists them"
        raise ConfigError(f"--oddities {shlex.quote(switches)}: {error}", hint=hint) from None


def _welcome(tenant: "Sandbox") -> str:
    known, sessions = tenant.settings.credentials, tenant.settings.chat_sessions
    kinds = list(dict.fromkeys(oddity.kind for oddity in tenant.oddities.all()))
    named = ", ".join(kinds) if len(kinds) <= _FEW else f"{len(kinds)} of those that --list-oddities names"
    return _WELCOME.format(
        oddities=_ODDITIES.format(named=named, url=tenant.url) if kinds else "",
        sessions=sessions,
        base_url=tenant.base_url,
        url=tenant.url,
        last=sessions + 100,
        username=known.username,
        password=known.password,
        ticket=known.ticket,
        token=known.token,
    )
