"""What holds for the repository as a whole."""

import re
import subprocess
import sys
import tomllib

import pytest

from tests.components import ROOT

LOCK_FILES = {
    "Pipfile.lock",
    "package-lock.json",
    "pdm.lock",
    "poetry.lock",
    "pylock.toml",
    "uv.lock",
}

# In pieces, or this file would name them itself.
REGISTRY_HOSTS = (
    "pypi" + ".org",
    "python" + "hosted.org",
    "registry." + "npmjs.org",
    "registry." + "yarnpkg.com",
    "deb." + "debian.org",
)
# Harry Bovik is nobody: his home folder may stand in an example.
MACHINE_PATH = re.compile(
    r"(?:(?<![\w.])/(?:home|root|Users|work)/|[A-Z]:\\{1,2}Users\\{1,2})(?!bovik)\w+"
)

# Runs the console script as it is where only the web app's dependencies are installed.
WITHOUT_THE_EXTRA = """
import sys

class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, NotInstalled())
from grader.__main__ import main
sys.argv = ["grader", *{arguments!r}]
sys.exit(main())
"""


def tracked_files() -> list[str]:
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [name for name in listing.split("\0") if (ROOT / name).is_file()]


def tracked_text() -> dict[str, str]:
    found = {}
    for name in tracked_files():
        content = (ROOT / name).read_bytes()
        if b"\0" not in content:
            found[name] = content.decode("utf-8", "replace")
    return found


def test_python_version_is_one_that_every_platform_takes() -> None:
    version = (ROOT / ".python-version").read_text(encoding="utf-8")
    # Vercel refuses 3.11, and Heroku wants major.minor to get security fixes.
    assert re.fullmatch(r"3\.1[2-4]\n", version)


def test_no_lock_file_is_tracked() -> None:
    names = {name.rpartition("/")[2] for name in tracked_files()}
    assert "pyproject.toml" in names
    assert names & LOCK_FILES == set()


@pytest.mark.parametrize("host", REGISTRY_HOSTS)
def test_no_package_registry_is_named(host: str) -> None:
    assert [name for name, text in tracked_text().items() if host in text] == []


def test_no_path_of_a_machine_is_named() -> None:
    found = {name: MACHINE_PATH.findall(text) for name, text in tracked_text().items()}
    assert {name: paths for name, paths in found.items() if paths} == {}


def test_every_fork_gets_the_whole_text_of_the_license() -> None:
    license_text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert license_text.startswith("MIT License\n\nCopyright (c) ")
    assert "the contributors" in license_text
    assert "WITHOUT WARRANTY OF ANY KIND" in license_text


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "http://localhost:3000", "--andrew-id", "x"],
        ["questions", "--andrew-id", "x"],
        ["demo"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_the_console_script_without_its_extra_says_which_to_install(arguments: list[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    import_names = {"python-dateutil": "dateutil"}
    extra = {re.split(r"[<>=\[]", line)[0] for line in project["optional-dependencies"]["grader"]}
    with_flask = {"click", "jinja2"}  # Flask needs these itself
    missing = {import_names.get(name, name) for name in extra - with_flask}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_EXTRA.format(names=missing, arguments=arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert ".[grader]" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
