"""Links inside links: mail and chat programs put their own address around each link in a message.

Source of the forms: each program's documentation, and the decoders that people have published.
"""

import base64
import binascii
import re
from collections.abc import Callable
from urllib.parse import parse_qs, unquote

from grader.links.hosts import OPEN_IT, LinkError

_PARTS = re.compile(r"([^/?#\s:@]+)(.*)", re.DOTALL)
_V3 = re.compile(r"/v3/__(.+?)__(?:;([\w-]*)|$)", re.DOTALL)
_V3_REPLACED = re.compile(r"\*(?:\*(.))?", re.DOTALL)
_ENCODED = re.compile(r"https?%3a", re.IGNORECASE)  # an address that was wrapped twice at once
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def unwrap(link: str) -> tuple[str, str] | None:
    """Give the link inside another, and the name of the program that wrapped it; None without one.

    `link` has no http:// in front. The link inside may be wrapped itself.

    Raises:
        LinkError: the link inside is missing or cut off.
    """
    if not (parts := _PARTS.fullmatch(link)):
        return None
    host, rest = parts[1].lower(), parts[2].replace("&amp;", "&")
    for whose, hosts, path, find in _WRAPPERS:
        if re.fullmatch(hosts, host) and rest.startswith(path):
            inside = find(rest)
            if not inside:
                raise LinkError(f"The link that {whose} wrapped is missing or cut off.", OPEN_IT)
            return (unquote(inside) if _ENCODED.match(inside) else inside), whose
    return None


def _parameter(*names: str) -> Callable[[str], str]:
    """Find the first of these parameters of the query that holds anything."""

    def find(rest: str) -> str:
        values = parse_qs(rest.partition("?")[2].partition("#")[0])
        return next((values[name][0] for name in names if name in values), "")

    return find


def _proofpoint(rest: str) -> str:
    if rest.startswith("/v3/"):
        return _proofpoint_3(rest)
    written = _parameter("u")(rest)
    if rest.startswith("/v2/"):
        written = unquote(written.replace("-", "%").replace("_", "/"))
    return written


def _proofpoint_3(rest: str) -> str:
    """Put back what version 3 has replaced by asterisks and added in base64 behind the link."""
    if not (parts := _V3.match(rest)):
        return ""
    replaced = iter(_decoded(parts[2] or ""))

    def put_back(mark: re.Match[str]) -> str:
        many = 1 if mark[1] is None else _BASE64.find(mark[1]) + 2
        return "".join(char for char, _ in zip(replaced, range(many), strict=False))

    return _V3_REPLACED.sub(put_back, parts[1])


def _base64_parameter(rest: str) -> str:
    return _decoded(_parameter("u")(rest))


def _decoded(text: str) -> str:
    try:
        padded = text + "=" * (-len(text) % 4)
        return base64.urlsafe_b64decode(padded.encode("ascii")).decode("utf-8")
    except (binascii.Error, UnicodeError):
        return ""


def _last_of_path(rest: str) -> str:
    return unquote(rest.partition("?")[0].rstrip("/").rpartition("/")[2])


def _between_underscores(rest: str) -> str:
    inside = rest.partition("___")[2].partition("___")[0]
    return inside if inside.lower().startswith("http") else ""


# The program; a pattern of its hosts; how the rest of the link begins; how to find the link inside.
_WRAPPERS: tuple[tuple[str, str, str, Callable[[str], str]], ...] = (
    (
        "Outlook (Safe Links)",
        r"(?:.+\.)?safelinks\.protection\.(?:outlook\.com|office365\.us|partner\.outlook\.cn)",
        "",
        _parameter("url"),
    ),
    ("Microsoft Teams", r"statics\.teams\.(?:cdn\.)?[a-z0-9.]+", "/", _parameter("url")),
    ("Google", r"(?:www\.)?google\.[a-z]{2,3}(?:\.[a-z]{2})?", "/url?", _parameter("q", "url")),
    ("Google Meet", r"meet\.google\.com", "/linkredirect", _parameter("dest")),
    ("Proofpoint", r"urldefense(?:\.proofpoint)?\.(?:com|us)", "/v", _proofpoint),
    ("Slack", r"slack-redir\.net", "/link", _parameter("url")),
    ("Facebook", r"(?:www|m|l|lm)\.facebook\.com", "/l.php", _parameter("u")),
    ("Facebook", r"(?:www|m|l|lm)\.facebook\.com", "/flx/warn", _parameter("u")),
    ("Messenger", r"l\.messenger\.com", "/l.php", _parameter("u")),
    ("Instagram", r"l\.instagram\.com", "/", _parameter("u")),
    ("Threads", r"l\.threads\.(?:net|com)", "/", _parameter("u")),
    ("WhatsApp", r"l\.wl\.co", "/l", _parameter("u")),
    ("LinkedIn", r"(?:www\.)?linkedin\.com", "/safety/go", _parameter("url")),
    ("LinkedIn", r"(?:www\.)?linkedin\.com", "/redir/", _parameter("url")),
    ("YouTube", r"(?:www\.)?youtube\.com", "/redirect", _parameter("q")),
    ("Telegram", r"t\.me", "/iv", _parameter("url")),
    ("QQ", r"c\.pc\.qq\.com", "/", _parameter("pfurl", "url")),
    ("Feishu", r"security\.(?:feishu\.cn|larksuite\.com)", "/link/", _parameter("target")),
    ("Barracuda", r"linkprotect\.cudasvc\.com", "/url", _parameter("a")),
    ("Cisco", r"secure-web\.cisco\.com", "/", _last_of_path),
    ("Sophos", r"(?:.+\.)?protection\.sophos\.com", "/", _base64_parameter),
    ("Symantec", r"clicktime\.symantec\.com", "/", _parameter("u")),
    ("Trend Micro", r"(?:.+\.)?trendmicro\.com", "/wis/clicktime/", _parameter("url")),
    ("Trellix", r"protect2?\.fireeye\.com", "/", _parameter("u")),
    (
        "Check Point",
        r"(?:url\.avanan\.click|protect\.checkpoint\.com)",
        "/v2/",
        _between_underscores,
    ),
    (
        "Mimecast (which tells the host alone)",
        r"(?:.+\.)?mimecast(?:protect)?\.com",
        "/s/",
        _parameter("domain"),
    ),
)
