"""Whose fault it was that a request failed, and why: every transport has its own exceptions."""

import http.client
import os
import re
import ssl

from grader.outcomes import Outcome
from grader.probes.guard import EXHAUSTED

# RemoteDisconnected is a BadStatusLine too; so are leftovers of an earlier reply. A TLS connection
# that was reset shows it as an end where none may be.
_RESETS = (ConnectionError, http.client.BadStatusLine, ssl.SSLEOFError, ssl.SSLZeroReturnError)
# What OpenSSL makes of a reply in plain text where a handshake should be.
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"})
_STATUS_LINE = re.compile(r"HTTP/\d\.\d\s+(\S+)")
# An alert (21) of TLS 1.x, as a server that expects a handshake answers to a request.
_TLS_ALERT = "\x15\x03"


def is_reset(error: BaseException) -> bool:
    """Whether the other side ended the connection instead of replying."""
    return isinstance(_root(error), _RESETS)


def fault_of(error: BaseException) -> tuple[Outcome, str, bool]:
    """The outcome of a request that ended in `error`, what to say of it, and whether it lasts."""
    root = _root(error)
    if isinstance(root, OSError) and root.errno in EXHAUSTED:
        words = f"this machine could not ask: {os.strerror(root.errno).lower()}"
        return Outcome.NOT_CHECKED, words, False
    words, lasting = _tls_fault(root) if isinstance(root, ssl.SSLError) else _http_fault(root)
    return Outcome.UNREACHABLE, words, lasting


def _tls_fault(root: ssl.SSLError) -> tuple[str, bool]:
    if isinstance(root, ssl.SSLCertVerificationError):
        return f"the TLS certificate is not valid: {root.verify_message}", True
    if root.reason in _NO_TLS:
        return "the server does not speak https at this port: try http://", True
    return f"no TLS connection: {root.reason or root}", False


def _http_fault(root: BaseException) -> tuple[str, bool]:
    match root:
        case http.client.RemoteDisconnected():
            words = "the server closed the connection without a reply"
        case ConnectionError():
            words = "the connection was reset"
        case http.client.IncompleteRead():
            words = f"the connection broke off in the middle of the reply: {root}"
        case http.client.BadStatusLine():
            return _status_line(str(root.args[0]))
        case http.client.HTTPException():
            words = f"what came back is not HTTP: {type(root).__name__} {str(root)[:80]}"
        case ValueError():
            # Its text may quote a header, and a header may hold a secret.
            words = f"the request failed: {type(root).__name__}"
        case _:
            words = f"the request failed: {type(root).__name__} {str(root)[:120]}"
    return words, False


def _status_line(line: str) -> tuple[str, bool]:
    """What to say of a reply that begins with `line`, and whether it lasts."""
    if sent := _STATUS_LINE.match(line):
        return (
            f"the app answered with the status {sent[1][:20]!r}, which is none: it seems to have "
            "sent its answer as the status of the reply, in place of the text",
            False,
        )
    if line.startswith(_TLS_ALERT):
        return "the server speaks https at this port: try https://", True
    return f"what came back is not HTTP: {line.strip()[:80]!r}", False


def _root(error: BaseException) -> BaseException:
    """The cause inside urllib3's and requests' wrappings: their reason, or their last argument."""
    while True:
        inner = getattr(error, "reason", None) or (error.args[-1] if error.args else None)
        if not isinstance(inner, BaseException):
            return error
        error = inner
