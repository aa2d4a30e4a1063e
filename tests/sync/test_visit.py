"""The calls for one chat session."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.config.loading import load_config
from archiver.config.settings import LimitSettings
from archiver.errors import Interrupted
from archiver.sandbox import Sandbox
from archiver.superoffice.client import SuperOfficeClient
from archiver.sync.plan import Due
from archiver.sync.visit import FULL_REPLY_ROWS, visit_chat_session
from tests.support import write_config

DUE = Due(chat_session_id=1, before=None, after=0)


@pytest.fixture
def slow_client(sandbox: Sandbox, tmp_path: Path) -> Iterator[SuperOfficeClient]:
    """One that makes a single call, and waits for its turn for long before the next."""
    config = load_config(write_config(tmp_path, "sqlite:///archive.db", sandbox.base_url))
    source = config.source[0].model_copy(update={"limits": LimitSettings(requests_per_second=0.001)})
    client = SuperOfficeClient(source, config.retry)
    yield client
    client.close()


def test_a_stop_in_the_middle_of_a_long_chat_session_keeps_what_came(
    sandbox: Sandbox, slow_client: SuperOfficeClient
) -> None:
    chat_session_id = sandbox.tenant.open_chat_session()
    for number in range(FULL_REPLY_ROWS):
        sandbox.tenant.post(chat_session_id, message=str(number))
    stop = threading.Event()

    def stop_after_the_first_call() -> None:
        sandbox.requests.wait_for(1, timeout_s=30)
        stop.set()

    stopper = threading.Thread(target=stop_after_the_first_call)
    stopper.start()
    visit, error = visit_chat_session(slow_client, DUE, stop)
    stopper.join()
    assert (len(visit.messages), visit.failure, error) == (FULL_REPLY_ROWS, None, None)


def test_a_stop_before_anything_came_is_an_interruption(sandbox: Sandbox, slow_client: SuperOfficeClient) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Interrupted):
        visit_chat_session(slow_client, DUE, stop)
    assert sandbox.requests.all() == []
