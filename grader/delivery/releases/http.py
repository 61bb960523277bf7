"""A platform's interface over HTTPS: one token in one header, bounded in size and in time.

What may be repeated is repeated: a request that never left, a GET, and whatever was refused for its
rate (429). A request to do something that may have been carried out is never sent twice.
"""

import itertools
import json
import re
import ssl
import time
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3
from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from grader.delivery.releases import limits
from grader.delivery.releases.account import Account
from grader.delivery.releases.pace import Pace
from grader.delivery.releases.platform import OutcomeUnknownError, PlatformError
from grader.formats.escaping import one_line
from grader.text.hosts import leads_to_own_machine

T = TypeVar("T")

_MOST_BYTES = 4 * 1024 * 1024
_CHUNK = 64 * 1024
_SHOWN = 200
_LONGEST_PAUSE = 30.0
_READING_FAULTS = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)


_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$"
Id = Annotated[str, StringConstraints(pattern=_ID)]
"""What platforms call their things: safe as a part of a path."""


class Shape(BaseModel):
    """What is read of a platform's reply; the rest is passed over."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class RefusedError(PlatformError):
    """The platform answered with an error, and did nothing."""

    def __init__(self, words: str, status: int) -> None:
        super().__init__(words)
        self.status = status


def is_id(text: str) -> bool:
    """Whether it may be an `Id`, or the name of a host."""
    return re.fullmatch(_ID, text) is not None


def checked(name: str, what: str) -> str:
    """The name of a project, service or app; PlatformError if it cannot be one."""
    if is_id(name):
        return name
    shown = one_line(name, 60)
    raise PlatformError(
        f'"{shown}" is no name of a {what}: copy it from the platform\'s dashboard.'
    )


class _Bearer(AuthBase):
    """Sets the one header. As `auth` it also keeps a .netrc from setting another."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Api:
    """Asks one platform. Every method may raise a PlatformError."""

    def __init__(self, account: Account, pace: Pace) -> None:
        self.platform = account.platform
        self.pace = pace
        self._account = account
        self._token = account.token()
        self._base = account.address()
        self._free_at = 0.0
        self._session = requests.Session()
        self._session.auth = _Bearer(self._token)
        # An HTTP proxy would read what goes to this machine.
        self._session.trust_env = not leads_to_own_machine(self._base)
        self._session.headers.update({"Accept": account.accept, "Accept-Encoding": "identity"})
        repeated = HTTPAdapter(max_retries=_repeated())
        self._session.mount("https://", repeated)
        self._session.mount("http://", repeated)

    def get(
        self,
        path: str,
        shape: type[T],
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> T:
        """Read something; it is repeated if it may pass."""
        body = self._send("GET", path, {"params": params, "headers": headers})
        try:
            return TypeAdapter(shape).validate_json(body)
        except ValidationError as fault:
            first = fault.errors(include_input=False, include_url=False, include_context=False)[0]
            where = ".".join(map(str, first["loc"])) or "its reply"
            raise PlatformError(
                f"{self.platform} answered in a form that grader does not know "
                f"({one_line(where, _SHOWN)}: {one_line(first['msg'], _SHOWN)}). "
                "Perhaps its interface has changed: update grader."
            ) from None

    def post(
        self, path: str, body: Any = None, params: Mapping[str, str] | None = None
    ) -> str | None:
        """Have something done, once; the id of what was made for it, if the platform tells one.

        Raises:
            RefusedError: if the platform did nothing.
            OutcomeUnknownError: if nobody knows.
        """
        told = _json(self._send("POST", path, {"params": params, "json": body or {}}))
        made = told.get("id") if isinstance(told, dict) else None
        return made if isinstance(made, str) and is_id(made) else None

    def patch(self, path: str, body: Any) -> None:
        """Change a setting, once; for the errors see `post`."""
        self._send("PATCH", path, {"json": body})

    def _send(self, method: str, path: str, sent: Mapping[str, Any]) -> bytes:
        """Send a request until it is answered; the body of an answer that is no error."""
        until = time.monotonic() + self.pace.call
        for tried in itertools.count():
            self._wait(self._free_at - time.monotonic(), until)
            response, body = self._once(method, path, sent, until)
            told = _json(body)
            wait = limits.seconds_to_wait(response.headers, told, time.time())
            if limits.is_used_up(response.headers) and wait is not None:
                self._free_at = time.monotonic() + wait
            if 200 <= response.status_code < 300:
                return body
            # A little longer each time, and never less than the platform says.
            pause = max(wait or 0.0, min(0.5 * 2**tried, _LONGEST_PAUSE))
            busy = response.status_code == 503 and method == "GET"
            if response.status_code != 429 and not (busy and not self._is_late(pause, until)):
                raise self._error(method, response.status_code, told)
            self._wait(pause, until)
        raise AssertionError  # there is no end to counting

    def _is_late(self, seconds: float, until: float) -> bool:
        return time.monotonic() + seconds > until

    def _wait(self, seconds: float, until: float) -> None:
        if seconds <= 0:
            return
        if self._is_late(seconds, until):
            raise RefusedError(
                f"{self.platform} limits how often it is asked, and nothing was done. "
                f"Try again in {limits.in_words(seconds)}.",
                429,
            )
        self.pace.sleep(seconds)

    def _once(
        self, method: str, path: str, sent: Mapping[str, Any], until: float
    ) -> tuple[requests.Response, bytes]:
        seconds = max(0.1, min(self.pace.request, until - time.monotonic()))
        if method != "GET":
            # A kept connection may be dead, and then nobody knows whether the request arrived.
            self._session.close()
        try:
            response = self._session.request(
                method,
                self._base + path,
                timeout=seconds,
                # A redirect would carry the token to another host.
                allow_redirects=False,
                stream=True,
                **sent,
            )
        except requests.RequestException as error:
            raise self._unanswered(method, error) from None
        try:
            with response:
                return response, _body(response, time.monotonic() + seconds)
        except _TooLargeError:
            words = f"{self.platform} answered with more than {_MOST_BYTES:,} bytes, which is odd"
        except _READING_FAULTS as error:
            words = f"{self.platform}'s reply broke off ({type(error).__name__})"
        raise _of(method)(f"{words}. {_next(method)}")

    def _unanswered(self, method: str, error: requests.RequestException) -> PlatformError:
        name = urlsplit(self._base).netloc
        if _never_left(error):
            return PlatformError(
                f"{self.platform} cannot be reached at {name} ({_reason(error)}), and nothing was "
                "done. Are you online? Try again."
            )
        return _of(method)(
            f"{self.platform} did not answer at {name} ({_reason(error)}). {_next(method)}"
        )

    def _error(self, method: str, status: int, told: Any) -> PlatformError:
        said = self._said(told)
        account = self._account
        if status >= 500:
            return _of(method)(
                f"{self.platform} has a fault of its own (status {status}){said}. Its status page "
                f"may say more. {_next(method)}"
            )
        advice = {
            401: f"It does not accept the token in {account.token_in}: make a new one and set it.",
            403: f"The token in {account.token_in} may not do that: is it of the account or team "
            "that owns the project?",
            404: "Compare the project's and the release's names with its dashboard, and see that "
            f"the token in {account.token_in} is of the account or team that owns them.",
        }.get(status, "")
        if 300 <= status < 400:
            advice = (
                f"It led elsewhere, and the token is not sent there: look at {account.address_in}."
            )
        words = f"{self.platform} refused (status {status}){said}. {advice}".rstrip()
        return RefusedError(words, status)

    def _said(self, told: Any) -> str:
        error = told.get("error", told) if isinstance(told, dict) else None
        message = error.get("message") if isinstance(error, dict) else error
        if not isinstance(message, str) or not message:
            return ""
        # Whoever echoes a request must not bring the token onto a screen or into a log.
        shown = one_line(message.replace(self._token, "***").rstrip("."), _SHOWN)
        return f': "{shown}"'


class _TooLargeError(Exception):
    """The reply is larger than any that we expect."""


def _repeated() -> urllib3.Retry:
    """What the library repeats by itself: requests that never left, and GETs."""
    return urllib3.Retry(
        total=3,
        read=2,
        redirect=0,
        other=0,
        allowed_methods={"GET"},
        status_forcelist={500, 502, 504},
        backoff_factor=0.3,
        raise_on_status=False,
        # Rate limits are obeyed in `_send`, which knows the deadline.
        respect_retry_after_header=False,
    )


def _of(method: str) -> type[PlatformError]:
    return PlatformError if method == "GET" else OutcomeUnknownError


def _next(method: str) -> str:
    again = "Try again in a minute."
    return again if method == "GET" else "Look at grader releases list before you try again."


def _body(response: requests.Response, until: float) -> bytes:
    body = bytearray()
    while chunk := response.raw.read1(_CHUNK):
        body += chunk
        if len(body) > _MOST_BYTES:
            raise _TooLargeError
        if time.monotonic() > until:
            raise requests.Timeout
    return bytes(body)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _reason(error: requests.RequestException) -> str:
    inner = error.args[0] if error.args else error
    if isinstance(inner, MaxRetryError) and inner.reason is not None:
        inner = inner.reason
    return type(inner).__name__


def _never_left(error: requests.RequestException) -> bool:
    """Whether no connection was made, so that the request was not sent."""
    inner = error.args[0] if error.args else None
    reason = inner.reason if isinstance(inner, MaxRetryError) else None
    if isinstance(reason, SSLError):
        return bool(reason.args) and isinstance(reason.args[0], ssl.SSLCertVerificationError)
    return isinstance(reason, NewConnectionError | ConnectTimeoutError | ProxyError)
