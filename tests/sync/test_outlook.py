"""When a source is given up, and when it must not be."""

import pytest

from archiver.errors import (
    AuthenticationFailed,
    ErrorReply,
    NullReply,
    PermissionDenied,
    RateLimited,
    RequestRefused,
    SourceDown,
    SourceError,
    SourceOnHold,
    SourceUnavailable,
    SourceUnreachable,
    UnexpectedReply,
    WrongAddress,
    WrongContentType,
)
from archiver.sync.outlook import BYSTANDER_EVERY, BYSTANDERS, LONGEST_DOWN_S, Outlook, Row, row_of


def outlook_after(*errors: SourceError | None) -> Outlook:
    outlook = Outlook()
    for error in errors:
        outlook.note(error)
    return outlook


def gives_up(*errors: SourceError | None, is_last: bool = False) -> bool:
    """Whether a pass ends after visits that ended so, where no bystander is answered either."""
    outlook = outlook_after(*errors)
    while outlook.wants_bystander:
        outlook.check()
        outlook.note_bystander(is_answered=False)
    try:
        outlook.check(is_last=is_last)
    except SourceError:
        return True
    return False


def test_a_host_that_was_never_reached_is_given_up_after_all_attempts_of_one_call() -> None:
    many = Row.UNREACHABLE.enough(any_answer=True)
    assert gives_up(SourceUnreachable())
    assert not gives_up(None, *[SourceUnreachable()] * (many - 1))
    assert gives_up(None, *[SourceUnreachable()] * many)


def test_wrong_credentials_are_not_tried_twice() -> None:
    assert gives_up(AuthenticationFailed())
    assert not gives_up(None, *[AuthenticationFailed()] * (Row.REFUSED.enough(any_answer=True) - 1))
    assert gives_up(None, *[AuthenticationFailed()] * Row.REFUSED.enough(any_answer=True))


@pytest.mark.parametrize("error", [SourceUnavailable(), RateLimited(), PermissionDenied(), WrongAddress()], ids=repr)
def test_what_single_chat_sessions_may_meet_takes_a_long_row(error: SourceError) -> None:
    assert not gives_up(*[error] * (Row.FAILING.enough(any_answer=False) - 1))
    assert gives_up(*[error] * Row.FAILING.enough(any_answer=False))


def test_second_tries_that_fail_again_say_nothing_of_a_source_that_answers() -> None:
    outlook = Outlook()
    outlook.note(None)
    for _ in range(100):
        outlook.note(SourceUnavailable(), is_second_try=True)
    outlook.check(is_last=True)


def test_a_source_that_is_down_is_waited_for_longer_once_it_has_answered() -> None:
    at_first, later = (Row.DOWN.enough(any_answer=known) for known in (False, True))
    assert not gives_up(*[SourceDown()] * (at_first - 1))
    assert gives_up(*[SourceDown()] * at_first)
    assert not gives_up(None, *[SourceDown()] * (later - 1))
    assert gives_up(None, *[SourceDown()] * later)


def test_what_may_be_the_doing_of_bad_neighbours_ends_no_pass_unless_a_bystander_is_dead_too() -> None:
    for error in (SourceDown(), PermissionDenied()):
        row = row_of(error)
        assert row
        outlook = outlook_after(*[error] * row.enough(any_answer=False))
        assert outlook.wants_bystander
        outlook.check()
        outlook.note_bystander(is_answered=True)
        outlook.note(error)
        assert not outlook.wants_bystander
        outlook.check()


def test_a_bystander_is_sent_now_and_then_while_the_source_is_down() -> None:
    outlook, wanted = outlook_after(None), []
    for count in range(1, 13):
        outlook.note(SourceDown())
        if outlook.wants_bystander:
            wanted.append(count)
    assert wanted == [BYSTANDER_EVERY, 2 * BYSTANDER_EVERY]


@pytest.mark.parametrize("error", [AuthenticationFailed(), SourceUnreachable(), NullReply()], ids=repr)
def test_no_bystander_is_sent_where_it_could_tell_nothing(error: SourceError) -> None:
    assert not outlook_after(*[error] * 30).wants_bystander


def test_a_row_of_slow_probes_is_long_after_some_minutes() -> None:
    now = 1000.0
    outlook = Outlook(clock=lambda: now)
    for error in (None, SourceDown()):
        outlook.note(error)
    for _ in range(BYSTANDERS):
        outlook.note_bystander(is_answered=False)
    outlook.check()
    now += LONGEST_DOWN_S
    with pytest.raises(SourceDown):
        outlook.check()


def test_each_kind_of_failure_has_its_own_row() -> None:
    assert not gives_up(None, *[SourceUnavailable()] * 4, AuthenticationFailed())


def test_an_answer_ends_every_row() -> None:
    row = [SourceUnavailable()] * (Row.FAILING.enough(any_answer=False) - 1)
    assert not gives_up(*row, None, *row)


def test_a_source_that_answered_nothing_is_given_up_when_all_was_tried() -> None:
    assert gives_up(SourceUnavailable(), is_last=True)
    assert not gives_up(None, SourceUnavailable(), is_last=True)


def test_null_is_an_answer_all_the_same() -> None:
    assert not gives_up(*[NullReply(), UnexpectedReply()] * 50, is_last=True)


@pytest.mark.parametrize("error", [ErrorReply(), RequestRefused(), WrongContentType(), UnexpectedReply()], ids=repr)
def test_odd_replies_take_a_long_row_and_a_few_of_them_are_single_failures(error: SourceError) -> None:
    assert not gives_up(error, is_last=True)
    assert not gives_up(*[error] * (Row.ODD.enough(any_answer=False) - 1), is_last=True)
    assert gives_up(*[error] * Row.ODD.enough(any_answer=False))


def test_a_source_that_asks_us_to_stay_away_is_left_alone_at_once() -> None:
    assert gives_up(None, SourceOnHold())
