"""A command that ends itself at a point that a test names: `python -m tests.proofs.child KILL written:3 -- backfill`.

The process sends itself a signal when it passes the point for the n-th time: KILL ends it on the spot, without any
clean-up; STOP freezes it there until somebody sends SIGCONT. The archiver itself knows nothing of this.
"""

import signal
import sys
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

from alembic.runtime.migration import HeadMaintainer
from sqlalchemy import Connection, Engine, event

from archiver.cli.main import main
from archiver.store import writer
from archiver.store.database import Database
from archiver.superoffice.client import SuperOfficeClient
from archiver.sync import batch, keeping, passes

AT_MOST_S = 120
"""A command that hangs dies of SIGALRM, and its test fails."""
VISITS_OF_A_BATCH = 5
"""So few, that a short pass has many transactions."""
AHEAD = 50
"""What may wait for the writer, in messages: else one batch would take all that came while the one before it was
committed."""

Pass = Callable[[], None]


def after(owner: Any, name: str, pass_point: Pass, *, where: Callable[..., bool] = lambda *_, **__: True) -> None:
    """Pass the point each time when a function of ours has returned; `where`: only with such arguments."""
    function = getattr(owner, name)

    @wraps(function)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        result = function(*arguments, **named)
        if where(*arguments, **named):
            pass_point()
        return result

    setattr(owner, name, wrapped)


def before(owner: Any, name: str, pass_point: Pass, *, where: Callable[..., bool]) -> None:
    """As `after`, but each time when the function is about to be called."""
    function = getattr(owner, name)

    @wraps(function)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        if where(*arguments, **named):
            pass_point()
        return function(*arguments, **named)

    setattr(owner, name, wrapped)


def _has_visits(*_: object, **named: Any) -> bool:
    return bool(named["visits"])


def on_fetched(pass_point: Pass) -> None:
    """A reply arrived and was read; nothing of it is written.

    At the first of a pass, one thread alone fetches and no transaction is under way; later another thread may be in
    the middle of one.
    """
    after(SuperOfficeClient, "fetch_messages", pass_point)


def on_begun(pass_point: Pass) -> None:
    """A batch is about to be saved; the transaction has begun and has locked nothing but, on SQLite, the file."""
    before(keeping, "save_batch", pass_point, where=_has_visits)


def on_renewed(pass_point: Pass) -> None:
    """The transaction of a batch has renewed the lease, whose row it holds locked; nothing else is written."""
    after(writer, "renew_lease", pass_point)


def on_inserted(pass_point: Pass) -> None:
    """Messages are in the transaction, and the cursors that cover them are not."""
    after(writer, "save_messages", pass_point)


def on_written(pass_point: Pass) -> None:
    """All of a batch is in the transaction."""
    after(keeping, "save_batch", pass_point, where=_has_visits)


def on_committing(pass_point: Pass) -> None:
    """A writing transaction is about to be committed, those of the lease and of the ledger included."""

    def about_to_commit(connection: Connection) -> None:
        if connection.get_execution_options().get("is_writing"):
            pass_point()

    event.listen(Engine, "commit", about_to_commit)


def on_committed(pass_point: Pass) -> None:
    """A writing transaction was committed, and nobody has heard of it yet."""
    after(Database, "write", pass_point)


def on_migrated(pass_point: Pass) -> None:
    """A migration is done, and the next one has not begun."""
    after(HeadMaintainer, "update_to_step", pass_point)


def on_ddl(pass_point: Pass) -> None:
    """In the middle of a migration: one of its statements is done."""

    def done(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip().upper().startswith(("CREATE", "ALTER", "DROP")):
            pass_point()

    event.listen(Engine, "after_cursor_execute", done)


POINTS: dict[str, Callable[[Pass], None]] = {
    "fetched": on_fetched,
    "begun": on_begun,
    "renewed": on_renewed,
    "inserted": on_inserted,
    "written": on_written,
    "committing": on_committing,
    "committed": on_committed,
    "migrated": on_migrated,
    "ddl": on_ddl,
}


def signal_at(number: signal.Signals, passing: int) -> Pass:
    """What a point calls: sends this process the signal at the n-th passing, counted over all threads."""
    lock, passed = threading.Lock(), 0

    def pass_point() -> None:
        nonlocal passed
        with lock:
            passed += 1
            is_it = passed == passing
        if is_it:  # to this very thread, which then does not get any further
            signal.pthread_kill(threading.get_ident(), number)

    return pass_point


def run(number: str, points: str, *command: str) -> None:
    """`points`: as in "written:3", several with commas, "" for none."""
    signal.alarm(AT_MOST_S)
    batch.VISITS = VISITS_OF_A_BATCH
    vars(passes)["AHEAD"] = AHEAD
    for each in filter(None, points.split(",")):
        point, _, passing = each.partition(":")
        POINTS[point](signal_at(signal.Signals[f"SIG{number}"], int(passing)))
    sys.argv = ["archiver", *command]
    main()


if __name__ == "__main__":
    dashes = sys.argv.index("--")
    run(*sys.argv[1:dashes], *sys.argv[dashes + 1 :])
