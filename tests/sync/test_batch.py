"""What a visit weighs while it waits for the writer."""

import msgspec

from archiver.model import Quarantined
from archiver.store.visit import Visit
from archiver.sync.batch import weight
from tests.store.test_compare import HELD


def test_a_visit_weighs_by_its_messages_and_by_their_text() -> None:
    long = msgspec.structs.replace(HELD, message="x" * 1_000_000)
    odd = Quarantined(chat_session_id=7, chat_message_id=None, reason="odd", payload="x" * 10_000, is_own=True)
    visits = [
        Visit(chat_session_id=7, before=None, messages=messages, quarantined=quarantined)
        for messages, quarantined in (([], []), ([HELD] * 50, []), ([long], []), ([], [odd]))
    ]
    assert [weight(each) for each in (None, *visits)] == [1, 1, 51, 502, 7]
