"""Which texts can be a student's id, and which of them a spreadsheet has changed."""

import re

from grader.text.comparing import id_key

MAX_ID_BYTES = 64
# A gradebook would run =, +, - and @ as a formula, and a file name has no room for more.
_ID = re.compile(r"\w[\w.+'-]*(?<!\.)")
_MONTH = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|mrz|mär|mai|okt|dez|janv|févr|fevr|"
    r"mars|avr|juin|juil|août|aout|déc|ene|abr|ago|dic|gen|mag|giu|lug|set|ott|fev|out|mrt|mei)"
)
# With a sign, as spreadsheets write it: an id may be 12e5.
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?E[+-]\d{1,3}", re.IGNORECASE)
_DECIMAL = re.compile(r"\d+[.,]0+")
_DATE = re.compile(
    rf"\d{{1,2}}-{_MONTH}\.?(?:-\d{{2,4}})?|{_MONTH}\.?-\d{{2,4}}"
    r"|\d{1,2}[月월]\d{1,2}[日일]|\d{4}-\d{2}-\d{2}(?:[ T][\d:.]+)?"
    r"|\d{1,2}([./-])\d{1,2}\1(?:19|20)\d{2}",
    re.IGNORECASE,
)
_TRUTH = re.compile(r"TRUE|FALSE|True|False|WAHR|FALSCH|VRAI|FAUX|VERDADERO|VERO|FALSO")
_ERROR = re.compile(r"#(?:N/A|NAME\?|REF!|VALUE!|DIV/0!|NUM!|NULL!|#+)")
_AS_TEXT = (
    "Make the column text in the spreadsheet before the ids are filled in, or take the file as it "
    "was exported, without opening it in a spreadsheet."
)


def split_address(written: str) -> tuple[str, str]:
    """The id of an address, and its domain in small letters; empty if it is no address."""
    at = written.rfind("@")
    return (written[:at], written[at + 1 :].casefold()) if at > 0 else (written, "")


def wrong_id(andrew_id: str, shown_in: str = "") -> str:
    """Say why a text without domain cannot be a student's id; empty if it can.

    `shown_in` is the number format of the cell, if it could not be applied.
    """
    if not andrew_id:
        return "The row has no student id: fill it in or delete the row."
    if shown_in:
        return (
            f"{andrew_id!r} is a number that the spreadsheet shows in the form {shown_in!r:.50}, "
            f"so the id is not certain. {_AS_TEXT}"
        )
    if made := _made_by_a_spreadsheet(andrew_id):
        return f"{andrew_id!r} is {made}, so the id itself is lost. {_AS_TEXT}"
    if id_key(andrew_id) == "anonymous":
        return (
            f"{andrew_id!r} is nobody's student id: the form did not record who sent it. Ask for "
            "the id in a question, and say which column it is."
        )
    if len(andrew_id.encode(errors="replace")) > MAX_ID_BYTES:
        return f"A student id has at most {MAX_ID_BYTES} characters."
    if not _ID.fullmatch(andrew_id):
        return (
            f"{andrew_id!r} cannot be a student id: it begins with a letter or digit, and holds "
            "letters, digits and . _ - + ' only."
        )
    return ""


def _made_by_a_spreadsheet(andrew_id: str) -> str:
    if _SCIENTIFIC.fullmatch(andrew_id):
        return "what a spreadsheet makes of a long number"
    if _DECIMAL.fullmatch(andrew_id):
        return "a number with decimals, as a spreadsheet makes of an id"
    if _DATE.fullmatch(andrew_id):
        return "a date, as a spreadsheet makes of an id such as MAR5"
    if _TRUTH.fullmatch(andrew_id):
        return "a truth value of a spreadsheet"
    if _ERROR.fullmatch(andrew_id):
        return "an error of a spreadsheet"
    return ""
