"""Which column of a roster means what: by its header, by its values, or as the instructor says."""

import difflib
import re
from collections.abc import Callable, Mapping
from functools import cached_property

from grader.roster.table import Fault, Table
from grader.text.comparing import header_key

# Headers by what they mean, without case, spaces and punctuation. If several are present, the
# first one here that holds any value is taken: logins before numbers, numbers before addresses.
ALIASES: dict[str, tuple[str, ...]] = {
    "andrew_id": (
        *("andrewid", "netid", "sisloginid", "loginid", "login"),
        *("?andrewid", "?netid", "?loginid", "username", "studentid", "?studentid"),
        *("sisuserid", "sid", "emailaddress", "email", "studentemail"),
    ),
    "url": ("url",),
    "name": ("name", "studentname", "fullname", "yourname", "yourfullname", "student"),
    "section": ("section", "sections"),
    "email": ("email", "emailaddress", "studentemail"),
    "timestamp": (
        *("timestamp", "submissiontime", "submittedat", "submitted", "submissiondate"),
        "completiontime",
    ),
    "expect_commit": ("expectcommit",),
    "bypass_secret": ("bypasssecret",),
}
# What forms ask for in a sentence, "What is your Andrew ID?", is an alias with a question mark.
_ASKED_FOR = {
    f"?{whose}id": re.compile(rf"(?<![^\W_]){whose}[\W_]*id(?![^\W_])", re.IGNORECASE)
    for whose in ("andrew", "net", "login", "student")
}
_ADDRESSES = ("emailaddress", "email", "studentemail")
_OF_OTHERS = re.compile(r"partner|team|member|group|friend|other|mate", re.IGNORECASE)
_FIRST_NAME = ("firstname", "givenname")
_LAST_NAME = ("lastname", "surname", "familyname")
_LINK = re.compile(
    r"\W*(?:https?[:/]+\S|localhost\b|(?:[\w-]+\.)+[a-z]{2,}(?::\d+)?(?:[/?#]|\W*$))|.*https?://",
    re.IGNORECASE | re.DOTALL,
)

_SHOWN = 20

Chosen = dict[str, tuple[int, ...]]


def choose_columns(table: Table, wanted: Mapping[str, str]) -> Chosen:
    """Find our word -> index of the column; two indexes for a name in two columns.

    What is missing or in doubt is added to the table's faults. In `wanted`, the instructor says
    the headers of some words.
    """
    chosen: Chosen = {}
    for word, header in wanted.items():
        if index := _named(table, word, header):
            chosen[word] = index
    columns = _Columns(table)
    for word, aliases in ALIASES.items():
        if word not in wanted and (index := columns.aliased(word, aliases)):
            chosen[word] = index
    if "name" not in {**chosen, **wanted}:
        first, last = (columns.aliased("name", each) for each in (_FIRST_NAME, _LAST_NAME))
        if first or last:
            chosen["name"] = first + last
    if "url" not in {**chosen, **wanted}:
        chosen |= columns.of_links(chosen)
    if "andrew_id" not in {**chosen, **wanted}:
        _lacks(table, "andrew_id", "the students' ids")
    if "andrew_id" not in wanted:
        _say_addresses(table, chosen)
    return chosen


def _say_addresses(table: Table, chosen: Chosen) -> None:
    """Say where addresses give the ids: another column may hold the ids themselves."""
    for index in chosen.get("andrew_id", ()):
        if header_key(table.headers[index]) in _ADDRESSES:
            table.notes.append(
                f'No column with ids was found, so the addresses in "{table.headers[index]}" give '
                "them. If there is one, say which: "
                f"{_option('andrew_id', 'Header')} (there are {_listed(table.headers)})."
            )


def _named(table: Table, word: str, header: str) -> tuple[int, ...]:
    if word not in ALIASES:
        _fault(table, f'"{word}" is no kind of column; there are {", ".join(ALIASES)}.')
        return ()
    for same in (str, header_key):
        found = [at for at, title in enumerate(table.headers) if same(title) == same(header)]
        if len(found) == 1:
            return tuple(found)
        if found:
            _fault(table, f'There are {len(found)} columns "{header}": rename all but one.')
            return ()
    nearest = difflib.get_close_matches(header, table.headers, n=1, cutoff=0.0)
    _fault(table, f'There is no column "{header}". The nearest is {_listed(nearest)}.')
    return ()


class _Columns:
    """The columns of a table, by their headers and by what they hold."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._keys = [header_key(header) for header in table.headers]
        self._filled = self._count(bool)

    @cached_property
    def _links(self) -> list[int]:
        return self._count(_LINK.match)

    def _count(self, counts: Callable[[str], object]) -> list[int]:
        """Count the cells of each column for which `counts` gives something true."""
        found = [0] * len(self._table.headers)
        for record in self._table.records():
            for index, cell in enumerate(record.cells):
                if counts(cell):
                    found[index] += 1
        return found

    def aliased(self, word: str, aliases: tuple[str, ...]) -> tuple[int, ...]:
        """The column with the first of `aliases` that holds anything."""
        present = [found for alias in aliases if (found := self._headed(alias))]
        if not present:
            return ()
        found = next((found for found in present if self._filled[found[0]]), present[0])
        if len(found) > 1:
            _in_doubt(self._table, word, found)
        return (found[0],)

    def _headed(self, alias: str) -> list[int]:
        """The columns with this header, or with one that asks for it."""
        if alias not in _ASKED_FOR:
            return [index for index, key in enumerate(self._keys) if key == alias]
        asked_for = _ASKED_FOR[alias].search
        return [
            index
            for index, header in enumerate(self._table.headers)
            if asked_for(header) and not _OF_OTHERS.search(header) and not self._holds_links(index)
        ]

    def _holds_links(self, index: int) -> bool:
        return 2 * self._links[index] > self._filled[index]

    def of_links(self, chosen: Chosen) -> Chosen:
        """The one column most of whose values look like links."""
        known = {alias for aliases in ALIASES.values() for alias in aliases}
        taken = {index for indexes in chosen.values() for index in indexes}
        found = [
            index
            for index, key in enumerate(self._keys)
            if key not in known and index not in taken and self._holds_links(index)
        ]
        if len(found) == 1:
            return {"url": (found[0],)}
        if found:
            _in_doubt(self._table, "url", found)
        else:
            _lacks(self._table, "url", "links")
        return {}


def _in_doubt(table: Table, word: str, found: list[int]) -> None:
    headers = [table.headers[index] for index in found]
    if len(set(headers)) == 1:
        _fault(table, f'There are {len(found)} columns "{headers[0]}": rename all but one.')
    else:
        ways = " or ".join(_option(word, header) for header in headers[:_SHOWN])
        _fault(table, f"Several columns could be the {word}. Say which one: {ways}.")


def _lacks(table: Table, word: str, what: str) -> None:
    message = (
        f"No column holds {what}. Name it {word}, or say which it is: {_option(word, 'Header')} "
        f"(there are {_listed(table.headers)})."
    )
    _fault(table, message)


def _fault(table: Table, message: str) -> None:
    table.faults.append(Fault(table.header_line, "", message))


def _option(word: str, header: str) -> str:
    return f'--column {word}="{header}"'


def _listed(headers: tuple[str, ...] | list[str]) -> str:
    shown = [f'"{header[:80]}"' for header in headers if header]
    return ", ".join(shown[:_SHOWN]) + (", ..." if len(shown) > _SHOWN else "")
