"""The two addresses that `gate` and `replay` compare."""

from grader.cli import sides
from grader.model import Limits


def test_an_app_on_this_machine_opens_no_private_address_to_the_other_one() -> None:
    """The other one could redirect to whatever else runs on this machine."""
    candidate, baseline = sides.read(
        ("CANDIDATE", "http://localhost:3000"),
        ("--baseline", "https://your-app.example.org"),
        limits=Limits(timeout=3.0),
        bypass_secret="",
    )
    assert candidate.limits == Limits(timeout=3.0, allow_private=True)
    assert baseline.limits == Limits(timeout=3.0)
