"""How the tables of a run were changed from version to version.

The statements name tables and columns as they were at that time: they do not change any more.
"""

# Version 4 had six booleans for each attempt, and two for each submission.
_STATUS_OF_A_SUBMISSION = (
    # Stores of the first graders of version 4 have no such table.
    "CREATE TABLE IF NOT EXISTS acceptance (attempt_id INTEGER, document TEXT)",
    """
    CREATE TABLE new_submission (
        id INTEGER NOT NULL PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES run (id),
        student VARCHAR NOT NULL, status VARCHAR NOT NULL, position INTEGER NOT NULL,
        listed BOOLEAN NOT NULL, counting INTEGER, document TEXT NOT NULL
    )
    """,
    """
    INSERT INTO new_submission
    SELECT
        it.id, it.run_id, it.student,
        CASE
            WHEN NOT it.current THEN 'replaced'
            WHEN last.id IS NULL OR last.again THEN 'waiting'
            WHEN last.final THEN 'done'
            ELSE 'once more'
        END,
        it.position, it.listed,
        (
            SELECT attempt.id
            FROM attempt JOIN submission AS any_link ON any_link.id = attempt.submission_id
            WHERE any_link.run_id = it.run_id AND any_link.student = it.student AND attempt.counts
        ),
        it.document
    FROM submission AS it
    LEFT JOIN attempt AS last ON last.submission_id = it.id AND last.current
    """,
    """
    CREATE TABLE new_attempt (
        id INTEGER NOT NULL PRIMARY KEY, submission_id INTEGER NOT NULL REFERENCES submission (id),
        asked_at VARCHAR NOT NULL, seconds FLOAT NOT NULL, outdated BOOLEAN NOT NULL
    )
    """,
    "INSERT INTO new_attempt SELECT id, submission_id, asked_at, seconds, outdated FROM attempt",
    """
    CREATE TABLE new_acceptance (
        attempt_id INTEGER NOT NULL PRIMARY KEY REFERENCES attempt (id), document TEXT
    )
    """,
    """
    INSERT INTO new_acceptance
    SELECT attempt.id, acceptance.document
    FROM attempt LEFT JOIN acceptance ON acceptance.attempt_id = attempt.id
    WHERE attempt.accepted OR acceptance.document IS NOT NULL
    """,
    "DROP TABLE acceptance",
    "DROP TABLE attempt",
    "DROP TABLE submission",
    "ALTER TABLE new_submission RENAME TO submission",
    "ALTER TABLE new_attempt RENAME TO attempt",
    "ALTER TABLE new_acceptance RENAME TO acceptance",
    "CREATE INDEX submission_of_student ON submission (run_id, student)",
    "CREATE INDEX submission_in_order ON submission (run_id, position)",
    "CREATE INDEX ix_attempt_submission_id ON attempt (submission_id)",
    "ALTER TABLE scorecard RENAME COLUMN current TO stands",
    "ALTER TABLE override RENAME COLUMN current TO stands",
)

MIGRATIONS = {4: _STATUS_OF_A_SUBMISSION}
"""A version of the tables -> the SQL statements that make the next version of it."""
