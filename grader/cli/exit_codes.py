"""How the commands end: exit codes, and what they mean."""

DONE, FALLS_SHORT, BAD_INPUT, NOT_GRADED, INTERRUPTED = 0, 1, 2, 3, 130
# What they mean in general; a command may say more about its own.
EXIT_CODES = {
    DONE: "Done.",
    FALLS_SHORT: "The app falls short, or the answer is no: only check, ask, gate, replay, watch, "
    "releases and pipeline end like this.",
    BAD_INPUT: "An option or a file is wrong, or this machine lacks a program: the text says what.",
    NOT_GRADED: "Something could not be graded, through no fault of a student's.",
    INTERRUPTED: "Stopped by Ctrl-C.",
}
