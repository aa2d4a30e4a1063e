"""A tenant, its archive and all that may happen to the two of them, for Hypothesis to draw from."""

import threading
from contextlib import ExitStack, closing, nullcontext, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, get_args

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from sqlalchemy import delete

from archiver.sandbox import Sandbox
from archiver.sandbox.oddities.catalogue import CATALOGUE
from archiver.store import tables
from archiver.store.database import Database
from archiver.store.ledger import Kind
from archiver.store.sources import load_epochs, rename_source
from archiver.store.verifying.archive import verify_archive
from archiver.superoffice.client import SuperOfficeClient
from archiver.sync.comparing import Kind as Difference
from archiver.sync.live import verify_live
from archiver.sync.migrating import migrate_in_turn
from archiver.sync.order import PassOrder, PassResult
from archiver.sync.quarantine import EVERY_ID, retry_quarantine
from archiver.sync.turn import holding_leases
from archiver.sync.workers import WorkerPool
from tests.proofs.acts import ACTS, CHATS, Scene
from tests.proofs.cuts import CUTS, Cut, cut_at
from tests.proofs.listener import Call, Listener, content_said, listening
from tests.proofs.witness import Seen, Witness, content_of
from tests.support import Archive, dump

NOT_HERE = {
    "slow": "waits",
    "silence": "waits for a timeout",
    "drip": "waits",
    "huge": "takes its time",
    "text_primary_key": "is about a call that passes do not make",
    "restored": "a source that goes back in time is frozen: machine_of_restores.py",
}
"""Oddities that are left out."""
ODDITIES = tuple(name for name in CATALOGUE if name not in NOT_HERE)
MOST_ODDITIES = 3
"""At once, and each of them twice at most: more failures in a row would open the circuit breaker, which waits."""
QUICK_SETTLING = 'after = "0.001s"\nconfirm_after = "0.001s"\nsuspicious_share = 1.0'
LATE_SETTLING = 'after = "1h"\nconfirm_after = "1h"\nsuspicious_share = 1.0'
"""The guard is tried elsewhere: here it would ask at every turn."""
LEDGER = ("sync_run", "lease", "verification")

PARAMETERS: dict[str, dict[str, Any]] = {
    "status": {"status": 403},
    "too_many_requests": {"retry_after": "0"},
    "capped": {"rows": 2},
}
"""Of oddities, where the usual ones would wait or do too little."""
Misbehaviour = tuple[str, int, int | None]

some = st.integers(min_value=0, max_value=999)
"""Which one of those there are: whatever their number, the same number is drawn in the same way."""
cuts = st.none() | st.tuples(st.sampled_from(CUTS), st.integers(min_value=1, max_value=4))
misbehaviours = st.tuples(st.sampled_from(ODDITIES), st.integers(1, 2), st.none() | st.integers(1, CHATS))
"""Which, for how many requests, and of which chat session; None: any."""


class ArchiveMachine(RuleBasedStateMachine):
    """A tenant, its archive, and all that may happen to the two of them."""

    def __init__(self, database: Database, folder: Path) -> None:
        super().__init__()
        empty(database)
        self.stack = ExitStack()
        self.sandbox = self.stack.enter_context(Sandbox.empty())
        self.tenant = self.sandbox.tenant
        self.scene = Scene(self.tenant)
        self.archive = self.stack.enter_context(Archive(database, self.sandbox, folder))
        self.calls: list[Call] = []
        self.listener, self.witness = Listener(self.calls), Witness(database)
        self.stack.enter_context(listening(self.calls))

    def teardown(self) -> None:
        self.stack.close()

    @initialize(settle=st.sampled_from([QUICK_SETTLING, LATE_SETTLING]), chats=st.integers(1, 3))
    def begin(self, settle: str, chats: int) -> None:
        self.settle = settle
        self.archive.configure(include=f"1-{CHATS}", attempts=2, settle=settle)
        for _ in range(chats):
            self.scene.say(self.tenant.open_chat_session())

    # What people do.

    @rule(acts=st.lists(st.tuples(st.sampled_from(list(ACTS)), some), min_size=1, max_size=4))
    def people(self, acts: list[tuple[str, int]]) -> None:
        for act, which in acts:
            ACTS[act](self.scene, which)

    # What an operator and the clock do.

    @rule(kind=st.sampled_from(get_args(Kind)), odd=st.lists(misbehaviours, max_size=2), cut=cuts)
    def make(self, kind: Kind, odd: list[Misbehaviour], cut: tuple[str, int] | None) -> None:
        """A pass over a source that may misbehave, and which may be cut."""
        if len(self.sandbox.oddities.all()) + len(odd) > MOST_ODDITIES:
            self.behave()
        for oddity, times, chat_session_id in odd:
            more = PARAMETERS.get(oddity, {})
            self.sandbox.oddities.add(oddity, times=times, chat_session_id=chat_session_id, **more)
        self.make_pass(kind, cut)

    def behave(self) -> None:
        """What was not used up of the oddities by then is switched off."""
        self.sandbox.oddities.clear()

    @rule()
    def rehearse(self) -> None:
        """A dry run writes nothing but the lease."""
        before = dump(self.archive.database, without=("lease", "verification"))
        self.make_pass("reconcile", is_dry=True)
        assert dump(self.archive.database, without=("lease", "verification")) == before

    @rule()
    def retry_quarantine(self) -> None:
        (source,) = self.archive.config.source
        order = PassOrder(kind="reconcile", chosen=EVERY_ID, settle=self.archive.config.settle)
        with closing(SuperOfficeClient(source, self.archive.config.retry)) as client:
            retried = retry_quarantine(
                self.archive.database, client, source, order, WorkerPool(1), threading.Event(), patience=timedelta(0)
            )
        self.take_in(is_kept=retried.error is None)

    @rule()
    def administer(self) -> None:
        """What changes nothing in the end: the schema is up to date, and a name that is given comes back."""
        before = dump(self.archive.database, without=("lease",))
        assert len(set(migrate_in_turn(self.archive.database, threading.Event(), timedelta(0)))) == 1
        for old, new in (("acme", "globex"), ("globex", "acme")):
            with self.archive.database.reading() as connection:
                epochs = {epoch.id: old for epoch in load_epochs(connection, old)}
            if epochs:
                with holding_leases(self.archive.database, epochs, threading.Event(), timedelta(0)) as leases:
                    self.archive.database.write(partial(rename_source, leases=leases, old=old, new=new))
        assert dump(self.archive.database, without=("lease",)) == before

    @rule()
    def catch_up(self) -> None:
        """After a pass over a source in health, all is there but what came late, below a cursor."""
        self.behave()
        cursors = self.witness.look().cursors
        self.make_sound_pass("incremental")
        stored = self.witness.look().messages
        expected = {
            each.chat_message_id
            for each in self.tenant.all_messages()
            if each.chat_message_id > cursors.get(each.chat_session_id, 0)
        }
        assert expected <= stored.keys(), f"messages {sorted(expected - stored.keys())} did not arrive"

    @rule()
    def converge(self) -> None:
        """After full visits of a source in health, the archive says what it says, and is at rest."""
        self.behave()
        for _ in range(3):  # what is missing for the first time, then for good, then the rest that follows
            result = self.make_sound_pass("reconcile")
        self.assert_converged(self.witness.look())
        if result.outcome == "complete":
            before = dump(self.archive.database, without=LEDGER)
            for kind in get_args(Kind):
                assert self.make_sound_pass(kind).outcome == "complete"
                assert dump(self.archive.database, without=LEDGER) == before, f"{kind} wrote something"
            self.verify_live()
            assert dump(self.archive.database, without=LEDGER) == before, "to verify wrote something"

    def verify_live(self) -> None:
        """Where the archive says what the source says, no comparison finds more than what is missing there so far."""
        (source,) = self.archive.config.source
        order = PassOrder(kind="reconcile", chosen=source.sessions.chosen, settle=self.archive.config.settle)
        with closing(SuperOfficeClient(source, self.archive.config.retry)) as client:
            result = verify_live(self.archive.database, client, source, order, WorkerPool(1), threading.Event())
        self.calls.clear()
        assert (result.error, result.failures) == (None, [])
        found = {(how.kind, key) for each in result.differing for how, ids in each.found.items() for key in ids}
        seen, held = self.witness.look(), {each.chat_message_id for each in self.tenant.all_messages()}
        gone = {row["chat_session_id"] for row in seen.tables["chat_session_state"] if row["state"] == "gone"}
        missing = {
            key for key, row in seen.messages.items() if not row["gone_at"] and row["chat_session_id"] not in gone
        }
        assert found == {(Difference.MISSING_THERE, key) for key in missing - held}

    # What has to hold.

    def make_pass(
        self, kind: Kind, cut: tuple[str, int] | None = None, *, is_dry: bool = False, is_accepted: bool = False
    ) -> PassResult | None:
        """A pass by a client of its own, as each command has, and a look at the archive. Returns: None when cut."""
        self.archive.configure(include=f"1-{CHATS}", attempts=2, settle=self.settle)
        result = None
        self.has_visited = False
        with cut_at(*cut) if cut else nullcontext(), suppress(Cut):
            result = self.archive.run(kind, threads=1, is_dry=is_dry, is_accepted=is_accepted)
        self.has_visited = any(not call.is_canary for call in self.calls)
        if is_dry:
            self.calls.clear()
        self.take_in(is_kept=result is not None and result.outcome in ("complete", "partial"))
        return result

    def make_sound_pass(self, kind: Kind) -> PassResult:
        # People delete much here: a person has to say that it was no restore.
        result = self.make_pass(kind, is_accepted=True)
        assert result is not None
        assert result.error is None, result
        return result

    def take_in(self, *, is_kept: bool) -> None:
        seen = self.witness.look()
        held = {each.chat_message_id: each.chat_session_id for each in self.tenant.all_messages()}
        self.listener.take_in(seen, held, is_kept=is_kept)
        self.listener.assert_cursors_covered(seen)
        self.listener.assert_tombstones_deserved(seen)
        for source in seen.tables["source"] + seen.ended["source"]:
            verified = verify_archive(self.archive.database, source["id"], threading.Event(), lambda *_: None)
            assert not verified.differences, "what was sealed is not what is archived"
        if self.settle == LATE_SETTLING:
            assert not any(row["gone_at"] for row in seen.messages.values()), "an hour has hardly passed"

    def assert_converged(self, seen: Seen) -> None:
        """All that the source holds is archived as it is, and what it does not hold any more is marked so.

        But for conflicts: where an odd reply said all of another message, a person has to compare the two.
        """
        conflicts = [row for row in seen.tables["quarantine"] if row["kind"] == "conflict" and not row["resolved_at"]]
        in_conflict = {row["chat_message_id"] for row in conflicts}
        doubtful = {row["chat_session_id"] for row in conflicts}
        held = {each.chat_message_id: each for each in self.tenant.all_messages()}
        assert held.keys() <= seen.messages.keys()
        for key, message in held.items():
            row = seen.messages[key]
            if key in in_conflict:
                continue
            assert content_of(row) == content_said(message)
            assert row["read_by_customer"] == message.read_by_customer
            assert (row["missing_since"], row["gone_at"]) == (None, None), f"message {key} is there"
        states = {row["chat_session_id"]: row["state"] for row in seen.tables["chat_session_state"]}
        mark = "gone_at" if self.settle == QUICK_SETTLING else "missing_since"
        for key, row in seen.messages.items():
            owner = row["chat_session_id"]
            if owner not in self.scene.chat_sessions():
                assert (states[owner] == "gone") == (mark == "gone_at"), f"chat session {owner} is {states[owner]}"
            elif key not in held and owner not in doubtful:
                assert row[mark], f"message {key} has no {mark}"
        for owner in {each.chat_session_id for each in held.values()}:  # where nobody wrote, it may count as a hole
            assert states[owner] not in ("absent", "gone"), f"chat session {owner} is there"


def empty(database: Database) -> None:
    """As if it had just been made."""
    with database.writing() as connection:
        for table in reversed(tables.metadata.sorted_tables):
            connection.execute(delete(table))
