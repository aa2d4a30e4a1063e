"""What a pass is asked to do, how far it is, and how it ended."""

from dataclasses import dataclass, field

from archiver.config.settings import SettleSettings
from archiver.errors import ArchiverError
from archiver.ranges import IdRanges
from archiver.store.ledger import Kind, Outcome, RunCounts


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a pass is, for whoever watches."""

    source: str
    chosen: int
    """Chat sessions in the walk; those that are not due are passed over."""
    passed: int
    """Of these, how many are behind us."""
    counts: RunCounts


@dataclass(frozen=True, kw_only=True)
class PassResult:
    """How a pass ended."""

    source: str
    outcome: Outcome
    counts: RunCounts = field(default_factory=RunCounts)
    error: ArchiverError | None = None
    """Why it failed, or was interrupted."""
    resumed_at: int = 0
    """For a backfill that goes on where one was cut: the chat session it was cut at."""
    run_id: int | None = None
    """None: it did not even begin."""


@dataclass(frozen=True, kw_only=True)
class PassOrder:
    """What a pass is asked to do."""

    kind: Kind
    chosen: IdRanges
    spares_failing: bool = False
    """Leave chat sessions that failed alone until their pause is over, as the daemon does. A person who asks for a
    pass wants them tried now."""
    is_dry: bool = False
    """Count what would be written, and write nothing; not even a row in the ledger."""
    is_accepted: bool = False
    """Go on where a pass would otherwise stop and ask: a person has looked at what changed."""
    covers_all: bool = False
    """All that is configured was chosen."""
    most_settles: int | None = None
    """So many chat sessions at most are settled; None: all that are due. The others come round again."""
    settle: SettleSettings = field(default_factory=SettleSettings)
