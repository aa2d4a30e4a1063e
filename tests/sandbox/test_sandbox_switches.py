"""Oddities as they are written on a command line."""

import pytest

from archiver.sandbox.oddities.catalogue import CATALOGUE
from archiver.sandbox.oddities.rules import Oddities, Oddity
from archiver.sandbox.oddities.switches import switch_on


def test_each_switch_may_name_a_chat_session_and_a_share() -> None:
    oddities = Oddities()
    switch_on(oddities, "null, empty@7,slow=0.25,,any_order@12=.5,edited,read=0.5")
    assert oddities.all() == [
        Oddity(kind="null", id=1),
        Oddity(kind="empty", chat_session_id=7, id=2),
        Oddity(kind="slow", probability=0.25, seconds=6.0, id=3),
        Oddity(kind="any_order", chat_session_id=12, probability=0.5, id=4),
        Oddity(kind="edited", times=1, id=5),
        Oddity(kind="read", probability=0.5, id=6),
    ]


def test_all_is_all_that_have_a_share() -> None:
    oddities, same = Oddities(), Oddities()
    switch_on(oddities, "all@7")
    same.add_all(chat_session_id=7)
    assert oddities.all() == same.all()
    assert len(same.all()) == sum(entry.share is not None for entry in CATALOGUE.values())


@pytest.mark.parametrize(
    ("switches", "sentence"),
    [
        ("", "It names no oddity."),
        (" , ", "It names no oddity."),
        ("duplicate_row", 'There is no oddity "duplicate_row"; the nearest is "duplicate_rows".'),
        ("nul@7=0.5", 'There is no oddity "nul"; the nearest is "null".'),
        ("al", 'There is no oddity "al"; the nearest is "all".'),
        ("null@x", '"null@x" should look like null, null@7, null=0.5 or null@7=0.5.'),
        ("null=", '"null=" should look like null, null@7, null=0.5 or null@7=0.5.'),
        ("null=0", "probability must be above 0 and at most 1."),
        ("empty,null=7", "probability must be above 0 and at most 1."),
    ],
)
def test_a_wrong_switch_is_refused_and_nothing_is_switched_on(switches: str, sentence: str) -> None:
    oddities = Oddities()
    with pytest.raises(ValueError, match=r"oddity|like|probability") as caught:
        switch_on(oddities, switches)
    assert str(caught.value) == sentence
    assert oddities.all() == []
