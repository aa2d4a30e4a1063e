"""Messages posted to one chat session while another is read: each arrives, if not with this pass then with the next.

Message ids come from one counter for the whole tenant. Who remembers one last id for all of them loses what was
posted, below that id, to a chat session that had been read already; a well-known library does.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from archiver.sandbox import Sandbox
from archiver.sync.order import PassResult
from tests.held import ENOUGH_S, Gate, gate_before
from tests.proofs.soak import often
from tests.proofs.witness import Witness
from tests.support import Archive

Chat = Callable[..., int]

PASSES = often(4, 60)
CHATS = 4


class Held:
    """Passes by one thread whose calls are held, one after the other, until the test lets them pass."""

    def __init__(self, archive: Archive, gate: Gate, background: ThreadPoolExecutor) -> None:
        self._archive, self._gate, self._background = archive, gate, background

    def begin(self, ids: str, *, canary: int = 0) -> "Future[PassResult]":
        """Begin a pass, whose calls come in the order of the ids; after those of the canary, so many."""
        begun = self._background.submit(self._archive.run, ids=ids, threads=1)
        for _ in range(canary):
            self.wait_for_call()
            self.answer()
        return begun

    def wait_for_call(self) -> None:
        """Until the next call has come; it is not answered before `answer`."""
        self._gate.wait_for(1)

    def answer(self) -> None:
        self._gate.let_pass(1)


@pytest.fixture
def held(archive: Archive, sandbox: Sandbox) -> Iterator[Held]:
    with gate_before(sandbox) as gate, ThreadPoolExecutor(1) as background:
        archive.configure(base_url=gate.base_url)
        yield Held(archive, gate, background)
        gate.open()


def say(sandbox: Sandbox, chat_session_id: int, text: str) -> int:
    return sandbox.tenant.post(chat_session_id, message=text, author="Kim")


def complete(one_pass: "Future[PassResult]") -> PassResult:
    result = one_pass.result(ENOUGH_S)
    assert result.outcome == "complete", result
    return result


def test_what_is_posted_between_the_readings_of_two_chat_sessions_arrives(
    archive: Archive, sandbox: Sandbox, chat: Chat, held: Held
) -> None:
    for _ in range(2):
        chat("Hello")
    one_pass = held.begin("1-2")
    held.wait_for_call()
    held.answer()
    held.wait_for_call()  # chat session 1 was read, and 2 is about to be
    lower, higher = say(sandbox, 1, "posted behind the reader"), say(sandbox, 2, "posted before it")
    held.answer()
    complete(one_pass)
    stored = {row["ChatMessageId"] for row in archive.rows()}
    assert (lower in stored, higher in stored) == (False, True)
    next_pass = held.begin("1-2", canary=2)
    for _ in range(2):
        held.wait_for_call()
        held.answer()
    assert complete(next_pass).counts.messages_added == 1
    assert archive.rows() == archive.truth()


def test_over_many_passes_everything_that_is_posted_while_others_are_read_arrives_once(
    archive: Archive, sandbox: Sandbox, chat: Chat, held: Held
) -> None:
    for _ in range(CHATS):
        chat("Hello")
    witness, added = Witness(archive.database), 0
    for number in range(PASSES):
        one_pass = held.begin(f"1-{CHATS}", canary=CHATS if number else 0)
        for asked in range(1, CHATS + 1):
            held.wait_for_call()
            for step in range(CHATS):  # each time in another order, the one that is about to be read included
                say(sandbox, (asked + number + step) % CHATS + 1, f"pass {number}, call {asked}")
            held.answer()
        added += complete(one_pass).counts.messages_added
        witness.look()
    last = held.begin(f"1-{CHATS}", canary=CHATS)
    for _ in range(CHATS):
        held.wait_for_call()
        held.answer()
    added += complete(last).counts.messages_added
    assert archive.rows() == archive.truth()
    assert added == len(archive.truth()) == CHATS + PASSES * CHATS * CHATS


def test_a_lower_id_that_is_committed_after_a_higher_one_of_another_chat_session_arrives(
    archive: Archive, sandbox: Sandbox, chat: Chat
) -> None:
    for _ in range(2):
        chat("Hello")
    archive.configure(include="1-2")
    tenant = sandbox.tenant
    tenant.post(2, chat_message_id=10, message="committed first")
    archive.run()
    tenant.post(1, chat_message_id=9, message="committed late")
    assert archive.run().counts.messages_added == 1
    assert archive.rows() == archive.truth()


def test_a_lower_id_that_is_committed_after_a_higher_one_of_its_chat_session_arrives_with_a_full_visit(
    archive: Archive, sandbox: Sandbox, chat: Chat, held: Held
) -> None:
    chat("Hello")
    one_pass = held.begin("1")
    held.wait_for_call()
    higher = sandbox.tenant.commit_late(1, message="committed first")
    held.answer()
    complete(one_pass)
    assert archive.state(1)["last_message_id"] == higher
    lower = sandbox.tenant.commit_late(1, message="committed late")
    assert lower < higher
    archive.configure(include="1")  # the sandbox itself again
    archive.run("reconcile")
    assert archive.state(1)["last_message_id"] == higher
    assert archive.rows() == archive.truth()
