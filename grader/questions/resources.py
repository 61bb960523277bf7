"""The files that come with this package: word lists, facts and batteries."""

import tomllib
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

_PACKAGE = files("grader.questions")


def lines(name: str) -> list[str]:
    """Read the lines of a text file in `data`, without blank ones and those that begin with `#`."""
    text = _PACKAGE.joinpath("data", name).read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def table(name: str) -> dict[str, Any]:
    """Read a TOML file in `data`."""
    return tomllib.loads(_PACKAGE.joinpath("data", name).read_text("utf-8"))


def shipped_batteries() -> dict[str, Traversable]:
    """Find the batteries that come with the grader, by name."""
    return {
        file.name.removesuffix(".toml"): file
        for file in _PACKAGE.joinpath("batteries").iterdir()
        if file.name.endswith(".toml")
    }
