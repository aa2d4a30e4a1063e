"""What a language gives to the invented chats: names, and little dialogues with variants.

Texts may hold {customer}, {agent}, {order}, {invoice}, {amount} and {days}, filled in when they are spoken.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One message of a dialogue; one of its variants is spoken."""

    by_customer: bool
    variants: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Story:
    """A problem from its description to its solution."""

    option: str  # what the bot offers as a button
    turns: tuple[Turn, ...]  # the first is the customer's


@dataclass(frozen=True, kw_only=True)
class Language:
    """A channel in one language, with the people who meet there."""

    channel: str  # the chat topic's name
    bot: str
    agents: tuple[str, ...]
    customers: tuple[tuple[str, str], ...]  # name, and the part of the mail address before the @
    welcome: str
    bot_question: str
    greetings: tuple[str, ...]  # the agent's
    stories: tuple[Story, ...]
    asides: tuple[tuple[str, str], ...]  # a further question and its answer, to make a chat longer
    transition: tuple[str, ...]  # the customer comes to another problem
    transfer: str
    thanks: tuple[str, ...]
    goodbyes: tuple[str, ...]
    idle: str
    closed: str
    reopened: tuple[str, ...]  # what a customer who comes back says


def customer(*variants: str) -> Turn:
    """What the customer says."""
    return Turn(by_customer=True, variants=variants)


def agent(*variants: str) -> Turn:
    """What the agent says."""
    return Turn(by_customer=False, variants=variants)
