"""Who says what in one invented chat, without times: a language's phrases strung into a conversation."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from archiver.sandbox.chats.phrases.language import Language, Story, Turn

# Shares of the chats, in percent.
WITH_BOT = 60
TRANSFERRED = 10
GIVEN_UP = 8  # the customer leaves before anything is solved
ENDED_BY_CUSTOMER = 35

SHORT = 8  # messages; what opening and ending take on average


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """One message to be; see `Message`."""

    type: str
    message: str
    author: str = ""
    special_type: str = "None"
    special_param: str = ""


class Dialogue:
    """Speaks the parts of one chat; what it says depends on `random` alone."""

    def __init__(self, random: Random, language: Language, customer: str, agent: str) -> None:
        self._random = random
        self._language = language
        self._customer = customer
        self._agent = agent
        # Shuffled and used up before anything is told twice.
        self._stories: list[Story] = []
        self._asides: list[tuple[str, str]] = []

    def full(self, length: int) -> list[Utterance]:
        """A chat from welcome to close, of about `length` messages, or shorter when the customer gives up."""
        story = self._next_story()
        said = [*self._opening(story), *self._middle(story, length)]
        if self._random.randrange(100) < GIVEN_UP:
            return [*said[: self._random.randint(2, 5)], self._closing("ClosedByIdle")]
        if self._random.randrange(100) < TRANSFERRED:
            said += [*self._transfer(), *self._aside()]
        return [*said, *self.ending()]

    def reopening(self) -> list[Utterance]:
        """A customer comes back to a chat that had ended, is heard, and it ends again."""
        text = self._random.choice(self._language.reopened)
        return [
            Utterance(type="Special", message="", special_type="ReopenedByCustomer"),
            self._by_customer(text),
            *self._aside(),
            *self.ending(),
        ]

    def ending(self) -> list[Utterance]:
        """Thanks, goodbye and the close."""
        by_customer = self._random.randrange(100) < ENDED_BY_CUSTOMER
        return [
            self._by_customer(self._random.choice(self._language.thanks)),
            self._by_agent(self._random.choice(self._language.goodbyes)),
            self._closing("ClosedByCustomer" if by_customer else "ClosedByUser"),
        ]

    def _opening(self, story: Story) -> Iterator[Utterance]:
        language = self._language
        yield Utterance(type="Special", message=language.welcome, special_type="Welcome")
        if self._random.randrange(100) < WITH_BOT:
            options = json.dumps([each.option for each in language.stories], ensure_ascii=False)
            yield Utterance(
                type="ToCustomer", message=language.bot_question, author=language.bot, special_type="BotMessage"
            )
            yield Utterance(
                type="ToCustomer",
                message="",
                author=language.bot,
                special_type="Options",
                special_param=options,
            )
            yield Utterance(type="ToUser", message=story.option, author=self._customer, special_type="ClickedOption")
        yield self._turn(story.turns[0])
        yield self._by_agent(self._random.choice(language.greetings))

    def _middle(self, story: Story, length: int) -> list[Utterance]:
        turns = story.turns[1:] if length >= SHORT else story.turns[1:3]
        said = [self._turn(turn) for turn in turns]
        wanted = length - SHORT
        while len(said) < wanted:
            if wanted - len(said) < 6 or self._random.random() < 0.4:
                said += self._aside()
            else:
                said.append(self._by_customer(self._random.choice(self._language.transition)))
                said += [self._turn(turn) for turn in self._next_story().turns]
        return said

    def _next_story(self) -> Story:
        if not self._stories:
            self._stories = self._random.sample(self._language.stories, len(self._language.stories))
        return self._stories.pop()

    def _aside(self) -> list[Utterance]:
        if not self._asides:
            self._asides = self._random.sample(self._language.asides, len(self._language.asides))
        question, answer = self._asides.pop()
        return [self._by_customer(question), self._by_agent(answer)]

    def _transfer(self) -> list[Utterance]:
        self._agent = self._random.choice([each for each in self._language.agents if each != self._agent])
        text = self._filled(self._language.transfer)
        return [
            Utterance(type="Special", message=text, special_type="TransferedSession"),
            self._by_agent(self._random.choice(self._language.greetings)),
        ]

    def _closing(self, special_type: str) -> Utterance:
        text = self._language.idle if special_type == "ClosedByIdle" else self._language.closed
        return Utterance(type="Special", message=text, special_type=special_type)

    def _turn(self, turn: Turn) -> Utterance:
        text = self._random.choice(turn.variants)
        return self._by_customer(text) if turn.by_customer else self._by_agent(text)

    def _by_customer(self, text: str) -> Utterance:
        return Utterance(type="ToUser", message=self._filled(text), author=self._customer)

    def _by_agent(self, text: str) -> Utterance:
        return Utterance(type="ToCustomer", message=self._filled(text), author=self._agent)

    def _filled(self, text: str) -> str:
        if "{" not in text:
            return text
        number = self._random.randrange(10_000)
        return text.format(
            customer=self._customer,
            agent=self._agent,
            order=f"#{40_000 + number}",
            invoice=f"INV-2026-{number:04d}",
            amount=f"{number // 10 + 20}.{number % 10}0",
            days=2 + number % 5,
        )
