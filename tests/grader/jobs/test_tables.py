"""What is stored, and what an earlier version has stored."""

import sqlite3
from contextlib import closing
from pathlib import Path

from grader.jobs import Run
from grader.jobs.tables import NOTES
from grader.model import Note, NoteKind
from tests.grader.apps import ACTIVITY, SEED


def test_notes_come_back_as_they_were() -> None:
    notes = tuple(Note(f"About {kind}.", kind) for kind in NoteKind)
    assert NOTES.validate_json(NOTES.dump_json(notes)) == notes


def test_notes_of_before_they_had_kinds_are_read(tmp_path: Path) -> None:
    store = tmp_path / "run.sqlite"
    Run.begin(store, ACTIVITY, SEED).close()
    words = [
        "This is the sample class of grader demo: its students and their apps are invented.",
        "No longer in the roster, kept in the run: ada.",
        "Read as UTF-8.",
    ]
    with closing(sqlite3.connect(store)) as connection:
        quoted = ", ".join(f'"{each}"' for each in words)
        connection.execute("UPDATE run SET notes = ?", (f"[{quoted}]",))
        connection.commit()
    with closing(Run.open(store)) as run:
        assert [note.words for note in run.info.notes] == words
        kinds = [note.kind for note in run.info.notes]
        assert kinds == [NoteKind.SAMPLE, NoteKind.UNLISTED, NoteKind.ROSTER]
        assert run.info.is_sample
