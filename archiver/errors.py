"""Every error of ours, grouped by what to do next.

    ArchiverError
      ConfigError                fix the configuration or the command; carries `problems`, all of them
      Interrupted                somebody asked us to stop
      SourceError                the source, for one call
        RetriableSourceError     asked again after growing pauses
          SourceUnavailable      no answer, or one that says "not now"
            SourceUnreachable    not even a connection: nothing that one chat session could cause
            SourceDown           call after call fails: nothing that one chat session could cause
            ReplyCut             the end of the reply is missing
            MaintenancePage      a page for people in place of an answer
          RateLimited            the source asked us to wait
            SourceOnHold         for longer than a call may take: it is not even asked
        CredentialRefused        asked once more, with the credential read anew
          AuthenticationFailed   who we are was refused: no other call will fare better
          SignInPage             a page that asks for a password in place of an answer
          PermissionDenied       what we ask for was refused
        UnexpectedReply          an answer that proves nothing: asked once more, then by a later visit
          NullReply              `null`: nothing found, or a failed call; nobody can tell, so it is not asked again
          ErrorReply             an error object with status 200
          WrongContentType       the reply says that it is no JSON
          UndecodableReply       JSON by its label that can't be read
        FatalSourceError         never asked again
          WrongAddress           the address leads elsewhere: a redirect, 404
            MisdirectedRequest   421: the tenant lives on another host
          RequestRefused         the source calls our request invalid
          ReplyTooLarge          more than we are willing to read
      StoreError                 the archive's database
        StoreUnavailable         it can't be reached or doesn't answer
          ConnectionLost         nothing was committed: tried again for a while
          StoreBusy              locked, or called off in favour of another transaction: tried again for a while
        StoreRefused             it can be reached and refuses, for instance a full disk
          KeyExists              another archiver made the row at the same moment
        SchemaOutOfDate          its schema is not the one this version reads and writes
        LeaseHeld                another archiver writes this source now
        LeaseLost                another archiver took over; nothing of ours was written since
        ArchivesDiverged         two archives are no states of the same one: a person decides which one stays
      DecisionNeeded             the source did what only a person can tell from a mishap; nothing was overwritten
        SourceRewound            it went back, as by a restored backup: ids are used again
        SuspiciousChanges        too much of what was read again was edited, or is gone

The first line of a class's docstring is its default message. A message says what failed and on which id, and never
holds chat text, a name, an address, a token or a database's own words (they carry the row). `hint` says what to do.
"""

import enum


class ExitCode(enum.IntEnum):
    """How the command ends; part of the public contract."""

    COMPLETE = 0
    FAILED = 1
    USAGE = 2
    PARTIAL = 3
    DIFFERENCES = 4
    DECISION_NEEDED = 5
    INTERRUPTED = 130


class ArchiverError(Exception):
    """Something failed"""

    exit_code = ExitCode.FAILED

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").splitlines()[0])
        self.hint = hint

    @property
    def kind(self) -> str:
        """The class's name in snake_case, as logs and `sync_error.kind` have it."""
        name = type(self).__name__
        return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))


class ConfigError(ArchiverError):
    """The configuration has problems"""

    exit_code = ExitCode.USAGE

    def __init__(self, *problems: str, hint: str = "") -> None:
        super().__init__("\n".join(problems), hint=hint)
        self.problems = problems


class Interrupted(ArchiverError):
    """Stopped on request"""

    exit_code = ExitCode.INTERRUPTED


class SourceError(ArchiverError):
    """The source did not give an answer"""


class RetriableSourceError(SourceError):
    """The source did not answer this time"""

    def __init__(self, message: str = "", *, hint: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s
        """Seconds the source asked us to wait; None when it named none."""


class SourceUnavailable(RetriableSourceError):
    """The source is unavailable"""


class SourceUnreachable(SourceUnavailable):
    """The source can't be reached"""


class SourceDown(SourceUnavailable):
    """The source fails call after call"""

    def __init__(self, message: str = "", *, hint: str = "", own: RetriableSourceError | None = None) -> None:
        super().__init__(message, hint=hint, retry_after_s=own.retry_after_s if own else None)
        self.own = own or SourceUnavailable()
        """What this one call failed with: its chat session's failure, should the source be well after all."""


class ReplyCut(SourceUnavailable):
    """The reply was cut off"""


class MaintenancePage(SourceUnavailable):
    """The source answered with a web page"""


class RateLimited(RetriableSourceError):
    """The source asks us to slow down"""


class SourceOnHold(RateLimited):
    """The source asked us to stay away for a while"""


class CredentialRefused(SourceError):
    """The source refused our credential"""


class AuthenticationFailed(CredentialRefused):
    """The source refused our credentials"""


class SignInPage(CredentialRefused):
    """The source answered with a page that asks for a password"""


class PermissionDenied(CredentialRefused):
    """The source denies access"""


class UnexpectedReply(SourceError):
    """The reply is not an answer"""


class NullReply(UnexpectedReply):
    """The source answered null, which may be a failed call"""


class ErrorReply(UnexpectedReply):
    """The source answered with an error object"""


class WrongContentType(UnexpectedReply):
    """The reply is not JSON"""


class UndecodableReply(UnexpectedReply):
    """The reply can't be read"""

    def __init__(self, message: str = "", *, hint: str = "", payload: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.payload = payload
        """The whole reply as ASCII JSON text, for the quarantine, when it may hold messages; never to be logged."""


class FatalSourceError(SourceError):
    """The source refused"""


class WrongAddress(FatalSourceError):
    """The address does not lead to the API"""


class MisdirectedRequest(WrongAddress):
    """The source says that the tenant lives on another host"""


class RequestRefused(FatalSourceError):
    """The source calls our request invalid"""


class ReplyTooLarge(FatalSourceError):
    """The reply is larger than we are willing to read"""


class StoreError(ArchiverError):
    """The archive's database failed"""


class StoreUnavailable(StoreError):
    """The archive's database is unavailable"""


class ConnectionLost(StoreUnavailable):
    """The connection to the archive's database is lost"""


class StoreBusy(StoreUnavailable):
    """The archive's database is busy with another transaction"""


class StoreRefused(StoreError):
    """The archive's database refused"""


class KeyExists(StoreRefused):
    """The archive has a row of this key already"""


class SchemaOutOfDate(StoreError):
    """The archive's schema is not the one this version needs"""


class LeaseHeld(StoreError):
    """Another archiver is at work on this source"""


class LeaseLost(StoreError):
    """Another archiver took this source over; nothing of ours was written since"""


class ArchivesDiverged(StoreError):
    """The two databases don't hold states of the same archive"""

    exit_code = ExitCode.DECISION_NEEDED


class DecisionNeeded(ArchiverError):
    """A person must decide"""

    exit_code = ExitCode.DECISION_NEEDED


class SourceRewound(DecisionNeeded):
    """The source went back in time, as after a restored backup"""


class SuspiciousChanges(DecisionNeeded):
    """More was edited, or is gone, than is usual"""
