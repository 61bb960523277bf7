"""Files with grades: written whole or not at all, and only their owner can read them."""

import contextlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path


def write_private(path: Path, chunks: Iterable[str | bytes]) -> None:
    """Replace `path` by a file (mode 0600) of `chunks`; text is written as UTF-8.

    Readers see the old file or the new one, never a part. This does not wait for the disk: the file
    can be made again from the store.

    Raises:
        OSError: if the folder cannot be written; the old file is then still there.
    """
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with open(handle, "wb") as file:
            for chunk in chunks:
                file.write(chunk.encode() if isinstance(chunk, str) else chunk)
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError):
            # The message names the file that was asked for, not the temporary one.
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
