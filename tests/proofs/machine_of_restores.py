"""The machine whose source also goes back in time: backups are restored, ids are used again, epochs begin."""

import threading
from datetime import timedelta
from functools import partial
from typing import get_args

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from archiver.errors import SourceRewound
from archiver.store.ledger import Kind
from archiver.store.sources import begin_epoch
from archiver.sync.order import PassResult
from archiver.sync.turn import holding_leases
from tests.proofs.acts import ACTS
from tests.proofs.canaries import (
    is_frozen,
    is_well,
    known_conflicts,
    lost_from_their_place,
    must_be_noticed,
    say_the_same,
)
from tests.proofs.listener import Listener, content_said
from tests.proofs.machine import LEDGER, ArchiveMachine, cuts, some
from tests.proofs.witness import Row, Seen, content_of

NOTES = (*LEDGER, "sync_error", "source")
"""Tables that tell of passes, and hold nothing that the source said."""

LOOKED_INTO = 3
"""Conflicts that a pass looks into."""


class RestoreMachine(ArchiveMachine):
    """As the usual one; and nothing that was archived is overwritten or lost when ids are used again."""

    # What people do.

    @rule(
        lost=st.integers(1, 8),
        acts=st.lists(st.tuples(st.sampled_from(list(ACTS)), some), max_size=2),
        posted=st.lists(some, max_size=6),
    )
    def restore(self, lost: int, acts: list[tuple[str, int]], posted: list[int]) -> None:
        """A backup is restored, and people go on: what they write gets ids that were others' before."""
        self.scene.restore_backup(lost)
        self.people([*acts, *(("post", which) for which in posted)])

    @rule(lost=st.integers(1, 8), posted=st.lists(some, min_size=1, max_size=6), kind=st.sampled_from(get_args(Kind)))
    def lose_what_is_archived(self, lost: int, posted: list[int], kind: Kind) -> None:
        """As above, of an archive that was up to date, and a pass comes upon it."""
        self.catch_up()
        self.restore(lost, [], posted)
        self.look_again(kind)

    # What an operator and the clock do.

    @rule(kind=st.sampled_from(get_args(Kind)), lost=st.integers(1, 4), at=some, cut=cuts)
    def make_amid_a_restore(self, kind: Kind, lost: int, at: int, cut: tuple[str, int] | None) -> None:
        """A backup is restored while a pass is under way."""
        self.behave()
        self.sandbox.oddities.add("restored", times=1, messages=lost, chat_session_id=1 + at % 5)
        self.make_pass(kind, cut)

    @rule(kind=st.sampled_from(get_args(Kind)))
    def look_again(self, kind: Kind) -> None:
        """A pass over a source in health, and nobody has said that it was no restore."""
        self.behave()
        self.make_pass(kind)

    @rule()
    def begin_epoch(self) -> None:
        before = self.witness.look()
        if before.source_id is None:
            return
        database, sources = self.archive.database, {before.source_id: "acme"}
        with holding_leases(database, sources, threading.Event(), timedelta(0)) as (lease,):
            begun = database.write(partial(begin_epoch, lease=lease, base_url=self.sandbox.base_url))
        assert begun.id != before.source_id
        self.listener = Listener(self.calls)
        assert not self.witness.look().messages

    @precondition(lambda self: self.witness.look().source_id)
    @rule()
    def start_over(self) -> None:
        """A new epoch of a source in health comes to be what the source holds, and nothing else."""
        self.behave()
        self.begin_epoch()
        for _ in range(3):
            result = self.make_pass("reconcile")
            assert result is not None
            assert result.outcome == "complete", result
        seen = self.witness.look()
        held = {content_said(message) for message in self.tenant.all_messages()}
        assert {content_of(row) for row in seen.messages.values()} == held
        assert not seen.tables["chat_message_revision"]
        assert not seen.tables["quarantine"]
        assert not any(row["missing_since"] for row in seen.messages.values())
        self.assert_converged(seen)

    # What has to hold.

    def make_pass(
        self, kind: Kind, cut: tuple[str, int] | None = None, *, is_dry: bool = False, is_accepted: bool = False
    ) -> PassResult | None:
        before = self.witness.look()
        is_in_health = cut is None and not self.sandbox.oddities.all()
        is_to_stop = is_in_health and not is_accepted and must_be_noticed(before, self.tenant)
        result = super().make_pass(kind, cut, is_dry=is_dry, is_accepted=is_accepted)
        after = self.witness.look()
        has_stopped = result is not None and isinstance(result.error, SourceRewound)
        if is_to_stop:
            assert has_stopped, f"the source went back, and the pass ended with {result}"
            assert not self.has_visited, "the source went back, and it was visited"
        if has_stopped:
            assert not is_accepted, "a person had decided"
            assert is_dry or is_frozen(after)
            assert self.has_visited or stored(after) == stored(before), "a frozen source was written to"
        elif is_in_health and not is_accepted and not is_dry:
            met = known_conflicts(after) - known_conflicts(before)
            lost = lost_from_their_place(after, met, self.tenant)
            assert not lost or len(met) > LOOKED_INTO, f"nobody looked into messages {sorted(lost)}"
        if is_in_health and has_stopped and not is_frozen(before):
            assert not say_the_same(before, self.tenant), "nothing changed at the source, and it was frozen"
        if is_in_health and result and not has_stopped and not is_accepted and is_frozen(before):
            assert is_well(before, self.tenant), "the source thawed by itself though its newest messages differ"
        return result


def stored(seen: Seen) -> dict[str, list[Row]]:
    """All but what tells of passes."""
    return {name: rows for name, rows in seen.tables.items() if name not in NOTES}
