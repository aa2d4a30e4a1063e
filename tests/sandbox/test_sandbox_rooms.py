"""The sandbox's own rooms stand where its docstring says: imports point one way."""

import pytest

from tests.test_architecture import FILES, imports_of, module_of

MAY_IMPORT = {
    "chats": set(),
    "webapi": {"chats"},
    "access": {"webapi"},
    "serving": {"webapi"},
    "oddities": {"chats", "webapi", "serving"},
}


def room_of(module: str) -> str:
    """archiver.sandbox.chats.tenant is in the room chats, archiver.sandbox.gate in the room gate."""
    return (module + "...").split(".")[2]


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_between_the_rooms_point_one_way(room: str) -> None:
    files = [path for path in FILES if module_of(path).startswith(f"archiver.sandbox.{room}")]
    imported = {room_of(name) for path in files for name in imports_of(path)}
    assert len(files) > 1
    assert imported <= {room, *MAY_IMPORT[room]}
