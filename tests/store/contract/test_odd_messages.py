"""What the decoder makes of odd rows, through the real writer and back."""

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from archiver.model import ChatMessage
from archiver.store import tables
from archiver.store.database import Database
from archiver.superoffice.decode import decode_quarantined, decode_reply
from tests.store.conftest import OpenRun
from tests.superoffice.replies import body_of, documented_rows, odd_rows
from tests.support import Archive, dump

ROW_TEXT = (
    '{"ChatMessageId":"41","ChatSessionId":7,"Type":"ToUser","Message":"Hi","Author":"Kim","ReadByCustomer":true,'
    '"SpecialType":"None","SpecialType":"None","SpecialParam":"","WhenPosted":"2026-03-02T08:15:30Z"}'
)


def held(database: Database) -> list[ChatMessage]:
    rows = dump(database)["chat_message"]
    return [ChatMessage(**{name: row[name] for name in ChatMessage.__struct_fields__}) for row in rows]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(documented_rows() | odd_rows(), min_size=1, max_size=6))
def test_every_decoded_row_comes_back_as_it_went_in(open_run: OpenRun, rows: list[str]) -> None:
    with open_run.database.writing() as connection:
        connection.execute(delete(tables.chat_message))
    messages = decode_reply(body_of(rows), 7).messages
    open_run.save(*messages)
    assert list(map(repr, held(open_run.database))) == list(map(repr, messages))


def test_odd_values_on_the_wire_are_archived_with_what_was_changed(
    archive: Archive, chat: Callable[..., int]
) -> None:
    chat_session_id = chat("one", "two", "three")
    tenant = archive.sandbox.tenant
    one, two, three = (each.chat_message_id for each in tenant.messages(chat_session_id))
    tenant.edit(one, message="a\0" + "👋ä" * 300_000, type=2, when_posted="0001-01-01T01:00:00+01:00")
    tenant.edit(two, ChatMessageId=str(two), ReadByCustomer=True, Colour={"number": 1})
    tenant.edit(three, ChatMessageId=None)
    archive.run()
    first, second = archive.table("chat_message")
    assert first["message"] == "a\ufffd" + "👋ä" * 300_000
    assert first["extra"] == (
        '{"Message":"a\\u0000' + "\\ud83d\\udc4b\\u00e4" * 300_000 + '","Type":2,'
        '"WhenPosted":"0001-01-01T01:00:00+01:00"}'
    )
    assert (first["type"], first["when_posted"]) == ("2", None)
    assert (second["chat_message_id"], second["read_by_customer"]) == (two, 1)
    assert second["extra"] == f'{{"ChatMessageId":"{two}","Colour":{{"given":{{"number":1}}}},"ReadByCustomer":true}}'
    (quarantined,) = archive.table("quarantine")
    assert quarantined["reason"] == "ChatMessageId is no id"
    assert archive.state(chat_session_id)["last_message_id"] == two


def test_a_read_mark_given_as_a_bool_is_no_edit(archive: Archive, chat: Callable[..., int]) -> None:
    (message,) = archive.sandbox.tenant.messages(chat("Hello"))
    for mark in (False, True):
        archive.sandbox.tenant.edit(message.chat_message_id, read_by_customer=mark)
        archive.run("reconcile")
    (row,) = archive.table("chat_message")
    assert (row["read_by_customer"], row["extra"], row["revision"]) == (1, '{"ReadByCustomer":true}', 1)
    assert archive.table("chat_message_revision") == []


def test_an_id_that_no_later_call_could_name_is_archived_and_moves_no_cursor(
    archive: Archive, chat: Callable[..., int]
) -> None:
    chat_session_id = chat("one", "two")
    one, two = (each.chat_message_id for each in archive.sandbox.tenant.messages(chat_session_id))
    archive.sandbox.tenant.edit(two, ChatMessageId=2**63 - 1)
    archive.run()
    assert [row["chat_message_id"] for row in archive.table("chat_message")] == [one, 2**63 - 1]
    assert archive.state(chat_session_id)["last_message_id"] == one


def test_a_conflicting_row_is_kept_under_the_names_of_the_source(open_run: OpenRun) -> None:
    first = decode_reply(body_of([ROW_TEXT]), 7).messages
    (other,) = decode_reply(
        body_of([ROW_TEXT.replace("Kim", "Sam").replace("Hi", "Bye").replace("2026", "2027")]), 7
    ).messages
    open_run.save(*first)
    open_run.save(other)
    (kept,) = dump(open_run.database)["quarantine"]
    assert decode_quarantined(kept["payload"], 7).messages == [other]
