"""`grader` and `python -m grader`."""

import gc
import sys

# A class's replies stay in memory: the usual searches for garbage would take a tenth of the time.
_NEW_OBJECTS = 50_000
_MISSING = """grader needs {}, which comes with its extra. In the project's folder:
    pip install -e ".[grader]\""""


def main() -> None:
    """Run the command line, or say which extra it needs (exit code 2)."""
    gc.set_threshold(_NEW_OBJECTS)
    try:
        from grader.cli import cli

        cli(prog_name="grader")
    except ModuleNotFoundError as error:
        # Commands import what they need when they run, so this may come from anywhere below.
        if error.name is None or error.name.partition(".")[0] == "grader":
            raise
        print(_MISSING.format(error.name), file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
