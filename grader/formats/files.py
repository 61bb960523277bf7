"""Names of the files that are written for each student."""

import hashlib
import re

# Windows opens a device under these names, whatever the extension and the case.
# Source: Microsoft, "Naming Files, Paths, and Namespaces".
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)", re.IGNORECASE)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")

# File systems take 255 bytes; this leaves room for an extension and a temporary suffix.
_LONGEST = 200


def student_file_name(andrew_id: str) -> str:
    """Name a student's page so that every file system takes it.

    Two ids never share a name, except ids that differ in case alone on a file system that ignores
    case; a roster does not hold such ids.
    """
    return f"{file_stem(andrew_id)}.html"


def file_stem(andrew_id: str) -> str:
    """Give an id as letters, digits and ``. _ - ~``: also safe as an anchor in a page."""
    stem = _UNSAFE.sub(_escaped, andrew_id) or "~"
    if stem.startswith(".") or _DEVICES.match(stem):
        stem = f"~{ord(stem[0]):x}~{stem[1:]}"
    if len(stem) > _LONGEST:
        # Three tildes in a row come from nowhere else, so no other id has this name.
        digest = hashlib.sha256(stem.encode()).hexdigest()
        stem = f"{stem[:100]}~~~{digest}"
    return stem


def _escaped(found: re.Match[str]) -> str:
    return f"~{ord(found.group()):x}~"
