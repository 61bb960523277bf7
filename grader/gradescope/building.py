"""Builds the autograder zip: two scripts, the battery, and a copy of the grader's source.

Source of the layout: Gradescope's autograder specification. The zip is unpacked into
`/autograder/source`; `setup.sh` runs once when the image is built, `run_autograder` for each
submission.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import grader
from grader.asking.passes import WAKE_SECONDS
from grader.formats.files import file_stem
from grader.formats.words import decimal
from grader.gradescope.autograder import OPTIONS
from grader.model import Battery, InputError, Limits, ProbeKind, Submission
from grader.questions import ColumnError, draw

_SCRIPTS = ("setup.sh", "run_autograder")
_PROJECT_FILES = ("pyproject.toml", "README.md", "LICENSE")
_EXECUTABLE, _PLAIN = 0o100755, 0o100644
# The earliest date that a zip can hold: the same input gives the same bytes.
_DATE = (1980, 1, 1, 0, 0, 0)


class GradescopeError(InputError):
    """The zip cannot be built; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Autograder:
    """An autograder for Gradescope.

    Attributes:
        content: the zip file.
        points: what the battery's questions are worth together.
    """

    content: bytes
    points: str


def is_autograder(path: Path) -> bool:
    """Whether a file is an autograder's zip, which a new one may replace."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return set(_SCRIPTS) <= set(archive.namelist())


def build(battery: Battery, limits: Limits, seed: int | None) -> Autograder:
    """Build an autograder that asks this battery, with new questions each time but for a `seed`.

    Raises:
        GradescopeError: the battery needs what the container does not have.
    """
    try:
        questions = draw(battery, Submission("student", url=""), 0, limits.probes)
    except ColumnError as error:
        raise GradescopeError(
            f"{error}, as there is no roster in Gradescope: choose a battery without columns."
        ) from None
    if any(question.probe is ProbeKind.BROWSER for question in questions):
        raise GradescopeError(
            "The autograder's container has no browser: choose a battery and --probe that ask "
            "through api or page."
        )
    name = f"battery/{file_stem(battery.name)}.toml"
    content = {
        **dict(_source()),
        name: battery.source.encode(),
        OPTIONS: json.dumps(_options(name, limits, seed), indent=1).encode(),
    }
    return Autograder(_zipped(content), decimal(battery.points))


def _options(battery: str, limits: Limits, seed: int | None) -> list[str]:
    """The options of `grader check`, run in the folder that the zip is unpacked into."""
    return [
        *("--battery", battery),
        *("--probe", ",".join(limits.probes)),
        *("--timeout", str(limits.timeout)),
        *("--wake-timeout", str(limits.wake_timeout or WAKE_SECONDS)),
        *("--degraded-after", str(limits.degraded_after)),
        *(("--seed", str(seed)) if seed is not None else ()),
        *(("--allow-private",) if limits.allow_private else ()),
    ]


def _source() -> Iterator[tuple[str, bytes]]:
    scripts = files("grader.gradescope") / "scripts"
    for name in _SCRIPTS:
        # Read as text: a checkout on Windows may have line ends that bash does not take.
        yield name, (scripts / name).read_text("utf-8").encode()
    package = Path(grader.__file__).parent
    root = package.parent
    for name in _PROJECT_FILES:
        if not (root / name).is_file():
            raise GradescopeError(
                f"The grader's source has no {name} here: run it from a clone of the repository, "
                'installed with: pip install -e ".[grader]"'
            )
        yield name, (root / name).read_bytes()
    for path in sorted(package.rglob("*")):
        inside = path.relative_to(root)
        made = any(part.startswith((".", "__pycache__")) for part in inside.parts)
        if path.is_file() and not made:
            yield inside.as_posix(), path.read_bytes()


def _zipped(content: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system = 3  # Unix, which alone has the permissions below
            entry.external_attr = (_EXECUTABLE if name in _SCRIPTS else _PLAIN) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return file.getvalue()
