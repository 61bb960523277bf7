"""Alerts to a webhook: our JSON, or what Slack and those who copy it read.

Requests are signed as https://www.standardwebhooks.com says, so that receivers find a library that
checks them. The address of a webhook is a secret: whoever knows it can write into the channel. It
is in no message, log or store.
"""

import base64
import binascii
import hashlib
import hmac
import logging
import socket
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, ClassVar

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from grader.delivery.watch.messages import Message, UndeliveredError
from grader.model import InputError
from grader.probes.guard import ForbiddenAddressError, Guard, Origin
from grader.text.hosts import leads_to_own_machine

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

ADDRESS_VARIABLE = "GRADER_WEBHOOK"
SECRET_VARIABLE = "GRADER_WEBHOOK_SECRET"  # noqa: S105 - a name

_SECRET_START = "whsec_"  # noqa: S105 - all of them begin so
_FEWEST_BYTES = 16
_CONNECT, _READ = 5.0, 10.0
_TRIES = 3
_LONGEST_PAUSE = 20.0
# What the other side or something before it may get over.
_PASSING = frozenset({429, 500, 502, 503, 504})

# It logs what it asks, and each further try, with the address.
logging.getLogger("urllib3").setLevel(logging.ERROR)


class WebhookFormat(StrEnum):
    """The shape of what is sent."""

    JSON = "json"
    SLACK = "slack"


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where alerts are sent.

    Attributes:
        key: what signs them; empty for no signature.
        private: whether the address may lie in a private network.
    """

    address: str = field(repr=False)
    shape: WebhookFormat = WebhookFormat.JSON
    key: bytes = field(default=b"", repr=False)
    private: bool = False

    name: ClassVar[str] = "webhook"

    @classmethod
    def of(
        cls, environ: Mapping[str, str], shape: WebhookFormat, *, allow_private: bool
    ) -> "Webhook | None":
        """The webhook that the environment names; None if it names none.

        Raises:
            InputError: if the address or the secret cannot be used; the text shows neither.
        """
        address = environ.get(ADDRESS_VARIABLE, "").strip()
        if not address:
            return None
        private = allow_private or _is_own(address)
        _check(address, plain=private)
        return cls(address, shape, _key(environ.get(SECRET_VARIABLE, "").strip()), private)

    def deliver(self, message: Message) -> None:
        """Send it; what may pass is tried again, with growing pauses.

        Raises:
            UndeliveredError: if nobody took it.
        """
        body = message.slack() if self.shape is WebhookFormat.SLACK else message.json()
        stamp = str(int(message.sent_at.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "grader/0.1 (alerts)",
            "webhook-id": message.id,
            "webhook-timestamp": stamp,
        }
        if self.key:
            headers["webhook-signature"] = signature(self.key, message.id, stamp, body)
        status = self._post(body, headers)
        if 300 <= status < 400:
            raise UndeliveredError(
                f"the webhook answered with a redirect ({status}), which is not followed: "
                f"put the final address into {ADDRESS_VARIABLE}"
            )
        if not 200 <= status < 300:
            raise UndeliveredError(f"the webhook answered with status {status}")

    def _post(self, body: bytes, headers: Mapping[str, str]) -> int:
        try:
            # No session: it would read and unpack a redirect's body, whatever its size, and take
            # a proxy and a password from the environment.
            order = requests.Request("POST", self.address, headers, data=body).prepare()
            with (
                closing(_Adapter(self.private)) as adapter,
                # What it says is not read.
                adapter.send(order, stream=True, timeout=(_CONNECT, _READ), verify=True) as reply,
            ):
                return reply.status_code
        except ForbiddenAddressError:
            raise UndeliveredError(
                "the webhook's address leads into a private network or to a port that is no web "
                "server's: --allow-private opens it"
            ) from None
        # OverflowError: a date to try again after which is beyond the calendar.
        except (requests.RequestException, HTTPError, OSError, ValueError, OverflowError) as error:
            # Their own words have the address in them.
            raise UndeliveredError(_reason(error)) from None


def signature(key: bytes, message_id: str, stamp: str, body: bytes) -> str:
    """Sign a message: HMAC-SHA256 over its id, the time and its body."""
    signed = b".".join((message_id.encode(), stamp.encode(), body))
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def _reason(error: Exception) -> str:
    match error:
        case requests.exceptions.SSLError():
            return "the webhook's certificate is not accepted"
        case requests.Timeout():
            return "the webhook did not answer in time"
        case requests.ConnectionError():
            return "the webhook cannot be reached"
        case _:
            return f"the webhook cannot be asked ({type(error).__name__})"


def _is_own(address: str) -> bool:
    try:
        return leads_to_own_machine(address)
    except ValueError:
        return False


def _check(address: str, *, plain: bool) -> None:
    try:
        origin = Origin.of(address)
    except ForbiddenAddressError:
        # Its words quote the address.
        origin = None
    if origin is None or not address.isprintable() or " " in address:
        raise InputError(
            f"{ADDRESS_VARIABLE} holds no address of a webhook: an https address was expected, "
            "without a user name in it. (It is a secret, so it is not shown here.)"
        )
    if origin.scheme != "https" and not plain:
        raise InputError(
            f"{ADDRESS_VARIABLE} holds an http address: everybody on the way could read it and "
            "write into your channel. Use its https address"
        )


def _key(secret: str) -> bytes:
    if not secret:
        return b""
    try:
        key = base64.b64decode(secret.removeprefix(_SECRET_START), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(_SECRET_START) or len(key) < _FEWEST_BYTES:
        raise InputError(
            f"{SECRET_VARIABLE} is no secret of a webhook: {_SECRET_START} and at least "
            f"{_FEWEST_BYTES} random bytes in base64 were expected. To make one:\n"
            f'    python -c "import base64, secrets; '
            f"print('{_SECRET_START}' + base64.b64encode(secrets.token_bytes(32)).decode())\""
        )
    return key


class _Retry(Retry):
    """Waits as long as the other side wants, within reason."""

    def get_retry_after(self, response: "BaseHTTPResponse") -> float | None:
        wanted = super().get_retry_after(response)
        return None if wanted is None else min(wanted, _LONGEST_PAUSE)


class _Adapter(HTTPAdapter):
    """Tries again what may pass, and sends nothing to a private network unless `private`."""

    def __init__(self, private: bool) -> None:
        self._private = private
        super().__init__(
            max_retries=_Retry(
                total=_TRIES - 1,
                redirect=0,
                allowed_methods={"POST"},
                status_forcelist=_PASSING,
                backoff_factor=1,
                backoff_max=_LONGEST_PAUSE,
                raise_on_status=False,
            )
        )

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools; urllib3 gives this place for other kinds of connections."""
        super().init_poolmanager(*args, **kwargs)
        if not self._private:
            self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}


def _vet(scheme: str, connected: socket.socket, host: str, port: int) -> None:
    """Refuse an address before a byte is sent to it, whatever a name server said earlier."""
    address = ip_address(connected.getpeername()[0])
    try:
        Guard().vet(Origin(scheme, host, port), [address])
    except ForbiddenAddressError:
        connected.close()
        raise


class _HTTPConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        _vet("http", connected, self.host, self.port or 80)
        return connected


class _HTTPSConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        _vet("https", connected, self.host, self.port or 443)
        return connected


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection
