"""Reading batteries: what is shipped, what is documented, and every mistake with its line."""

import pickle
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.model import (
    AnythingKey,
    ChoiceKey,
    Entry,
    FactKey,
    IdKey,
    NumberKey,
    NumbersKey,
    NumberTemplate,
    ProbeKind,
    Submission,
)
from grader.questions import (
    FAMILIES,
    MAX_BYTES,
    BatteryError,
    Fault,
    draw,
    load_battery,
    parse_battery,
    shipped_batteries,
)

GUIDE = Path(__file__).parents[3] / "docs" / "batteries.md"


def parse(text: str) -> tuple[Entry, ...]:
    return parse_battery(text, "my", "my.toml").entries


def refused(text: str) -> str:
    with pytest.raises(BatteryError) as caught:
        parse(text)
    return str(caught.value)


def faults(text: str) -> tuple[Fault, ...]:
    try:
        parse(text)
    except BatteryError as error:
        return error.faults
    return ()


def entry(body: str) -> str:
    return f'title = "T"\n\n[[entry]]\n{body}\n'


@pytest.mark.parametrize("name", ["activity", "extreme", "page"])
def test_shipped_batteries_load_by_name(name: str) -> None:
    assert name in shipped_batteries()
    battery = load_battery(name)
    assert battery.name == name
    assert battery.title
    assert battery.description


def test_a_battery_is_parsed_again_from_its_source() -> None:
    battery = load_battery("extreme")
    assert parse_battery(battery.source, battery.name, "the run's store") == battery


def test_the_guide_s_example_loads_and_draws() -> None:
    example = re.findall(r"```toml\n(.*?)```", GUIDE.read_text("utf-8"), flags=re.DOTALL)[0]
    battery = parse_battery(example, "guide", str(GUIDE))
    student = Submission("abc123", "", columns={"Team": "Owls", "Team Size": "5", "Color": "Blue"})
    questions = draw(battery, student, 1)
    assert battery.points == sum(question.points for question in questions) == 105
    assert {question.key.kind for question in questions} == {
        "page", "api", "number", "numbers", "choice", "id", "fact", "anything",
    }  # fmt: skip
    assert "Which color did Owls choose: red, green or blue?" in [q.query for q in questions]


def test_the_guide_names_every_family() -> None:
    section = GUIDE.read_text("utf-8").partition("## Families")[2].partition("##")[0]
    assert set(re.findall("`([a-z_]+)`", section)) == set(FAMILIES)


def test_everything_an_entry_can_say() -> None:
    (first, second) = parse(
        """
        title = "T"
        [[entry]]
        check = "api"
        points = 0
        [[entry]]
        family = "addition"
        name = "sums"
        points = 2.5
        count = 3
        requires = ["api"]
        probe = "page"
        section = "S"
        hint = "H"
        """
    )
    assert first == Entry(0, "api", check="api")
    assert second == Entry(
        2.5, "sums", family="addition", count=3, requires=("api",), probe=ProbeKind.PAGE,
        section="S", hint="H",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ('{ kind = "number", value = 42 }', NumberKey(42)),
        ('{ kind = "number", value = -0.5 }', NumberKey(-0.5)),
        ('{ kind = "number", value = "{size}" }', NumberTemplate("{size}")),
        ('{ kind = "numbers", values = [2, 3.5] }', NumbersKey((2, 3.5))),
        ('{ kind = "choice", value = "a", choices = ["a", "b"] }', ChoiceKey("a", ("a", "b"))),
        ('{ kind = "id", value = "{andrew_id}" }', IdKey("{andrew_id}")),
        ('{ kind = "fact", any_of = ["x"] }', FactKey(("x",))),
        (
            '{ kind = "fact", any_of = ["x"], none_of = ["y"], max_words = 3 }',
            FactKey(("x",), ("y",), 3),
        ),
        ('{ kind = "anything" }', AnythingKey("{andrew_id}")),
    ],
)
def test_keys(written: str, key: object) -> None:
    assert parse(entry(f'query = "Q?"\npoints = 1\nkey = {written}'))[0].key == key


def test_a_query_can_name_its_family() -> None:
    (only,) = parse(
        entry('family = "andrew_id"\nquery = "Q?"\npoints = 1\nkey = {kind = "id", value = "x"}')
    )
    assert only == Entry(1, "andrew_id", family="andrew_id", query="Q?", key=IdKey("x"))


ZEROS = """title = "T"
[[entry]]
check = "api"
points = 0
[[entry]]
family = "primes"
count = 3
points = 0.0
"""


def test_there_must_be_something_to_earn() -> None:
    told = "my.toml:4: entry 1 'points': with 0 for every entry there is nothing to earn: "
    assert refused(ZEROS).startswith(told)
    assert refused('title = "T"\nentry = [{check = "api", points = 0}]').startswith("my.toml:2: ")
    assert len(parse(ZEROS.replace("0.0", "0.5"))) == 2


def test_nothing_to_earn_is_told_with_the_other_faults() -> None:
    assert [fault.line for fault in faults(ZEROS.replace('"primes"', '"prime"'))] == [4, 6]


def test_an_old_run_s_battery_is_read_though_there_is_nothing_to_earn() -> None:
    assert parse_battery(ZEROS, "old", "the run's store", stored=True).points == 0
    with pytest.raises(BatteryError, match="is missing"):
        parse_battery('title = "T"\n[[entry]]\ncheck = "api"', "old", "x", stored=True)


def test_the_points_of_a_battery_are_those_of_all_its_questions() -> None:
    text = 'title = "T"\n[[entry]]\nfamily = "primes"\ncount = 3\npoints = 0.1\n'
    assert parse_battery(text, "b", "b.toml").points == 0.3


def test_names_are_made_unique() -> None:
    families = ["addition", "addition", "primes"]
    text = 'title = "T"\n' + "".join(
        f'[[entry]]\nfamily = "{family}"\npoints = 1\n' for family in families
    )
    text += '[[entry]]\nfamily = "power"\nname = "addition-2"\npoints = 1\n'
    names = [entry.name for entry in parse(text)]
    assert names == ["addition", "addition-3", "primes", "addition-2"]


FAULTS = {
    'family = "adition"\npoints = 1': "my.toml:4: entry 1 'family': there is no family 'adition'; "
    "did you mean addition?",
    'family = "primes"\nponts = 1\npoints = 1': "my.toml:5: entry 1 'ponts': is not known here; "
    "did you mean points?",
    'family = "primes"': "my.toml:3: entry 1 'points': is missing",
    'family = "primes"\npoints = "1"': "my.toml:5: entry 1 'points': must be a number",
    'family = "primes"\npoints = true': "my.toml:5: entry 1 'points': must be a number",
    'family = "primes"\npoints = -1': "my.toml:5: entry 1 'points': must be at least 0",
    'family = "primes"\npoints = inf': "my.toml:5: entry 1 'points': must be a finite number",
    'family = "primes"\npoints = 1e9': "my.toml:5: entry 1 'points': must be at most 1000000",
    'family = "primes"\npoints = 1\ncount = 0': "my.toml:6: entry 1 'count': must be at least 1",
    'family = "primes"\npoints = 1\ncount = 1.5': "entry 1 'count': must be a whole number",
    'family = "shakespeare"\npoints = 1\ncount = 2': "my.toml:6: entry 1 'count': shakespeare has "
    "no more than 1 different",
    'family = "primes"\npoints = 1\nrequires = "x"': "entry 1 'requires': must be a list",
    'family = "primes"\npoints = 1\nrequires = [1]': "entry 1 'requires' item 1: must be a text",
    'family = "primes"\npoints = 1\nrequires = ["api"]': "my.toml:6: entry 1 'requires': 'api' is "
    "not the name of an earlier entry; there is none before it",
    'family = "primes"\nquery = "Q?"\npoints = 1\ncount = 2\nkey = {kind = "anything"}': "my.toml:7"
    ": entry 1 'count': goes with a family only: a query is asked once",
    'query = "Q?"\ncheck = "api"\npoints = 1': "it has query and check",
    'family = "primes"\npoints = 1\nprobe = "smoke"': "entry 1 'probe': must be 'api', 'page' or "
    "'browser'",
    'family = "primes"\npoints = 1\nname = " "': "entry 1 'name': must not be empty",
    "points = 1": "my.toml:3: entry 1: needs exactly one of family, query and check; "
    "it has none of them",
    'family = "primes"\ncheck = "api"\npoints = 1': "it has family and check",
    'check = "ping"\npoints = 1': "entry 1 'check': must be 'page', 'api', 'release' or "
    "'consistency'",
    'check = "api"\npoints = 1\ncount = 2': "my.toml:6: entry 1 'count': goes with a family only",
    'check = "api"\npoints = 1\nprobe = "api"': "entry 1 'probe': does not go with this check",
    'check = "page"\npoints = 1\nprobe = "api"': "entry 1 'probe': must be 'page' or 'browser'",
    'family = "primes"\npoints = 1\ntyping = "fast"': "'typing': must be 'at once' or 'letters'",
    'family = "primes"\npoints = 1\nprobe = "page"\ntyping = "letters"': "my.toml:7: entry 1 "
    "'typing': goes with the browser only",
    'query = "Q?"\npoints = 1': "my.toml:4: entry 1 'query': needs a key",
    'query = ""\npoints = 1\nkey = {kind = "anything"}': "entry 1 'query': must not be empty",
    'family = "primes"\npoints = 1\nkey = {kind = "anything"}': "entry 1 'key': goes with a query",
    'query = "{a.b}"\npoints = 1\nkey = {kind = "anything"}': "my.toml:4: entry 1 'query': has "
    "{a.b}: only the plain name",
    'query = "Q?"\npoints = 1\nkey = 42': "my.toml:6: entry 1 'key': must be a table",
    'query = "Q?"\npoints = 1\nkey = {}': "entry 1 'key': needs a kind, one of number, numbers",
    'query = "Q?"\npoints = 1\nkey = {kind = "nummber"}': "entry 1 'key': has no kind 'nummber'; "
    "did you mean number?",
    'query = "Q?"\npoints = 1\nkey = {kind = "number"}': "my.toml:6: entry 1 'key.value': is "
    "missing",
    'query = "Q?"\npoints = 1\nkey = {kind = "number", valu = 1, value = 1}': "entry 1 'key.valu': "
    "is not known here; did you mean value?",
    'query = "Q?"\npoints = 1\n[entry.key]\nkind = "number"\nvalue = nan': "my.toml:8: entry 1 "
    "'key.value': must lie between",
    'query = "Q?"\npoints = 1\nkey.kind = "number"\nkey.value = 9007199254740992': "my.toml:7: "
    "entry 1 'key.value': must lie between",
    'query = "Q?"\npoints = 1\nkey = {kind = "number", value = "42"}': "must be a number without "
    "quotes, or a column",
    'query = "Q?"\npoints = 1\nkey = {kind = "number", value = true}': "must be a number",
    'query = "Q?"\npoints = 1\nkey = {kind = "numbers", values = []}': "must not be empty",
    'query = "Q?"\npoints = 1\nkey = {kind = "numbers", values = [1, 1]}': "same value twice",
    'query = "Q?"\npoints = 1\nkey = {kind = "numbers", values = [1, "2"]}': "entry 1 'key.values' "
    "item 2: must be a number",
    'query = "Q?"\npoints = 1\nkey = {kind = "choice", value = "c", choices = ["a"]}': "entry 1 "
    "'key.value': must be one of the choices",
    'query = "Q?"\npoints = 1\nkey = {kind = "choice", value = "a", choices = ["a", "A"]}': "same "
    "value twice",
    'check = "release"\npoints = 1\nprobe = "page"': "entry 1 'probe': does not go with this check",
    'check = "consistency"\npoints = 1\nprobe = "api"': "'probe': does not go with this check",
    'check = "consistency"\npoints = 1\nconnections = 1': "'connections': must be at least 2",
    'check = "api"\npoints = 1\nconnections = 8': "goes with the check 'consistency' only",
    'query = "Q?"\npoints = 1\nkey = {kind = "fact", any_of = []}': "'key.any_of': must not be "
    "empty",
    'query = "Q?"\npoints = 1\nkey = {kind = "fact", any_of = ["a"], none_of = ["A"]}': "rules out "
    "'A', which any_of accepts",
}


@pytest.mark.parametrize("body", FAULTS)
def test_a_mistake_is_told_with_line_and_key(body: str) -> None:
    told = refused(entry(body))
    assert FAULTS[body] in told
    assert told.count("\n") == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "my.toml:1: 'title': is missing"),
        ('title = "T"', "my.toml:1: 'entry': a battery needs entries"),
        (
            'title = "T"\n\n[entry]\nfamily = "primes"',
            "my.toml:3: 'entry': a battery needs entries",
        ),
        ('title = "T"\nentry = []', "my.toml:2: 'entry': a battery needs entries"),
        ('title = "T"\ntitel = "U"\n' + entry("")[12:], "my.toml:2: 'titel': is not known here"),
        ('# c\ntitle = ""', "my.toml:2: 'title': must not be empty"),
        ('title = "T"\nentry = [{family = "x", points = 1}]', "my.toml:2: entry 1 'family'"),
        ('title = "T"\nentry = [1]', "my.toml:2: entry 1: must be a table"),
        ('title = "T"\npoints =\n', "my.toml:2: is not TOML"),
        ('title = "T', "my.toml:1: is not TOML"),
        ('title = "T"\ntitle = "U"', "my.toml:2: is not TOML"),
        ("points = " + "9" * 5_000, "my.toml: holds a number with too many digits"),
        ("a = " + "[" * 20_000, "my.toml: holds too many brackets"),
    ],
)
def test_a_mistake_at_the_top_is_told(text: str, told: str) -> None:
    assert told in refused(text)


def test_all_faults_are_told_at_once_in_the_order_of_the_file() -> None:
    told = refused(
        """
title = 3

[[entry]]
hint = '''
[[entry]]
points = "in a text, not a key"
'''
family = "primes"
points = "many"
name = "a"
colour = "blue"

[[entry]] # a comment
family = "primes"
check = "api"
points = 1
name = "a"

  [["entry"]]
family = "pirmes"
requires = ["b", "a"]
points = 1
""".removeprefix("\n")
    ).split("\n")
    assert [re.sub(r"^(\S+: (?:entry \d+)?(?: ?'\w+')?).*", r"\1", line) for line in told] == [
        "my.toml:1: 'title'",
        "my.toml:9: entry 1 'points'",
        "my.toml:11: entry 1 'colour'",
        "my.toml:13: entry 2",
        "my.toml:17: entry 2 'name'",
        "my.toml:20: entry 3 'family'",
        "my.toml:21: entry 3 'requires'",
    ]


def test_many_faults_are_counted() -> None:
    told = refused('title = "T"\n' + "[[entry]]\n" * 50)
    assert told.endswith("my.toml: and 80 more faults")
    assert told.count("\n") == 20


def test_a_battery_asks_at_most_a_thousand_questions() -> None:
    text = 'title = "T"\n' + '[[entry]]\nfamily = "addition"\npoints = 1\ncount = 400\n' * 3
    assert refused(text) == (
        "my.toml:13: entry 3 'count': with this entry the battery asks more than 1,000 questions"
    )


def test_windows_line_ends_and_a_byte_order_mark_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "my battery.toml"
    text = entry('family = "primes"\npoints = 1')
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert load_battery(str(path)).name == "my battery"
    path.write_bytes(text.replace("points", "ponts").replace("\n", "\r\n").encode())
    with pytest.raises(BatteryError, match=r"my battery\.toml:5: entry 1 'ponts'"):
        load_battery(str(path))


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(BatteryError, match=r"is a folder: give the file of a battery$"):
        load_battery(str(tmp_path))
    with pytest.raises(BatteryError, match=r"^activty: there is no such file.*mean activity\?$"):
        load_battery("activty")
    path = tmp_path / "b.toml"
    path.write_bytes(b'title = "T"\nhint = "\xff"')
    with pytest.raises(BatteryError, match=r"b\.toml:2: is not UTF-8"):
        load_battery(str(path))
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(BatteryError, match="larger than 64 KiB"):
        load_battery(str(path))
    with pytest.raises(BatteryError, match="cannot be read"):
        load_battery("a\0b")


def test_the_error_travels_between_processes() -> None:
    with pytest.raises(BatteryError) as caught:
        parse("")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301


@given(st.text())
def test_no_text_raises_anything_else(text: str) -> None:
    with pytest.raises(BatteryError):
        parse(text)


VALUES = st.sampled_from(
    [
        *("1", "-1", '""', '"api"', '"primes"', '"{x}"', '"{"', "nan", "true", "1979-05-27", "[]"),
        *("[1]", '["api"]', "{}", "[{}]", "[[[]]]", '{kind = "number", value = "{x"}'),
        *('{kind = "fact", any_of = 1}', "{kind = 1}", '{kind = "numbers", values = [[]]}'),
        *('"""\n[[entry]]\n"""', "[\n1,\n2]"),
    ]
)
KEYS = st.sampled_from(
    ["family", "query", "check", "key", "points", "name", "count", "requires", "probe", "hint", "x"]
)


@given(st.lists(st.dictionaries(KEYS, VALUES), max_size=4))
def test_any_tables_are_read_or_refused_in_words(tables: list[dict[str, str]]) -> None:
    text = 'title = "T"\n'
    for table in tables:
        text += "[[entry]]\n" + "".join(f"{key} = {value}\n" for key, value in table.items())
    for fault in faults(text):
        assert fault.line is not None
        assert 1 <= fault.line <= text.count("\n") + 1
        assert fault.key
        assert fault.message


def test_telling_lines_takes_no_longer_than_a_moment() -> None:
    """A text full of what looks like headers and keys must not keep a server busy."""
    text = "title = 1\ndescription = '''\n" + "[[entry]]\npoints = 1\n" * 2_000 + "'''\n"
    text += "[[entry]]\n" * 1_000
    started = time.process_time()
    assert "my.toml:1: 'title'" in refused(text)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "text",
    [
        '"""\n[[entry]]\n"""',
        '""""\n[[entry]]\n"""""',
        '"""\\"""\n[[entry]]\n"""',
        "'''\n[[entry]]\n'''",
        "'''\\'''",
        '\'"""\'',
        '"\\"\\"\\""',
        '"" # """',
        "'' # '''",
    ],
)
def test_lines_are_right_after_any_string(text: str) -> None:
    source = f'title = "T"\ndescription = {text}\n[[entry]]\nfamily = "x"\npoints = 1'
    line = source.count("\n")
    assert refused(source).startswith(f"my.toml:{line}: entry 1 'family'")
