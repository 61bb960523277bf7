"""Alerts to a program of the operator's: JSON on its standard input, no shell, bounded in time."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import IO, ClassVar

from grader.delivery.watch.messages import Message, UndeliveredError
from grader.text.cutting import excerpt, quoted

SECONDS = 30.0
_READ = 1000  # bytes of what it says that are looked at


@dataclass(frozen=True, slots=True)
class Command:
    """A program and its arguments; nothing in them is replaced."""

    arguments: tuple[str, ...]
    seconds: float = SECONDS

    name: ClassVar[str] = "command"

    @classmethod
    def of(cls, line: str) -> "Command":
        """Read a line as a shell splits it.

        Raises:
            ValueError: if it is empty, a quotation mark is not closed, or there is no such program.
        """
        try:
            # A backslash is part of a path on Windows, and no sign of the shell's.
            arguments = tuple(shlex.split(line, posix=sys.platform != "win32"))
        except ValueError as error:
            raise ValueError(f"it cannot be split into words: {error}") from None
        if not arguments:
            raise ValueError("it must not be empty")
        if shutil.which(arguments[0]) is None:
            raise ValueError(
                f"there is no program {quoted(arguments[0])}: write one that can be started, or "
                "its whole path"
            )
        return cls(arguments)

    def deliver(self, message: Message) -> None:
        """Run it, and give it our JSON.

        Raises:
            UndeliveredError: if it cannot be started, takes too long, or ends with another code
                than 0.
        """
        with tempfile.TemporaryFile() as content, tempfile.TemporaryFile() as said:
            # From a file, since a program that does not read would block a pipe.
            content.write(message.json() + b"\n")
            content.seek(0)
            try:
                process = subprocess.Popen(
                    self.arguments,
                    stdin=content,
                    stdout=subprocess.DEVNULL,
                    stderr=said,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                why = getattr(error, "strerror", None) or error
                raise UndeliveredError(f"{self.arguments[0]} cannot be started: {why}") from None
            try:
                code = process.wait(self.seconds)
            except subprocess.TimeoutExpired:
                _stop(process)
                words = f"{self.arguments[0]} took longer than {self.seconds:g} s, and was stopped"
                raise UndeliveredError(words) from None
            if code:
                raise UndeliveredError(f"{self.arguments[0]} ended with {code}{_last_words(said)}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End a program that runs, with all that it has started."""
    if sys.platform == "win32":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _last_words(said: IO[bytes]) -> str:
    end = said.seek(0, os.SEEK_END)
    said.seek(max(0, end - _READ))
    lines = said.read().decode(errors="replace").strip().splitlines()
    return f": {excerpt(lines[-1])}" if lines else ""
