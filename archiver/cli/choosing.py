"""Which sources and chat sessions the command line means."""

from pathlib import Path

from archiver.config.settings import Config, SourceSettings
from archiver.config.values import reason
from archiver.errors import ConfigError
from archiver.ranges import IdRanges
from archiver.store.sources import FIRST_EPOCH


def choose_sources(config: Config, names: list[str] | None) -> list[SourceSettings]:
    """The sources that `--source NAME[@EPOCH]` names; every one when it is left out."""
    if not names:
        return list(config.source)
    known = {source.name: source for source in config.source}
    chosen: dict[str, SourceSettings] = {}
    for given in names:
        name, _, epoch = given.partition("@")
        if name not in known:
            raise ConfigError(f"there is no source {name!r}", hint=f"configured: {', '.join(known)}")
        if epoch and epoch != str(FIRST_EPOCH):
            raise ConfigError(f"source {name!r} has no epoch {epoch!r}", hint=f"its only one is {FIRST_EPOCH}")
        chosen[name] = known[name]
    return list(chosen.values())


def choose_chat_sessions(
    sources: list[SourceSettings], sessions: list[str] | None, from_file: Path | None
) -> dict[str, IdRanges]:
    """The chat sessions to visit, by source name: those given, else those configured, never an excluded one.

    Raises: ConfigError when ids are given and it's not clear of which source, or when none is left.
    """
    given = _given(sessions, from_file)
    if not given:
        return {source.name: source.sessions.chosen for source in sources}
    if len(sources) != 1:
        names = ", ".join(source.name for source in sources)
        raise ConfigError("chat session ids belong to one source: name it with --source", hint=f"configured: {names}")
    chosen = given.minus(sources[0].sessions.exclude)
    if not chosen:
        raise ConfigError(f"every chat session given is excluded by the configuration of {sources[0].name!r}")
    return {sources[0].name: chosen}


def _given(sessions: list[str] | None, from_file: Path | None) -> IdRanges:
    parts = list(sessions or [])
    try:
        if from_file:
            lines = from_file.read_text(encoding="utf-8-sig").splitlines()
            listed = [line.partition("#")[0].strip() for line in lines]
            parts += [line for line in listed if line]
            if not parts:
                raise ConfigError(f"{from_file} lists no chat session", hint="one id or range, such as 10-20, a line")
        return IdRanges.of(*parts)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{from_file} can't be read: {reason(error)}") from None
    except ValueError as error:
        raise ConfigError(str(error)) from None
