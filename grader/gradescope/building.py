"""Builds the autograder zip: two scripts, the battery, and a copy of the grader's source.

Source of the layout: Gradescope's autograder specification. The zip is unpacked into
`/autograder/source`; `setup.sh` runs once when the image is built, `run_autograder` for each
submission.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path

import grader
from grader.asking.passes import WAKE_SECONDS
from grader.formats.files import file_stem
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


def is_autograder(path: Path) -> bool:
    """Whether a file is the zip of an autograder, so that a new one may replace it."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return set(_SCRIPTS) <= set(archive.namelist())


def build(battery: Battery, limits: Limits, seed: int | None) -> bytes:
    """Build the zip of an autograder. If `seed` is None, it draws new questions each time.

    Raises:
        GradescopeError: if the battery needs a roster or a browser; the container has neither.
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
    return _zipped(content)


def _options(battery: str, limits: Limits, seed: int | None) -> list[str]:
    """The options of `grader check`, which runs in the folder of the unpacked zip."""
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
        # Read as text: on Windows, the files may have line ends that bash refuses.
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
        is_made = any(part.startswith((".", "__pycache__")) for part in inside.parts)
        if path.is_file() and not is_made:
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
