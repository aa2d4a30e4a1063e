"""Chat sessions so long that a visit comes in parts."""

import threading

import pytest
from sqlalchemy import Connection

from archiver.errors import StoreRefused
from archiver.store import writer
from archiver.sync.visit import PART_MESSAGES
from tests.support import Archive, Chat

LONG = 2 * PART_MESSAGES + 10
