"""Components are installed where they are missing, and told about in words where they cannot be."""

import sys
from pathlib import Path

import pytest

from tests import components
from tests.components import Component, advice, find_program, install, require


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> str:
    """A component that is not there and cannot be installed."""
    unicorn = Component("tests of unicorns", lambda: None, ("no-such-installer", "unicorn"))
    monkeypatch.setattr(components, "COMPONENTS", {"unicorn": unicorn})
    return "unicorn"


def test_a_missing_component_skips_in_words(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STRICT", raising=False)
    words = "unicorn is missing, needed for tests of unicorns. Run: no-such-installer unicorn"
    with pytest.raises(pytest.skip.Exception, match=words):
        require(missing)


def test_a_missing_component_fails_where_strict(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRICT", "1")
    with pytest.raises(pytest.fail.Exception, match="unicorn is missing"):
        require(missing)


def test_an_installer_that_is_not_there_stops_nothing(missing: str) -> None:
    assert install(missing) is None


def test_installing_runs_the_command_only_where_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    tool = Component(
        "tests of installing",
        lambda: log if log.is_file() else None,
        (sys.executable, "-c", f"open({str(log)!r}, 'a').write('installed ')"),
    )
    monkeypatch.setattr(components, "COMPONENTS", {"tool": tool})
    assert install("tool") == log
    assert install("tool") == log
    assert log.read_text() == "installed "


@pytest.mark.skipif(find_program("apt-get") is None, reason="only Debian has apt-get")
def test_the_advice_names_the_system_s_own_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(components, "is_root", lambda: False)
    assert advice("chromium").startswith("Run: sudo apt-get install -y ")
    assert advice("chromium").endswith(" chromium")
