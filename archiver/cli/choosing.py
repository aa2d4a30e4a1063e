"""Which sources, epochs and chat sessions the command line means."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.config.settings import Config, SourceSettings
from archiver.config.values import reason
from archiver.errors import ConfigError, SchemaOutOfDate
from archiver.ranges import IdRanges
from archiver.store.sources import FIRST_EPOCH, ArchivedSource, load_epochs, load_sources

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from archiver.store.database import Database


def choose_sources(config: Config, names: list[str] | None) -> list[SourceSettings]:
    """The sources that `--source NAME[@EPOCH]` names, for commands that make passes; every one when it is left out.

    Raises: ConfigError for what is not configured, and for an epoch that is not the current one: nothing is visited
        in an earlier one. The archive is asked only where an epoch is named.
    """
    if not names:
        return list(config.source)
    known = {source.name: source for source in config.source}
    chosen: dict[str, SourceSettings] = {}
    for given in names:
        name, has_epoch, epoch = given.partition("@")
        if name not in known:
            raise ConfigError(f"there is no source {name!r}", hint=f"configured: {', '.join(known)}")
        if has_epoch:
            _require_current(config, name, epoch)
        chosen[name] = known[name]
    return list(chosen.values())


def _require_current(config: Config, name: str, epoch: str) -> None:
    from archiver.cli.wiring import open_archive

    epochs: list[ArchivedSource] = []
    # Where there is no archive yet, the first epoch is current; else the command itself says what is wrong with it.
    with suppress(SchemaOutOfDate), open_archive(config) as database, database.reading() as connection:
        epochs = load_epochs(connection, name)
    current = epochs[-1].epoch if epochs else FIRST_EPOCH
    if epoch == str(current):
        return
    if epoch not in [str(each.epoch) for each in epochs]:
        raise _no_epoch(name, epoch, [each.label for each in epochs] or [f"{name}@{FIRST_EPOCH}"])
    raise ConfigError(
        f"source {name!r} goes on in epoch {current}: nothing is visited in epoch {epoch} any more",
        hint=f"archiver status --source {name}@{epoch} shows it",
    )


def choose_archived(config: Config, connection: "Connection", names: Sequence[str] | None) -> list[ArchivedSource]:
    """What of the archive `--source NAME[@EPOCH]` names, for commands that read it and make no calls.

    A name alone means its current epoch; left out, that of every configured source. What is configured and not
    archived yet is left out. A source that is archived and not configured any more may be named.

    Raises: ConfigError for a name or an epoch that there is not.
    """
    archived: dict[str, list[ArchivedSource]] = {}
    for source in load_sources(connection):
        archived.setdefault(source.name, []).append(source)
    configured = [source.name for source in config.source]
    if not names:
        return [archived[name][-1] for name in configured if name in archived]
    chosen: dict[int, ArchivedSource] = {}
    for given in names:
        name, has_epoch, epoch = given.partition("@")
        if name not in archived and name not in configured:
            known = ", ".join(sorted({*archived, *configured}))
            raise ConfigError(f"there is no source {name!r}", hint=f"archived or configured: {known}")
        epochs = archived.get(name, [])
        meant = [each for each in epochs if str(each.epoch) == epoch] if has_epoch else epochs[-1:]
        if has_epoch and not meant:
            raise _no_epoch(name, epoch, [each.label for each in epochs])
        chosen |= {each.id: each for each in meant}
    return list(chosen.values())


def names_without_rows(config: Config, archived: Iterable[ArchivedSource], names: Sequence[str] | None) -> list[str]:
    """Of the sources that `--source` names, or of all that are configured, those of which nothing is archived yet."""
    known = {source.name for source in archived}
    given = [name.partition("@")[0] for name in names] if names else [source.name for source in config.source]
    return [name for name in dict.fromkeys(given) if name not in known]


def _no_epoch(name: str, epoch: str, labels: Iterable[str]) -> ConfigError:
    known = ", ".join(labels)
    return ConfigError(
        f"source {name!r} has no epoch {epoch!r}",
        hint=f"there is: {known}" if known else "nothing of it is archived yet",
    )


def epochs_of(database: "Database", name: str) -> list[ArchivedSource]:
    """What is archived under a name, the first epoch first. Raises: ConfigError when nothing is."""
    with database.reading() as connection:
        epochs = load_epochs(connection, name)
    if not epochs:
        raise ConfigError(
            f"there is no source {name!r} in the archive", hint="archiver source list shows what there is"
        )
    return epochs


def choose_epoch(database: "Database", given: str) -> tuple[ArchivedSource, bool]:
    """The one epoch that NAME[@EPOCH] means where each is to be told, and whether it is its source's newest.

    Raises: ConfigError, also for a name alone that has several.
    """
    name, has_epoch, epoch = given.partition("@")
    epochs = epochs_of(database, name)
    if not has_epoch and len(epochs) > 1:
        names = ", ".join(each.label for each in epochs)
        raise ConfigError(f"source {name!r} has {len(epochs)} epochs: say which one", hint=f"there are: {names}")
    chosen = [each for each in epochs if not has_epoch or str(each.epoch) == epoch]
    if not chosen:
        raise _no_epoch(name, epoch, [each.label for each in epochs])
    return chosen[0], chosen[0] == epochs[-1]


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
