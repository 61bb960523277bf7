"""Alerts to a real receiver on loopback."""

import base64
import contextlib
import gzip
import hashlib
import hmac
import json
import random
import socket
import ssl
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from grader.delivery.watch.messages import Message, UndeliveredError
from grader.delivery.watch.webhook import Webhook, WebhookFormat, signature
from grader.model import InputError
from tests.grader.delivery.watch.receivers import PATH, receiving
from tests.servers import free_port

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)
KEY = b"0123456789abcdef0123456789abcdef"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
MESSAGE = Message("shop-1-opened", "Missed: <!channel> & more", {"type": "incident.opened"}, AT)


def webhook(address: str, shape: str = "json", secret: str = "", **options: bool) -> Webhook:
    environ = {"GRADER_WEBHOOK": address, "GRADER_WEBHOOK_SECRET": secret}
    made = Webhook.of(environ, WebhookFormat(shape), **{"allow_private": False, **options})
    assert made is not None
    return made


def test_the_signature_is_that_of_the_standard() -> None:
    # The example of the specification (standard-webhooks, "symmetric signatures").
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    signed = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_receiver_can_tell_that_it_is_from_us_and_when() -> None:
    with receiving() as receiver:
        webhook(receiver.address, secret=SECRET).deliver(MESSAGE)
    (body,), (sent,) = receiver.bodies, receiver.sent
    assert json.loads(body) == {"type": "incident.opened"}
    assert sent["REQUEST_METHOD"] == "POST"
    assert sent["CONTENT_TYPE"] == "application/json"
    assert sent["HTTP_WEBHOOK_ID"] == "shop-1-opened"
    stamp = sent["HTTP_WEBHOOK_TIMESTAMP"]
    assert stamp == str(int(AT.timestamp()))
    signed = b"shop-1-opened." + stamp.encode() + b"." + body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert sent["HTTP_WEBHOOK_SIGNATURE"] == f"v1,{expected}"


def test_without_a_secret_nothing_is_signed() -> None:
    with receiving() as receiver:
        webhook(receiver.address).deliver(MESSAGE)
    assert "HTTP_WEBHOOK_SIGNATURE" not in receiver.sent[0]


def test_no_proxy_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as receiver, receiving() as proxy:
        for name in ("http_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.address)
        monkeypatch.setenv("no_proxy", "")
        webhook(receiver.address).deliver(MESSAGE)
        assert (len(receiver.sent), len(proxy.sent)) == (1, 0)


def test_slack_gets_its_own_shape() -> None:
    with receiving() as receiver:
        webhook(receiver.address, "slack").deliver(MESSAGE)
    sent = json.loads(receiver.bodies[0])
    assert sent["text"] == "Missed: &lt;!channel&gt; &amp; more"
    assert not any((sent["mrkdwn"], sent["link_names"], sent["unfurl_links"]))


def test_what_may_pass_is_tried_again() -> None:
    with receiving("503 Service Unavailable", "429 Too Many Requests") as receiver:
        webhook(receiver.address).deliver(MESSAGE)
    assert [sent["HTTP_WEBHOOK_ID"] for sent in receiver.sent] == ["shop-1-opened"] * 3


def test_a_pause_that_the_receiver_wants_is_kept_within_reason() -> None:
    from urllib3 import HTTPResponse

    from grader.delivery.watch.webhook import _Retry

    wait = _Retry().get_retry_after
    assert wait(HTTPResponse(headers={"Retry-After": "7"})) == 7
    assert wait(HTTPResponse(headers={"Retry-After": "999999"})) == 20
    assert wait(HTTPResponse()) is None


@pytest.mark.parametrize("status", ["403 Forbidden", "404 Not Found", "410 Gone"])
def test_what_does_not_pass_is_not(status: str) -> None:
    with receiving(status) as receiver:
        with pytest.raises(UndeliveredError, match=f"with status {status[:3]}$"):
            webhook(receiver.address).deliver(MESSAGE)
        assert len(receiver.sent) == 1


def test_a_redirect_is_not_followed() -> None:
    with receiving() as other:
        location = [("Location", other.address)]
        with receiving("307 Temporary Redirect", headers=location) as receiver:
            hook = webhook(receiver.address)
            with pytest.raises(UndeliveredError, match="not followed"):
                hook.deliver(MESSAGE)
        assert other.sent == []


@pytest.mark.parametrize("status", ["200 OK", "307 Temporary Redirect", "404 Not Found"])
def test_what_it_answers_is_not_read(status: str) -> None:
    with receiving(status, headers=[("Location", "/elsewhere")]) as receiver:
        receiver.parts = 64
        with contextlib.suppress(UndeliveredError):
            webhook(receiver.address).deliver(MESSAGE)
        assert receiver.parts > 32


@pytest.mark.parametrize("date", ["Mon, 01 Jan 99999999999 00:00:00 GMT", "9" * 5000, "soon"])
def test_a_pause_that_nobody_can_keep_is_no_crash(date: str) -> None:
    with (
        receiving("503 Service Unavailable", headers=[("Retry-After", date)]) as receiver,
        pytest.raises(UndeliveredError, match="cannot be asked"),
    ):
        webhook(receiver.address).deliver(MESSAGE)


def test_a_redirect_that_breaks_off_is_a_redirect() -> None:
    headers = [
        ("Location", "/elsewhere"),
        ("Content-Length", str(2**21)),
        ("Content-Encoding", "gzip"),
    ]
    with receiving("307 Temporary Redirect", headers=headers) as receiver:
        receiver.parts, receiver.part = 1, gzip.compress(random.Random(1).randbytes(2**20))
        with pytest.raises(UndeliveredError, match="not followed"):
            webhook(receiver.address).deliver(MESSAGE)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_that_leads_into_a_private_network_gets_nothing(
    monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    with receiving() as receiver:
        port = int(receiver.address.split(":")[2].split("/")[0])
        plain = socket.getaddrinfo

        def getaddrinfo(host: str, *rest: Any) -> object:
            return plain("127.0.0.1" if host == "hooks.example" else host, *rest)

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        address = f"hooks.example:{port}{PATH}"
        with pytest.raises(UndeliveredError, match="private network") as raised:
            Webhook(f"{scheme}://{address}").deliver(MESSAGE)
        assert "hooks.example" not in str(raised.value)
        assert receiver.sent == []
        Webhook(f"http://{address}", private=True).deliver(MESSAGE)
        assert len(receiver.sent) == 1


def test_a_certificate_is_checked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    authority = trustme.CA()
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(own)
    with receiving(tls=own) as receiver:
        hook = webhook(receiver.address)
        with pytest.raises(UndeliveredError, match="certificate is not accepted"):
            hook.deliver(MESSAGE)
        assert receiver.sent == []
        authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
        known = str(tmp_path / "authority.pem")
        monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", known)
        hook.deliver(MESSAGE)
        assert len(receiver.sent) == 1


@pytest.mark.parametrize(
    "address",
    [
        "hooks.example/services/T0SECRET",
        "ftp://hooks.example/T0SECRET",
        "https://user:T0SECRET@hooks.example/",
        "https://hooks.example/T0SECRET x",
        "https://[::1/T0SECRET",
        "http://hooks.example/T0SECRET",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_and_not_shown(address: str) -> None:
    with pytest.raises(InputError, match="GRADER_WEBHOOK holds") as raised:
        webhook(address)
    assert "T0SECRET" not in str(raised.value)
    assert "hooks.example" not in str(raised.value)


@pytest.mark.parametrize("secret", ["plain", "whsec_", "whsec_%%%", "whsec_c2hvcnQ="])
def test_a_secret_that_cannot_be_used_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(InputError, match="GRADER_WEBHOOK_SECRET") as raised:
        webhook("https://hooks.example/x", secret=secret)
    assert "plain" not in str(raised.value)
    assert "whsec_c2hvcnQ=" not in str(raised.value)


def test_no_webhook_is_none() -> None:
    assert Webhook.of({}, WebhookFormat.JSON, allow_private=False) is None


def test_the_address_and_the_secret_are_in_no_repr() -> None:
    shown = repr(webhook("https://hooks.example/T0SECRET", secret=SECRET))
    assert "hooks.example" not in shown
    assert "0123456789" not in shown


SENDS = """
import logging
import sys
logging.basicConfig(level=logging.DEBUG)
from datetime import UTC, datetime
from grader.delivery.watch.messages import Message, UndeliveredError
from grader.delivery.watch.webhook import Webhook
try:
    Webhook(sys.stdin.read(), private=True).deliver(Message("1", "words", {}, datetime.now(UTC)))
except UndeliveredError as error:
    print(error)
"""


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_nothing_that_is_said_tells_the_address(scheme: str) -> None:
    # Nobody listens: urllib3 itself would log the address when it tries again.
    address = f"{scheme}://127.0.0.1:{free_port()}{PATH}"
    done = subprocess.run(
        [sys.executable, "-c", SENDS], input=address, capture_output=True, text=True, check=True
    )
    assert done.stdout == "the webhook cannot be reached\n"
    assert done.stderr == ""
