"""Which column of a roster means what: by its header, by its values, or as the instructor says."""

import difflib
import re
from collections.abc import Callable, Mapping

from grader.roster.table import Fault, Table

# Headers by what they mean, without case, spaces and punctuation. Where several are present, the
# first one here that holds any value is taken: logins before numbers, numbers before addresses.
ALIASES: dict[str, tuple[str, ...]] = {
    "andrew_id": (
        *("andrewid", "netid", "sisloginid", "loginid", "login", "username"),
        *("studentid", "sisuserid", "sid", "emailaddress", "email", "studentemail"),
    ),
    "url": ("url",),
    "name": ("name", "studentname", "fullname", "student"),
    "section": ("section", "sections"),
    "email": ("email", "emailaddress", "studentemail"),
    "timestamp": (
        *("timestamp", "submissiontime", "submittedat", "submitted", "submissiondate"),
        "completiontime",
    ),
    "expect_commit": ("expectcommit",),
    "bypass_secret": ("bypasssecret",),
}
_FIRST_NAME = ("firstname", "givenname")
_LAST_NAME = ("lastname", "surname", "familyname")
_LINK = re.compile(
    r"\W*(?:https?[:/]+\S|localhost\b|(?:[\w-]+\.)+[a-z]{2,}(?::\d+)?(?:[/?#]|\W*$))|.*https?://",
    re.IGNORECASE | re.DOTALL,
)

Chosen = dict[str, tuple[int, ...]]


def choose_columns(table: Table, wanted: Mapping[str, str]) -> Chosen:
    """Find the column of each of our words; faults are added to the table's.

    Args:
        table: the roster; its `faults` grow by what is missing or in doubt.
        wanted: our word -> header, as the instructor says.

    Returns:
        Our word -> index of the column; two of them for a name in two columns. Words without a
        column are left out.
    """
    chosen: Chosen = {}
    for word, header in wanted.items():
        if index := _named(table, word, header):
            chosen[word] = index
    keys = [_key(header) for header in table.headers]
    filled = _counted(table, bool)
    for word, aliases in ALIASES.items():
        if word not in wanted and (index := _aliased(table, keys, filled, word, aliases)):
            chosen[word] = index
    if "name" not in {**chosen, **wanted}:
        first = _aliased(table, keys, filled, "name", _FIRST_NAME)
        last = _aliased(table, keys, filled, "name", _LAST_NAME)
        if first or last:
            chosen["name"] = first + last
    if "url" not in {**chosen, **wanted}:
        chosen |= _link_column(table, keys, filled, chosen)
    if "andrew_id" not in {**chosen, **wanted}:
        _fault(
            table,
            "No column holds the students' ids. Name it "
            f"andrew_id, or say which it is: {_option('andrew_id', 'Header')} "
            f"(there are {_listed(table.headers)}).",
        )
    return chosen


def _named(table: Table, word: str, header: str) -> tuple[int, ...]:
    if word not in ALIASES:
        _fault(table, f'"{word}" is no kind of column; there are {", ".join(ALIASES)}.')
        return ()
    for same in (str, _key):
        found = [at for at, title in enumerate(table.headers) if same(title) == same(header)]
        if len(found) == 1:
            return tuple(found)
        if found:
            _fault(table, f'There are {len(found)} columns "{header}": rename all but one.')
            return ()
    nearest = difflib.get_close_matches(header, table.headers, n=1, cutoff=0.0)
    _fault(table, f'There is no column "{header}". The nearest is {_listed(nearest)}.')
    return ()


def _counted(table: Table, counts: Callable[[str], object]) -> list[int]:
    """How many cells of each column count."""
    found = [0] * len(table.headers)
    for record in table.records():
        for index, cell in enumerate(record.cells):
            if counts(cell):
                found[index] += 1
    return found


def _aliased(
    table: Table, keys: list[str], filled: list[int], word: str, aliases: tuple[str, ...]
) -> tuple[int, ...]:
    present = [
        found
        for alias in aliases
        if (found := [index for index, key in enumerate(keys) if key == alias])
    ]
    if not present:
        return ()
    found = next((found for found in present if filled[found[0]]), present[0])
    if len(found) > 1:
        _in_doubt(table, word, found)
    return (found[0],)


def _link_column(table: Table, keys: list[str], filled: list[int], chosen: Chosen) -> Chosen:
    """The one column most of whose values look like links."""
    known = {alias for aliases in ALIASES.values() for alias in aliases}
    taken = {index for indexes in chosen.values() for index in indexes}
    links = _counted(table, _LINK.match)
    found = [
        index
        for index, key in enumerate(keys)
        if key not in known and index not in taken and 2 * links[index] > filled[index]
    ]
    if len(found) == 1:
        return {"url": (found[0],)}
    if found:
        _in_doubt(table, "url", found)
    else:
        _fault(
            table,
            "No column holds links. Name it url, or say which it is: "
            f"{_option('url', 'Header')} (there are {_listed(table.headers)}).",
        )
    return {}


def _in_doubt(table: Table, word: str, found: list[int]) -> None:
    headers = [table.headers[index] for index in found]
    if len(set(headers)) == 1:
        _fault(table, f'There are {len(found)} columns "{headers[0]}": rename all but one.')
    else:
        _fault(
            table,
            f"Several columns could be the {word}: {_listed(headers)}. "
            f"Say which one: {_option(word, headers[-1])}.",
        )


def _fault(table: Table, message: str) -> None:
    table.faults.append(Fault(table.header_line, "", message))


def _key(header: str) -> str:
    return re.sub(r"[\W_]+", "", header).casefold()


def _option(word: str, header: str) -> str:
    return f'--column {word}="{header}"'


def _listed(headers: tuple[str, ...] | list[str]) -> str:
    shown = [f'"{header[:80]}"' for header in headers if header]
    return ", ".join(shown[:20]) + (", ..." if len(shown) > 20 else "")
