"""Progress bars on a terminal. Loaded only where there is one: what draws them takes 25 ms to load."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


def bars_of_work(*, in_bytes: bool) -> Progress:
    """For the phases of one piece of work."""
    amount = (DownloadColumn(), TransferSpeedColumn()) if in_bytes else (MofNCompleteColumn(), _Rate())
    columns = (TextColumn("{task.description}"), BarColumn(), *amount, TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def bars_of_passes(*, is_same_screen: bool) -> Progress:
    """For passes, each with the field `news`.

    Args:
        is_same_screen: whether standard output is there too. Results are printed while the bars show: through them
            on the same screen, past them into a file.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[news]}"),
    )
    return Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=is_same_screen)
