"""Attacks carried through the whole program, from an app and a roster into every artifact."""

import base64
import contextlib
import csv
import io
import json
import socket
import stat
import sys
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner
from playwright.sync_api import Page

from grader.cli import cli
from grader.formats.files import student_file_name
from tests.grader.formats.classes import ATTACKS
from tests.grader.probes.raw import Handler, RawServer, always, raw_server, read_request, reply

MORE_ATTACKS = (
    *("+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\N{FULLWIDTH EQUALS SIGN}1+1"),
    "<script>alert('pwned')</script><img src=CANARY/a.png><iframe src=CANARY></iframe>",
    "javascript:document.title='pwned'",
    "\x9d0;pwned\x9c\x00 ::error::pwned",
    "../../../../tmp/pwned",
    "b" * 20_000,
)
FORMULAS = tuple("=+-@\t\r\N{FULLWIDTH EQUALS SIGN}")
# Names that Windows keeps for devices, and others that file systems, pages or shells read oddly.
IDS = ("con", "NUL.txt", "o'hara", "a..b", "lpt1", "aux.tar.gz", "\u00f1and\u00fa", "x" * 64)
LINK = "Your \x1b[2Jlink\u202e"
QUICK = ("--timeout", "5", "--wake-timeout", "5", "--seed", "7")


class Carried:
    """What became of the attacks.

    Attributes:
        ids: the roster's students.
        said: what each command printed.
        canary: a server that only a page which got out of hand would ask.
    """

    def __init__(self, folder: Path, url: str, attacks: tuple[str, ...], canary: RawServer) -> None:
        self.folder = folder
        self.out = folder / "results"
        self.url = url
        self.attacks = attacks
        self.ids = write_roster(folder / "roster.csv", url, attacks)
        self.canary = canary
        self.said: dict[tuple[str, ...], str] = {}

    def run(self, *arguments: str, code: int | None = 0) -> str:
        # In color: otherwise click would take out escapes that a terminal gets to see.
        result = CliRunner().invoke(cli, arguments, catch_exceptions=False, color=True)
        assert code is None or result.exit_code == code, result.output
        self.said[arguments] = result.output
        return result.output

    def battery(self, points: int, *queries: str) -> str:
        """A battery that asks for each attack, and `queries` besides."""
        numbered = (f"Attack {number}" for number in range(len(self.attacks) + 2))
        entries = [
            f'query = \'{query}\'\npoints = {points}\nkey = {{ kind = "fact", any_of = ["xyzzy"] }}'
            for query in (*queries, *numbered)
        ]
        path = self.folder / f"battery{points}{len(queries)}.toml"
        path.write_text(
            "\n[[entry]]\n".join(["title = 'Attacks'", "check = 'page'\npoints = 1", *entries])
        )
        return str(path)


def hostile_app(attacks: tuple[str, ...]) -> Handler:
    """Answers "Attack 3" with the third attack, and attacks in all that it tells of itself."""

    def handle(connection: socket.socket) -> None:
        while head := read_request(connection):
            connection.sendall(answer(unquote(head.split(b" ")[1].decode())))

    def answer(target: str) -> bytes:
        if target.endswith("/healthz"):
            text = "".join(attacks[number] for number in (9, 4, 5, 0))
            release = dict.fromkeys(("platform", "environment", "region"), text)
            return reply(json.dumps({"release": release}).encode(), "Content-Type: text/json")
        word, _, number = target.partition("?q=")[2].partition(" ")
        if word != "Attack":
            shown = "".join(attacks[:9])
            page = f"<!doctype html><form><input name=q></form><output>{shown}</output>"
            return reply(page.encode(errors="replace"), "Content-Type: text/html")
        if int(number) < len(attacks):
            text = attacks[int(number)]
            kind = text[:50].encode("latin-1", "replace").translate(None, b"\r\n\0")
            sent = f"Content-Type: text/plain; x={kind.decode('latin-1')}"
            return reply(text.encode(errors="replace"), sent)
        if int(number) == len(attacks):
            return reply(b"", "Location: javascript:alert('\x9b2J\x1b[2J')", status="302 Found")
        return b"\x1b[2J\x9b2J is no HTTP\r\n\r\n"

    return handle


def no_link(attack: str) -> str:
    """The attack without what could be taken for a link, which would be asked."""
    return attack.replace("://", "").replace(".", "")


def write_roster(path: Path, url: str, attacks: tuple[str, ...]) -> list[str]:
    """A roster that attacks in every cell but the ids, which it gives back."""
    # A NUL or a very long cell would refuse the whole file, and only UTF-8 gets in.
    cells = [text[:9000].encode(errors="replace").decode() for text in attacks if "\0" not in text]
    ids = [*IDS, *(f"s{number}" for number in range(len(cells) - len(IDS)))]
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["andrew_id", LINK, "name", "section", "email", "Lab", *cells[:6]])
        for number, (andrew_id, cell) in enumerate(zip(ids, cells, strict=True)):
            # Every third link is an attack of its own; none leads anywhere.
            handed_in = no_link(cell) if number % 3 == 2 else f"{url}/{number}"
            rows.writerow([andrew_id, handed_in, cell, cell, cell, cell, *[cell] * 6])
    return ids


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Carried]:
    """Every command, run on a hostile app and a hostile roster."""
    folder = tmp_path_factory.mktemp("attacks")
    with contextlib.ExitStack() as stack:
        canary = stack.enter_context(raw_server(always(reply(b"pwned"))))
        attacks = tuple(text.replace("CANARY", canary.url) for text in (*ATTACKS, *MORE_ATTACKS))
        app = stack.enter_context(raw_server(hostile_app(attacks)))
        environment = stack.enter_context(pytest.MonkeyPatch.context())
        for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
            environment.setenv(name, str(folder / name))
        made = Carried(folder, app.url, attacks, canary)
        grade_and_show(made)
        export(made)
        correct(made)
        check_and_ask(made)
        mistake(made)
        yield made


def grade_and_show(made: Carried) -> None:
    batch = ("batch", str(made.folder / "roster.csv"), "--out", str(made.out), *QUICK)
    asked = (
        "--allow-private",
        "--column",
        f"url={LINK}",
        "--battery",
        made.battery(1, "What of {Lab}?"),
    )
    made.run(*batch, *asked)
    made.run(*batch, *asked, "--students", made.ids[0])
    for andrew_id in made.ids[::4]:
        made.run("show", str(made.out), andrew_id)
    made.run("show", str(made.out), made.ids[4], "--format", "json")


def export(made: Carried) -> None:
    def run(form: str, *options: str) -> None:
        out = str(made.out / f"{form}{len(made.said)}.export")
        made.run("export", str(made.out), "--format", form, "--out", out, *options)

    for form in ("csv", "json", "junit"):
        run(form)
    for column in ("username", "email", "idnumber"):
        run("moodle", "--assignment", made.attacks[7], "--id-column", column)
    # What was in an exported gradebook before is the other system's own.
    canvas, blackboard = made.folder / "canvas.csv", made.folder / "blackboard.csv"
    canvas.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section,Lab (7)\n    Points Possible,,,,,10\n"
        + "".join(f"x,{number},,{each},,\n" for number, each in enumerate(made.ids))
    )
    blackboard.write_text(
        'Username,"Lab [Total Pts: 10 Score] |1"\n' + "".join(f"{each},\n" for each in made.ids)
    )
    run("canvas", "--gradebook", str(canvas), "--assignment", "Lab")
    run("blackboard", "--gradebook", str(blackboard), "--assignment", "Lab")


def correct(made: Carried) -> None:
    script = next(text for text in made.attacks if text.startswith("<script>alert"))
    first, second = made.ids[:2]
    by_hand = ("--by", "=1+1", "--reason", script)
    made.run("override", str(made.out), second, "--score", "1", *by_hand)
    made.run("appeal", str(made.out), first, "--accept", *by_hand, "--allow-private", *QUICK[:4])
    corrected = made.battery(2, "What of {Lab}?")
    made.run("rejudge", str(made.out), "--battery", corrected)


def check_and_ask(made: Carried) -> None:
    unlucky = f"abc{made.attacks[5]}"
    battery = made.battery(1)
    for form in ("text", "json", "junit", "gradescope", "classroom"):
        made.run(
            "check", made.url, "--andrew-id", unlucky, "--battery", battery,
            "--format", form, *QUICK, code=1,
        )  # fmt: skip
    for number in range(len(made.attacks) + 2):
        made.run("ask", made.url, f"Attack {number}", code=None)  # one leads to a javascript: link
    made.run("ask", made.url, "The page", "--probe", "page")
    for form in ("table", "json"):
        made.run("questions", "--andrew-id", unlucky, "--format", form)


def mistake(made: Carried) -> None:
    """What is refused is said without doing harm either."""
    for attack in (*made.attacks[4:6], *made.attacks[8:11]):
        made.run("show", str(made.out), f"x{attack}", code=2)
        made.run("check", no_link(attack), "--andrew-id", "x", code=2)
        made.run("questions", "--andrew-id", "x", "--battery", f"x{attack}", code=2)
        bad = made.folder / "bad.csv"
        bad.write_bytes(f'"andrew_id","{attack}"\n"../{attack}",x\n'.encode(errors="replace"))
        made.run("batch", str(bad), "--out", str(made.folder / "bad"), code=2)


def harmful(text: str) -> set[str]:
    """The characters in it that steer a terminal or reorder a line."""
    hidden = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return {char for char in text if unicodedata.category(char) in hidden} - {"\n", "\t"}


def test_nothing_printed_steers_a_terminal(carried: Carried) -> None:
    assert {said: harmful(text) for said, text in carried.said.items() if harmful(text)} == {}
    assert not [text for text in carried.said.values() if "Traceback" in text]
    # They were there.
    everything = "".join(carried.said.values())
    for shown in (r"\x1b[2J", r"\u202e", r"\u009d", r"\x00", "<script>alert("):
        assert shown in everything


def test_what_check_writes_can_be_read(carried: Carried) -> None:
    said = {words[7]: text for words, text in carried.said.items() if words[6:7] == ("--format",)}
    assert set(said) == {"text", "json", "junit", "gradescope", "classroom"}
    replies = [item["reply"] for item in json.loads(said["json"])["items"]]
    for attack in carried.attacks:
        assert attack.encode(errors="replace").decode() in replies
    assert len(ET.fromstring(said["junit"])) == len(replies)  # noqa: S314 - our own
    assert len(json.loads(said["gradescope"])["tests"]) == len(replies)
    assert len(json.loads(base64.b64decode(said["classroom"]))["tests"]) == len(replies)
    assert (carried.folder / "GITHUB_OUTPUT").read_text() == f"result={said['classroom']}"
    summary = (carried.folder / "GITHUB_STEP_SUMMARY").read_text("utf-8")
    assert harmful(summary) == set()
    elements = {element.name for element in BeautifulSoup(summary, "html.parser").find_all()}
    assert elements == {"code"}
    questions = [text for words, text in carried.said.items() if words[0] == "questions"]
    assert json.loads(questions[1])


def test_no_cell_is_a_formula(carried: Carried) -> None:
    files = [carried.out / "grades.csv", *carried.out.glob("*.export")]
    tables = [path for path in files if not path.name.startswith(("json", "junit"))]
    assert len(tables) == 7
    for path in tables:
        text = path.read_text("utf-8").replace("\r\n", "\n")
        assert harmful(text) == set(), path
        cells = [cell for row in csv.reader(io.StringIO(text), strict=True) for cell in row]
        assert not [cell for cell in cells if cell.startswith(FORMULAS)], path
    assert "'=HYPERLINK" in (carried.out / "grades.csv").read_text("utf-8")


def test_files_can_be_read_and_hold_what_came(carried: Carried) -> None:
    for path in (carried.out / "results.json", *carried.out.glob("json*.export")):
        students = json.loads(path.read_text("ascii"))["students"]
        assert [student["andrew_id"] for student in students] == carried.ids
        assert students[0]["name"] == ATTACKS[0]
        assert students[0]["items"][-3]["reply"] == carried.attacks[-1]
    [junit] = carried.out.glob("junit*.export")
    assert harmful(junit.read_text("utf-8")) == set()
    assert len(ET.parse(junit).getroot()) == len(carried.ids)  # noqa: S314 - our own


def test_only_the_expected_files_are_there(carried: Carried) -> None:
    names = {path.relative_to(carried.out).as_posix() for path in carried.out.rglob("*")}
    pages = {f"students/{student_file_name(andrew_id)}" for andrew_id in carried.ids}
    ours = {"grades.csv", "results.json", "report.html", "students", "run.sqlite"} | pages
    exports = {path.name for path in carried.out.glob("*.export")}
    assert names - exports - {"run.lock", "run.sqlite-wal", "run.sqlite-shm"} == ours
    assert len(pages) == len(carried.ids)
    assert not (carried.folder / "bad").exists()
    if sys.platform != "win32":
        for path in (carried.out, *carried.out.rglob("*")):
            expected = 0o700 if path.is_dir() else 0o600
            assert stat.S_IMODE(path.stat().st_mode) == expected, path


@pytest.mark.browser
def test_no_page_runs_or_loads_anything(carried: Carried, page: Page) -> None:
    complaints: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.on("request", lambda request: requests.append(request.url))
    files = [carried.out / "report.html", *sorted((carried.out / "students").iterdir())]
    shown = 0
    for path in files:
        page.goto(path.as_uri())
        page.locator("details").evaluate_all("all => all.forEach(each => each.open = true)")
        assert "pwned" not in page.title()
        links = page.locator("[href]").evaluate_all("all => all.map(each => each.href)")
        assert not [link for link in links if not link.startswith(("http:", "https:", "file:"))]
        shown += "<script>alert(" in page.locator("body").inner_text()
    assert shown > len(files) / 2
    assert complaints == []
    assert requests == [path.as_uri() for path in files]
    assert carried.canary.connections == 0
