"""The chat sessions that a pass visits, in its order: what the visit plan asks about is loaded a page at a time."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from sqlalchemy import Connection

from archiver.ranges import IdRanges
from archiver.store.database import Database
from archiver.store.ledger import Kind
from archiver.store.state import ChatSessionState, load_highest_known, load_states
from archiver.sync.route import Route
from archiver.sync.visit_plan import HOLE_EVERY, How, PlanRow, Window, how_to_visit, is_quiet

FRONTIER = 20
"""So many chosen ids just above the highest known chat session, and ids just below it, are asked every pass."""
PAGE = 1000
"""Chat sessions whose states are loaded at once: memory stays flat however many are chosen."""


@dataclass(frozen=True, kw_only=True)
class Due:
    """A chat session to visit."""

    chat_session_id: int
    before: ChatSessionState | None
    """None: never visited."""
    after: int
    """The ChatMessageId to read from; 0 to read from the beginning."""
    is_full: bool = False
    """To be read to the very end: until a reply brings nothing new."""
    position: int = 0
    """How many steps of the walk come before it."""
    is_in_order: bool = True
    """It belongs to the ascending walk, whose mark tells how far it is; what comes after that does not."""
    is_doubtful: bool = False
    """An empty answer would leave open whether it exists: its entity is to be asked."""
    is_awaited: bool = False
    """It lies above all that is known and is asked every pass: that it is absent needs proof but once a day."""
    is_second_try: bool = False
    """Its last visit failed, and it is visited after all the others."""
    is_bystander: bool = False
    """No visit, but a call that asks for nothing, to find out whether the source answers anybody."""


@dataclass(frozen=True, kw_only=True)
class Frontier:
    """The chosen ids around the highest known chat session, where new ones appear; asked every pass."""

    above: frozenset[int] = frozenset()
    """Not absent but not yet."""
    below: frozenset[int] = frozenset()
    """Passed by a moment ago: a hole here may be a chat session that nobody wrote in yet."""

    @property
    def doubtful(self) -> frozenset[int]:
        """Where an empty answer is not enough.

        Above, that is the first one, which is expected next, and the last one, lest a row of empty chats hide more.
        """
        return self.below | {min(self.above), max(self.above)} if self.above else self.below


@dataclass(frozen=True, kw_only=True)
class PassView:
    """What the rule needs to know of the pass."""

    kind: Kind
    window: Window
    plan: Sequence[PlanRow]
    frontier: Frontier
    settles: bool = True
    """False: a pass has stopped and asked, and nothing is settled before it has an answer."""
    most_settles: int | None = None


def walk_due(database: Database, source_id: int, route: Route, view: PassView) -> Iterator[Due]:
    """The chat sessions of a route that are due, in its order; those to settle after all that is new was asked for.

    A pass that stops and asks because of what it finds in settled history has then archived the present.
    """
    to_settle = array("q")
    for position, chat_session_id, before in _with_states(database, source_id, route.first.pages(PAGE)):
        if before and before.failures:
            continue
        how = _how(chat_session_id, before, view)
        if how == "full" and view.kind == "incremental" and view.settles:
            to_settle.append(chat_session_id)
        elif how or chat_session_id in route.to_reread or chat_session_id in route.met:
            yield _due(chat_session_id, before, view, route, position=position, is_full=view.kind == "reconcile")
    position = len(route.first)
    for at, chat_session_id, before in _with_states(database, source_id, _pages(route.failing)):
        # What failed may have been its settle, whose moment has passed.
        is_to_settle = view.kind == "incremental" and view.settles and is_quiet(before, view.window, view.plan)
        is_full = view.kind == "reconcile" or is_to_settle
        due = _due(chat_session_id, before, view, route, position=position + at, is_full=is_full)
        yield replace(due, is_second_try=True, is_in_order=False)
    passed_by = sorted(key for key in route.met if key not in route.first and key not in route.failing)
    to_settle = _some_of(to_settle, view) + array("q", passed_by if view.settles else [])
    for _, chat_session_id, before in _with_states(database, source_id, _pages(to_settle)):
        due = _due(chat_session_id, before, view, route, position=len(route), is_full=True)
        yield replace(due, is_in_order=False)


def _some_of(to_settle: "array[int]", view: PassView) -> "array[int]":
    """No more than the pass may settle, evenly from all: after a long pause it has to get back to what is new."""
    most = view.most_settles
    return to_settle if most is None or len(to_settle) <= most else to_settle[:: -(-len(to_settle) // most)]


def _pages(ids: Sequence[int]) -> Iterator[list[int]]:
    return (list(ids[at : at + PAGE]) for at in range(0, len(ids), PAGE))


def _how(chat_session_id: int, before: ChatSessionState | None, view: PassView) -> How | None:
    is_at_frontier = chat_session_id in view.frontier.above or chat_session_id in view.frontier.below
    return how_to_visit(chat_session_id, before, view.kind, view.window, view.plan, is_at_frontier=is_at_frontier)


def _with_states(
    database: Database, source_id: int, pages: Iterable[list[int]]
) -> Iterator[tuple[int, int, ChatSessionState | None]]:
    """Position, id and state of each chat session, loaded a page at a time."""
    position = 0
    for page in pages:
        states = database.read(partial(load_states, source_id=source_id, ids=page))
        for chat_session_id in page:
            yield position, chat_session_id, states.get(chat_session_id)
            position += 1


def _due(
    chat_session_id: int,
    before: ChatSessionState | None,
    view: PassView,
    route: Route,
    *,
    position: int,
    is_full: bool,
) -> Due:
    is_to_reread = chat_session_id in route.to_reread or chat_session_id in route.met
    is_full = is_full or (view.settles and is_to_reread)
    was_absent = before is not None and before.state == "absent"
    is_doubtful = was_absent and chat_session_id in view.frontier.doubtful
    return Due(
        chat_session_id=chat_session_id,
        before=before,
        after=before.last_message_id if before and not is_full else 0,
        is_full=is_full,
        position=position,
        is_doubtful=is_doubtful,
        is_awaited=was_absent and not is_doubtful and _is_awaited(chat_session_id, view),
    )


def _is_awaited(chat_session_id: int, view: PassView) -> bool:
    """Whether `null` is what is expected of a hole: above the highest known id, in most of the usual passes."""
    if view.kind != "incremental" or view.window.since is None or chat_session_id not in view.frontier.above:
        return False
    return not view.window.comes_round(chat_session_id, HOLE_EVERY)


def load_frontier(connection: Connection, source_id: int, chosen: IdRanges) -> Frontier:
    """The chosen ids around the highest known chat session."""
    highest = load_highest_known(connection, source_id)
    above = frozenset(islice(chosen.above(highest), FRONTIER))
    below = frozenset(key for key in range(max(highest - FRONTIER, 0) + 1, highest) if key in chosen)
    return Frontier(above=above, below=below)
