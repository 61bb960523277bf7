"""How the commands end: exit codes, and what they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DONE, FALLS_SHORT, BAD_INPUT, NOT_GRADED, INTERRUPTED = 0, 1, 2, 3, 130
EXIT_CODES: Mapping[int, str] = {
    DONE: "Done.",
    FALLS_SHORT: "The app falls short; check and ask alone say that.",
    BAD_INPUT: "An option or a file is wrong, or this machine lacks a program: the text says what.",
    NOT_GRADED: "Something could not be graded, through no fault of a student's.",
    INTERRUPTED: "Stopped by Ctrl-C.",
}
"""What the exit codes mean in general; a command may say more of its own."""
