"""Whose fault it was that a request failed, and why: every transport has its own exceptions."""

import http.client
import os
import ssl

from grader.outcomes import Outcome
from grader.probes.guard import EXHAUSTED

# RemoteDisconnected is a BadStatusLine too; so are leftovers of an earlier reply. A TLS connection
# that was reset shows it as an end where none may be.
_RESETS = (ConnectionError, http.client.BadStatusLine, ssl.SSLEOFError, ssl.SSLZeroReturnError)


def is_reset(error: BaseException) -> bool:
    """Whether the other side ended the connection instead of replying."""
    return isinstance(_root(error), _RESETS)


def fault_of(error: BaseException) -> tuple[Outcome, str]:
    """The outcome of a request that ended in `error`, and what to say of it."""
    match _root(error):
        case ssl.SSLCertVerificationError() as root:
            words = f"the TLS certificate is not valid: {root.verify_message}"
        case ssl.SSLError() as root:
            words = f"no TLS connection: {root.reason or root}"
        case http.client.RemoteDisconnected():
            words = "the server closed the connection without a reply"
        case ConnectionError():
            words = "the connection was reset"
        case http.client.IncompleteRead() as root:
            words = f"the connection broke off in the middle of the reply: {root}"
        case http.client.HTTPException() as root:
            words = f"what came back is not HTTP: {type(root).__name__} {str(root)[:80]}"
        case OSError(errno=int(number)) if number in EXHAUSTED:
            words = f"this machine could not ask: {os.strerror(number).lower()}"
            return Outcome.NOT_CHECKED, words
        case ValueError() as root:
            # Its text may quote a header, and a header may hold a secret.
            words = f"the request failed: {type(root).__name__}"
        case root:
            words = f"the request failed: {type(root).__name__} {str(root)[:120]}"
    return Outcome.UNREACHABLE, words


def _root(error: BaseException) -> BaseException:
    """The cause inside urllib3's and requests' wrappings: their reason, or their last argument."""
    while True:
        inner = getattr(error, "reason", None) or (error.args[-1] if error.args else None)
        if not isinstance(inner, BaseException):
            return error
        error = inner
