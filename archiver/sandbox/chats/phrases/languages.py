"""All languages of the simulated tenant; a chat topic's id is its place here, counted from 1."""

from archiver.sandbox.chats.phrases.english import ENGLISH
from archiver.sandbox.chats.phrases.french import FRENCH
from archiver.sandbox.chats.phrases.german import GERMAN
from archiver.sandbox.chats.phrases.hebrew import HEBREW
from archiver.sandbox.chats.phrases.japanese import JAPANESE
from archiver.sandbox.chats.phrases.language import Language
from archiver.sandbox.chats.phrases.norwegian import NORWEGIAN
from archiver.sandbox.chats.phrases.polish import POLISH

LANGUAGES: tuple[Language, ...] = (ENGLISH, NORWEGIAN, GERMAN, POLISH, FRENCH, HEBREW, JAPANESE)
