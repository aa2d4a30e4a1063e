"""`sandbox`: a simulated tenant to try things on."""

from typing import Annotated

import typer


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
            known = settings.credentials
            print(f"A simulated tenant with {sessions:,} chat sessions, at")
            print(f"  base_url = {tenant.base_url!r}")
            print(f"  basic: {known.username} / {known.password}   ticket: {known.ticket}   bearer: {known.token}")
            print(f"Its controls (post, edit, delete, failures, requests): {tenant.url}/control/")
            print("Ctrl-C ends it.", flush=True)
            stop.wait()
    except OSError as error:
        raise ConfigError(f"can't listen on {host}:{port}: {error.strerror}", hint="try another --port") from None
