"""The host of a link: whether it is well formed, and whether others can reach it."""

import ipaddress
import re

import idna

from grader.model import InputError, State
from grader.text import cutting
from grader.text.hosts import address_of, is_own_machine

# A password may hold an @ itself; what follows the last one before a slash or blank is the host.
_PASSWORD = re.compile(r"([^\s/\\:@<>]*:)[^\s/\\]+(?=@)")


class LinkError(InputError):
    """A link that cannot be asked: `message` says why, and `advice` (its `str()`) adds the remedy.

    The state is REFUSED if the link leads to a private address, else INVALID.
    """

    def __init__(self, message: str, remedy: str, state: State = State.INVALID) -> None:
        super().__init__(message, remedy, state)
        self.message = message
        self.advice = f"{message} {remedy}"
        self.state = state

    def __str__(self) -> str:
        return self.advice


HAND_IN = "Hand in the address of your deployed app, such as https://your-app.vercel.app."
OPEN_IT = "Open it, and hand in the address that the browser then shows."
DEPLOY = "Deploy the app, and hand in the address that the platform gives it."
_LOCAL_NAMES = (".local", ".internal", ".lan", ".home.arpa")
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]*)(?::([0-9]{0,5}))?", re.IGNORECASE)
_HOST_NAME = re.compile(r"(?=.{1,253}$)(?:(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!$)|$))+")
_IP_V4 = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")


def read_authority(authority: str) -> tuple[str, int | None]:
    """Check host and port; an international host name is given in its ASCII form.

    Raises:
        LinkError: they are malformed, or hold credentials.
    """
    if not authority:
        raise LinkError("There is no host name in the link.", HAND_IN)
    if "@" in authority:
        raise LinkError(
            "The link holds a user name or password.",
            "Hand in the address without the part before the @. If the password is a real one, "
            "change it.",
        )
    matched = _AUTHORITY.fullmatch(authority)
    if matched is None:
        raise LinkError(f'"{excerpt(authority)}" is not a host name with a port.', HAND_IN)
    port = int(matched[2]) if matched[2] else None
    if port is not None and not 1 <= port <= 65535:
        raise LinkError(f"There is no port {port}.", HAND_IN)
    host = matched[1].lower()
    fault = LinkError(f'"{excerpt(host)}" is not a valid host name.', HAND_IN)
    try:
        if host.startswith("["):
            return f"[{ipaddress.IPv6Address(host[1:-1]).compressed}]", port
        if not host.isascii():
            host = idna.encode(host, uts46=True).decode("ascii").lower()
        host = host.removesuffix(".")
        if _IP_V4.fullmatch(host):
            return str(ipaddress.IPv4Address(host)), port
    except ValueError:
        raise fault from None
    # The last part of a name, such as com or de, has no hyphen.
    top = host.rpartition(".")[2] if "." in host else ""
    if not _HOST_NAME.fullmatch(host) or ("-" in top and not top.startswith("xn--")):
        raise fault
    return host, port


def why_private(host: str) -> str:
    """Say why others cannot reach a host; empty if they may."""
    if is_own_machine(host):
        return "This is your own machine: nobody else can reach it."
    address = address_of(host)
    private = address is not None and (not address.is_global or address.is_multicast)
    if private or host.endswith(_LOCAL_NAMES):
        return f"{host} lies in a private network: nobody outside of it can reach it."
    return ""


def excerpt(text: str) -> str:
    """A short text for a message, without passwords."""
    return cutting.excerpt(without_password(text))


def without_password(text: str) -> str:
    """What a student handed in, with *** for a password: this may be stored and shown."""
    return _PASSWORD.sub(r"\1***", text)
