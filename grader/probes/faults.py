"""Whose fault it was that a request failed, and why: told by the type of the exception."""

import errno
import os
import re
import ssl
from typing import Self

from aiohttp import ClientOSError, ClientPayloadError, ServerDisconnectedError
from aiohttp.http import HttpProcessingError
from aiohttp.http_exceptions import LineTooLong

from grader.outcomes import Outcome

# The operating system's errors if this machine has run out of descriptors or memory.
EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
# What OpenSSL makes of a reply in plain text in place of a handshake.
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"})
_STATUS_LINE = re.compile(r"HTTP/1\.[01]\s+(\S+)")
_STATUS = re.compile(r"[1-9]\d\d")
# An alert (21) of TLS 1.x, as a server that expects a handshake answers to a request.
_TLS_ALERT = "\x15\x03"
_SHOWN = 80


class RequestError(Exception):
    """Why a request failed. `outcome` says whose fault it is; `lasting` if waiting is in vain."""

    outcome = Outcome.UNREACHABLE

    def __init__(
        self, words: str, outcome: Outcome | None = None, *, lasting: bool = False
    ) -> None:
        super().__init__(words)
        self.outcome = outcome or self.outcome
        self.lasting = lasting


class NotHttpError(RequestError):
    """What came back is no reply. Says what it is."""

    @classmethod
    def of(cls, beginning: bytes, error: HttpProcessingError | None = None) -> Self:
        """The error for what began with `beginning` and made the parser raise `error`."""
        line = beginning.decode("latin-1").partition("\n")[0].rstrip()
        sent = _STATUS_LINE.match(line)
        if sent and not _STATUS.fullmatch(sent[1]):
            return cls(
                f"the app answered with the status {sent[1][:20]!r}, which is none: it seems to "
                "have sent its answer as the status of the reply, in place of the text"
            )
        if line.startswith(_TLS_ALERT):
            return cls("the server speaks https at this port: try https://", lasting=True)
        if sent is None or error is None:
            return cls(f"what came back is not HTTP: {line[:_SHOWN]!r}")
        if isinstance(error.__cause__, LineTooLong):
            return cls("what came back is not HTTP: a line of its headers is too long")
        why = error.message.partition("\n")[0].rstrip(":")
        return cls(f"what came back is not HTTP: {why[:_SHOWN]}")


def is_reset(error: BaseException) -> bool:
    """Whether the other side ended the connection, or sent something else than a reply.

    If a TLS connection is reset, ssl reports an end that comes too early.
    """
    resets = (ConnectionError, ClientOSError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
    return isinstance(error, (ServerDisconnectedError, NotHttpError, *resets))


def fault_of(error: Exception) -> RequestError:
    """Whose fault it is that a request ended in an `error` that is not ours."""
    match error:
        case OSError() if error.errno in EXHAUSTED:
            words = f"this machine could not ask: {os.strerror(error.errno).lower()}"
            return RequestError(words, Outcome.NOT_CHECKED)
        case ssl.SSLCertVerificationError():
            words = f"the TLS certificate is not valid: {error.verify_message}"
            return RequestError(words, lasting=True)
        case ssl.SSLError() if error.reason in _NO_TLS:
            words = "the server does not speak https at this port: try http://"
            return RequestError(words, lasting=True)
        case ssl.SSLError():
            words = f"no TLS connection: {error.reason or error}"
        case ServerDisconnectedError():
            words = "the server closed the connection without a reply"
        case ConnectionError() | ClientOSError():
            words = "the connection was reset"
        case ClientPayloadError():
            words = "the connection broke off in the middle of the reply"
        case HttpProcessingError():
            words = "what came back is not HTTP: a chunk of size or end that is none"
        case ValueError():
            # Its text may quote a header, and a header may hold a secret.
            words = f"the request failed: {type(error).__name__}"
        case _:
            words = f"the request failed: {type(error).__name__} {str(error)[:120]}"
    return RequestError(words)
