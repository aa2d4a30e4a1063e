"""The command `archiver`: its options, its commands, and where errors become sentences and exit codes.

Command modules import what they work with inside their functions, so that `--help` loads no database library.
"""

import io
import os
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from archiver import __version__
from archiver.cli import (
    backup,
    check,
    copy,
    daemon,
    demo,
    migrate,
    passes,
    quarantine,
    sandbox,
    seal,
    source,
    status,
    verify,
)
from archiver.cli.garbage import put_off_garbage_collection
from archiver.cli.options import LogFormat, Options, print_error
from archiver.errors import ArchiverError, ExitCode

app = typer.Typer(
    name="archiver",
    help="Archives the chat sessions of SuperOffice CRM tenants into a SQL database.",
    epilog="Exit codes: 0 complete, 1 failed, 2 wrong usage or configuration, 3 partial (some chat sessions failed, "
    "the rest is stored), 4 differences found, 5 a person must decide, 130 interrupted.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # no traceback shows locals
    rich_markup_mode="rich" if sys.stdout.isatty() else None,  # a pipe gets plain text, in half the time
    context_settings={"help_option_names": ["-h", "--help"]},
)

check.add_to(app)
migrate.add_to(app)
passes.add_to(app)
daemon.add_to(app)
status.add_to(app)
quarantine.add_to(app)
source.add_to(app)
verify.add_to(app)
seal.add_to(app)
backup.add_to(app)
copy.add_to(app)
sandbox.add_to(app)
demo.add_to(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"archiver {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    config: Annotated[
        Path, typer.Option("--config", envvar="ARCHIVER_CONFIG", help="The configuration file.", metavar="FILE")
    ] = Path("config.toml"),
    log_format: Annotated[LogFormat, typer.Option("--log-format", help="How log lines look.")] = LogFormat.TEXT,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Log every request.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    from archiver.cli.logs import set_up_logging

    set_up_logging(log_format, verbose=verbose)
    context.obj = Options(config=config, verbose=verbose)


def main() -> None:
    """Run the command and exit by the public contract."""
    put_off_garbage_collection()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that can't show a letter shows its number
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except ArchiverError as error:
        print_error(error)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.FAILED)
    except OSError as error:  # a full disk behind our output, a working folder that is gone
        print(f"archiver: {error.strerror or type(error).__name__}", file=sys.stderr)
        sys.exit(ExitCode.FAILED)
    except Exception as error:  # noqa: BLE001 - the last line of defence
        where = traceback.extract_tb(error.__traceback__)[-1]
        # Neither the message nor the lines of the traceback: both may carry chat text.
        print(f"archiver: a bug, sorry: {type(error).__name__} at {where.filename}:{where.lineno}", file=sys.stderr)
        print("  please report this line; what was committed is safe", file=sys.stderr)
        sys.exit(ExitCode.FAILED)
