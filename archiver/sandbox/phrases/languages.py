"""All languages of the simulated tenant; a chat topic's id is its place here, counted from 1."""

from archiver.sandbox.phrases.english import ENGLISH
from archiver.sandbox.phrases.french import FRENCH
from archiver.sandbox.phrases.german import GERMAN
from archiver.sandbox.phrases.hebrew import HEBREW
from archiver.sandbox.phrases.japanese import JAPANESE
from archiver.sandbox.phrases.language import Language
from archiver.sandbox.phrases.norwegian import NORWEGIAN
from archiver.sandbox.phrases.polish import POLISH

LANGUAGES: tuple[Language, ...] = (ENGLISH, NORWEGIAN, GERMAN, POLISH, FRENCH, HEBREW, JAPANESE)
