"""The forms in which ids, headers and titles are compared."""

import re


def id_key(andrew_id: str) -> str:
    """The form of a student's id or mail address: without regard to case."""
    return andrew_id.casefold()


def header_key(header: str) -> str:
    """The form of a column's header: without case, blanks and punctuation."""
    return re.sub(r"[\W_]+", "", header).casefold()


def title_key(title: str) -> str:
    """The form of a title: without regard to case and to how wide its blanks are."""
    return " ".join(title.split()).casefold()
