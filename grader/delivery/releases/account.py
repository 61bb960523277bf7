"""Whose interface is asked: the token and the address, from the environment."""

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from grader.delivery.releases.platform import PlatformError
from grader.model import BYPASS_SECRET
from grader.text.hosts import leads_to_own_machine


@dataclass(frozen=True, slots=True)
class Account:
    """Where a platform is asked, and with what.

    Attributes:
        platform: its name for people.
        token_in: the environment's variable with the token.
        usual_address: of the interface.
        address_in: the environment's variable with another address, such as that of a proxy.
        accept: the media type to ask for.
    """

    platform: str
    token_in: str
    usual_address: str
    address_in: str
    accept: str = "application/json"

    def token(self) -> str:
        """The token; PlatformError if there is none that can be sent."""
        token = os.environ.get(self.token_in, "").strip()
        if not token:
            raise PlatformError(
                f"{self.platform} needs a token: make one in its dashboard, and set the "
                f"environment variable {self.token_in} to it. Never write it into a file of the "
                "repository."
            )
        if not BYPASS_SECRET.fullmatch(token):
            raise PlatformError(
                f"What is in {self.token_in} is no token: there is a blank, a line break or an "
                "unusual character in it. Copy it once more."
            )
        return token

    def address(self) -> str:
        """Where to ask; PlatformError if the token is not safe on the way there."""
        address = os.environ.get(self.address_in, "").strip().rstrip("/") or self.usual_address
        try:
            parts = urlsplit(address)
            is_plain = bool(parts.hostname) and "@" not in parts.netloc and not parts.query
            is_safe = parts.scheme == "https" or (
                parts.scheme == "http" and leads_to_own_machine(address)
            )
        except ValueError:
            is_plain = is_safe = False
        if not (is_plain and is_safe):
            raise PlatformError(
                f"The address in {self.address_in} has to begin with https:// (or to be on this "
                "machine) and to hold no password: the token is sent there."
            )
        return address
