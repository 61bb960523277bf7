"""Checks one submission inside Gradescope's container; `run_autograder` runs it.

It finds out who handed in which URL, runs `grader check`, and always leaves a `results.json` with
words for the student. After a mistake of the student, the score is 0. After any other fault, there
is no score.
"""

import codecs
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from grader.formats.gradescope_json import render_message
from grader.links import LinkError, read_link
from grader.model import InputError
from grader.store import write_private

OPTIONS = "check_options.json"
_FILE = "url.txt"
_MAX_BYTES = 64 * 1024
_ID = re.compile(r"\w[\w.+'-]{0,99}")
_TELL = "Tell your instructor; this is no zero, and it is no fault of yours."


class HandInError(InputError):
    """The submission cannot be checked; the text tells the student why and what to do."""


class MetadataError(InputError):
    """Gradescope's metadata does not say who handed in."""


def result(root: Path) -> str:
    """Check the submission that lies under `root`, and give the text of its `results.json`."""
    try:
        student, note = _student(root / "submission_metadata.json")
        options = json.loads((root / "source" / OPTIONS).read_text("utf-8"))
        handed_in = _handed_in(root / "submission")
        read_link(handed_in, allow_private="--allow-private" in options)
    except (HandInError, LinkError) as error:
        return render_message(f"There is nothing that could be checked. {error}", score=0.0)
    except MetadataError as error:
        return render_message(f"The grader does not know whose this is: {error}. {_TELL}", None)
    check = [sys.executable, "-X", "utf8", "-m", "grader", "check", "--format", "gradescope"]
    check += ["--andrew-id", student, *options, "--", handed_in]
    checked = subprocess.run(check, cwd=root / "source", stdout=subprocess.PIPE, encoding="utf-8")
    try:
        found: dict[str, Any] = json.loads(checked.stdout)
    except ValueError:
        return render_message(f"The grader could not check this. {_TELL}", None)
    found["output"] = note + found["output"]
    return json.dumps(found, indent=2) + "\n"


def _student(metadata: Path) -> tuple[str, str]:
    """The id of the student, and a sentence for students who handed in together."""
    try:
        users = json.loads(metadata.read_text("utf-8"))["users"]
        first = users[0]
        email, sid = first.get("email"), first.get("sid")
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise MetadataError(f"its metadata lacks a user ({type(error).__name__})") from None
    local = email.partition("@")[0] if isinstance(email, str) else ""
    student = str(local or sid or "").strip()
    if not _ID.fullmatch(student):
        raise MetadataError("its metadata has no email address and no student id to go by")
    together = f"Handed in by {len(users)} students, checked for the first of them: {student}.\n"
    return student, together if len(users) > 1 else ""


def _handed_in(folder: Path) -> str:
    """The text of the one file that counts."""
    # A link in an unpacked archive could lead to any file of the container.
    found = [path for path in folder.glob("[!._]*") if path.is_file() and not path.is_symlink()]
    chosen = [path for path in found if path.name.casefold() == _FILE] or found
    if len(chosen) != 1:
        there = f"There are {len(chosen)} files" if chosen else "There is no file"
        raise HandInError(f"{there}: upload one, called {_FILE}, with your app's URL in it.")
    with chosen[0].open("rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise HandInError("The file is too large: write nothing but your app's URL into it.")
    # On Windows, the redirected output of a command is UTF-16.
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = data.decode("utf-16" if wide else "utf-8-sig", "replace").strip()
    if "\0" in text:
        raise HandInError("The file is no plain text: write nothing but your app's URL into it.")
    return text


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    write_private(folder / "results" / "results.json", [result(folder)])
