"""The house stands where docs say: imports point one way, and there is no cycle."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "archiver"

BASE = {"errors", "model", "ranges", "config"}
MAY_IMPORT = {
    "errors": set(),
    "ranges": set(),
    "model": set(),
    "config": {"errors", "ranges"},
    "superoffice": BASE,
    "store": BASE,
    "sync": BASE | {"superoffice", "store"},
    "daemon": BASE | {"sync"},
    "cli": BASE | {"superoffice", "store", "sync", "daemon", "sandbox"},
    "sandbox": set(),
    "__main__": {"cli"},
    "__init__": set(),
}
"""For each room, the others it may import from. `superoffice` and `store` never import each other; `sandbox` imports
nothing of ours: a simulator that shared the client's code would share its mistakes."""


def room_of(module: str) -> str:
    """archiver.store.lease is in the room store; archiver itself is __init__."""
    return module.split(".")[1] if "." in module else "__init__"


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def imports_of(path: Path) -> set[str]:
    """Every module of ours that a file imports, anywhere in it."""
    modules = {module_of(file) for file in PACKAGE.rglob("*.py")}
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            named = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in modules else str(node.module) for name in named}
    return {name for name in found if name == "archiver" or name.startswith("archiver.")}


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    room = room_of(module_of(path))
    allowed = MAY_IMPORT[room] | {room, "__init__"}
    assert {name for name in imports_of(path) if room_of(name) not in allowed} == set()


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = {module_of(path): imports_of(path) - {module_of(path)} for path in FILES}
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join([*trail, module])
        if module not in done:
            for imported in graph.get(module, ()):
                visit(imported, (*trail, module))
            done.add(module)

    for module in graph:
        visit(module, ())


def test_only_the_commands_print() -> None:
    for path in FILES:
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        prints = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]
        assert not prints or room_of(module_of(path)) == "cli", path


def test_only_backends_tell_databases_apart() -> None:
    typed = PACKAGE / "store" / "tables.py"  # whose types say how a dialect spells them
    others = [path for path in FILES if path != typed and PACKAGE / "store" / "backends" not in path.parents]
    assert [path for path in others if "dialect.name" in path.read_text(encoding="utf-8")] == [
        PACKAGE / "store" / "database.py"  # which says what it is
    ]
