"""Both scorecard pages, opened from disk in a real browser."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from grader.formats import report_html, student_html
from grader.formats.files import student_file_name
from grader.model import Release, Scorecard, Submission
from grader.outcomes import Outcome
from grader.questions import draw, load_battery
from tests.grader.formats.classes import ATTACKS, RUN, LargeClass, hostile, scorecard, small_class
from tests.pages import check_accessible

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# What their margins leave of the pages' widths, in CSS pixels.
A4, LETTER = 703, 725

# One grey pixel, as PNG in base64.
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)

WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
# As narrow as WCAG 1.4.10 has it.
SMALL_PHONE: ViewportSize = {"width": 320, "height": 640}

both_pages = pytest.mark.parametrize("name", ["report.html", "students/bcd234.html"])


def write(folder: Path, scorecards: list[Scorecard]) -> None:
    (folder / "students").mkdir()
    (folder / "report.html").write_text(
        "".join(report_html.render(RUN, scorecards)), encoding="utf-8"
    )
    for each in scorecards:
        path = folder / "students" / student_file_name(each.submission.andrew_id)
        path.write_text(student_html.render(RUN, each), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, [*small_class(), *LargeClass(30)])
    return tmp_path


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """What the browser says of a page: errors, and what its policy blocked."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    yield said
    assert said == []


def column(page: Page, number: int) -> list[str]:
    cells = page.locator(f"table.sortable tbody tr > :nth-child({number})")
    return [text.strip() for text in cells.all_inner_texts()]


@both_pages
def test_opens_from_disk_and_asks_for_nothing_else(
    page: Page, folder: Path, complaints: list[str], name: str
) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    url = (folder / name).as_uri()
    page.goto(url, wait_until="networkidle")
    expect(page.locator("h1")).to_be_visible()
    assert requests == [url]


def test_sorts_by_click(page: Page, folder: Path, complaints: list[str]) -> None:
    page.goto((folder / "report.html").as_uri())
    roster_order = column(page, 1)
    header = page.get_by_role("columnheader", name="Andrew ID")
    header.get_by_role("button").click()
    expect(header).to_have_attribute("aria-sort", "ascending")
    assert column(page, 1) == sorted(roster_order, key=natural)
    header.get_by_role("button").click()
    expect(header).to_have_attribute("aria-sort", "descending")
    assert column(page, 1) == sorted(roster_order, key=natural, reverse=True)


def natural(andrew_id: str) -> tuple[str, int]:
    letters = andrew_id.rstrip("0123456789")
    return letters, int(andrew_id[len(letters) :])


def test_sorts_numbers_by_keyboard_with_blanks_last(
    page: Page, folder: Path, complaints: list[str]
) -> None:
    page.goto((folder / "report.html").as_uri())
    name = page.get_by_role("columnheader", name="Andrew ID").get_by_role("button")
    name.focus()
    page.keyboard.press("Tab")
    for key, descending in (("Enter", False), ("Space", True)):
        page.keyboard.press(key)
        scores = column(page, 2)
        assert scores[-1] == ""
        numbers = [float(score) for score in scores[:-1]]
        assert numbers == sorted(numbers, reverse=descending)
    assert page.locator("[aria-sort]").count() == 1


def test_needs_a_look_leads_to_the_replies(page: Page, folder: Path) -> None:
    page.goto((folder / "report.html").as_uri())
    checks = page.get_by_role("group", name="Checks of fgh678")
    expect(checks).to_be_hidden()
    page.locator("ul.look a[href='#student-fgh678']").click()
    expect(checks).to_be_visible()
    page.locator("#student-fgh678 a", has_text="own page").click()
    expect(page.locator("h1")).to_have_text("Ada Example")


def test_sorts_durations_by_their_length(page: Page, tmp_path: Path) -> None:
    write(tmp_path, [took("fast", 900.0), took("slow", 2_300.0), took("fastest", 41.0)])
    page.goto((tmp_path / "report.html").as_uri())
    header = page.locator("table.sortable").get_by_role("columnheader", name="Median")
    header.get_by_role("button").click()
    number = 1 + page.locator("table.sortable thead th").evaluate_all(
        "all => all.findIndex(each => each.textContent === 'Median')"
    )
    assert column(page, number) == ["41 ms", "900 ms", "2.3 s"]


def took(andrew_id: str, milliseconds: float) -> Scorecard:
    card = scorecard(andrew_id, [Outcome.RIGHT] * 5)
    return replace(
        card,
        verdicts=tuple(
            replace(each, replies=(replace(each.replies[0], elapsed_ms=milliseconds),))
            for each in card.verdicts
        ),
    )


def test_finds_students_by_words_state_section_and_lost_check(
    page: Page, folder: Path, complaints: list[str]
) -> None:
    page.goto((folder / "report.html").as_uri())
    rows = page.locator("table.sortable tbody tr")
    shown = rows.locator("visible=true")
    all_of_them = rows.count()
    page.get_by_label("Search").fill("FGH678.example")
    assert column_of(shown) == ["fgh678"]
    expect(page.locator(".filter output")).to_have_text(f"1 of {all_of_them} shown")
    expect(page.locator("#student-fgh678")).to_be_visible()
    expect(page.locator("#student-abc123")).to_be_hidden()
    page.get_by_label("Search").fill("")
    page.get_by_label("State").select_option("no usable link")
    assert column_of(shown) == ["hij890"]
    page.get_by_label("State").select_option("any")
    page.get_by_label("Section").select_option("B")
    assert "cde345" in column_of(shown)
    assert "abc123" not in column_of(shown)
    page.get_by_label("Not right").select_option("the page")
    assert "cde345" not in column_of(shown)
    page.get_by_label("Section").select_option("any")
    assert "efg567" in column_of(shown)
    page.get_by_label("Search").press("Enter")
    assert "efg567" in column_of(shown)


def column_of(rows: Locator) -> list[str]:
    return [text.strip() for text in rows.locator("th").all_inner_texts()]


def test_finds_sections_that_differ_only_at_their_ends(
    page: Page, tmp_path: Path, complaints: list[str]
) -> None:
    sections = {f"abc{number}": f"Software Engineering, {number}" for number in range(3)}
    cards = [scorecard(each, [Outcome.RIGHT] * 5, section=sections[each]) for each in sections]
    write(tmp_path, cards)
    page.goto((tmp_path / "report.html").as_uri())
    shown = page.locator("table.sortable tbody tr").locator("visible=true")
    for each, section in sections.items():
        page.get_by_label("Section").select_option(section)
        assert column_of(shown) == [each]
        assert section not in shown.inner_text()


def test_a_link_opens_what_the_search_has_hidden(page: Page, folder: Path) -> None:
    page.goto((folder / "report.html").as_uri())
    page.get_by_label("Search").fill("abc123")
    expect(page.locator("#student-fgh678")).to_be_hidden()
    page.locator("ul.look a[href='#student-fgh678']").click()
    expect(page.get_by_role("group", name="Checks of fgh678")).to_be_visible()


def test_a_time_is_told_in_the_readers_own_zone_too(browser: Browser, folder: Path) -> None:
    context = browser.new_context(timezone_id="America/New_York", locale="en-US")
    page = context.new_page()
    page.goto((folder / "report.html").as_uri())
    said = "2026-03-02 14:05 UTC (Mar 2, 2026, 09:05 AM EST)"
    expect(page.locator("time").first).to_have_text(said)
    context.close()


def test_the_score_is_in_the_first_screenful_of_a_phone(page: Page, folder: Path) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto((folder / "report.html").as_uri())
    for header in ("Score", "Percent"):
        found = page.locator("table.sortable").get_by_role("columnheader", name=header)
        box = found.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 390


def test_no_column_is_shown_that_nobody_filled(page: Page, tmp_path: Path) -> None:
    write(tmp_path, [scorecard(name, [Outcome.RIGHT] * 5, name="") for name in ("ada", "ben")])
    page.goto((tmp_path / "report.html").as_uri())
    headers = page.locator("table.sortable thead th").all_inner_texts()
    assert headers == ["Andrew ID", "Score", "Percent", "State", "Right", "Median", "Deployment"]
    labels = page.locator(".filter label").all_inner_texts()
    assert [each.split("\n")[0] for each in labels] == ["Search", "Not right"]


def test_a_student_sees_first_what_to_do_and_what_was_lost(page: Page, folder: Path) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto((folder / "students" / "bcd234.html").as_uri())
    expect(page.locator(".score")).to_have_text("20 % 20 of 100 points")
    headings = page.locator("h2").all_inner_texts()
    assert headings == ["What to do next", "Checks", "Submission"]
    entries = page.locator("article.entry h3").locator("visible=true")
    assert [text.split("\n")[0] for text in entries.all_inner_texts()] == [
        "Shakespeare Queries",
        "andrew id Queries",
        "sum Queries",
    ]
    page.get_by_text("2 right").click()
    expect(page.locator("article.entry h3", has_text="the page")).to_be_visible()


def test_a_picture_is_folded(page: Page, tmp_path: Path) -> None:
    card = scorecard("ada", [Outcome.WRONG] * 5)
    seen = replace(card.verdicts[0].replies[0], screenshot_png=PIXEL)
    write(tmp_path, [replace(card, verdicts=(replace(card.verdicts[0], replies=(seen,)),))])
    page.goto((tmp_path / "students" / "ada.html").as_uri())
    picture = page.get_by_alt_text("The page as the grader saw it")
    page.locator(".check summary").first.click()
    expect(picture).to_be_hidden()
    page.get_by_text("The page as the grader saw it").first.click()
    expect(picture).to_be_visible()


def test_a_page_of_32_lost_questions_is_read_on_a_phone(page: Page, tmp_path: Path) -> None:
    questions = draw(load_battery("extreme"), Submission("ada", ""), seed=1)
    write(tmp_path, [scorecard("ada", [Outcome.EMPTY] * len(questions), questions=questions)])
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto((tmp_path / "students" / "ada.html").as_uri())
    assert page.evaluate("document.documentElement.scrollHeight") < 7_000
    expect(page.locator("h3", has_text="a plus b times c")).to_be_visible()


def test_works_without_javascript(browser: Browser, folder: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((folder / "report.html").as_uri())
    expect(page.locator("table.sortable tbody tr")).to_have_count(39)
    expect(page.locator("thead button")).to_have_count(0)
    expect(page.locator(".filter")).to_have_count(0)
    page.locator("#student-abc123 summary").click()
    expect(page.get_by_role("group", name="Checks of abc123")).to_be_visible()
    context.close()


@both_pages
@pytest.mark.parametrize(
    ("size", "scheme"), [(WIDE, "light"), (PHONE, "dark")], ids=["wide-light", "phone-dark"]
)
def test_axe_finds_nothing(
    page: Page, tmp_path: Path, name: str, size: dict[str, int], scheme: Literal["light", "dark"]
) -> None:
    write(tmp_path, small_class())  # each student more takes it a second
    page.set_viewport_size({"width": size["width"], "height": size["height"]})
    page.emulate_media(color_scheme=scheme)
    page.goto((tmp_path / name).as_uri())
    open_details(page)
    check_accessible(page)


def open_details(page: Page) -> None:
    page.locator("details").evaluate_all("all => all.slice(0, 12).forEach(e => e.open = true)")


@both_pages
def test_a_phone_scrolls_down_only(page: Page, folder: Path, name: str) -> None:
    page.set_viewport_size(SMALL_PHONE)
    page.goto((folder / name).as_uri())
    open_details(page)
    assert page.evaluate("document.documentElement.scrollWidth") == SMALL_PHONE["width"]


@pytest.mark.parametrize("width", [390, 1000, 1400])
def test_a_tile_is_one_line_high(page: Page, folder: Path, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto((folder / "report.html").as_uri())
    heights = page.locator(".tiles dd").evaluate_all("all => all.map(e => e.offsetHeight)")
    assert len(set(heights)) == 1
    fits = "all => all.every(e => e.scrollWidth <= e.clientWidth)"
    assert page.locator(".tiles dd").evaluate_all(fits)


@pytest.mark.parametrize("width", [A4, LETTER])
def test_prints_whole_and_only_what_was_opened(page: Page, tmp_path: Path, width: int) -> None:
    shared = [replace(each, release=Release("a" * 40)) for each in LargeClass(30)]
    write(tmp_path, [*small_class(), *shared])
    page.set_viewport_size({"width": width, "height": 1000})
    page.goto((tmp_path / "report.html").as_uri())
    page.locator("#student-abc123 summary").click()
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    fits = "all => all.every(e => e.scrollWidth <= e.clientWidth)"
    assert page.locator(".scroll").evaluate_all(fits)
    expect(page.get_by_role("group", name="Checks of abc123")).to_be_visible()
    expect(page.locator("#student-bcd234")).to_be_hidden()
    expect(page.locator("details.more a").last).to_be_visible()
    page.emulate_media(media="screen")
    page.locator("#student-abc123 > summary").click()
    page.emulate_media(media="print")
    expect(page.locator("section.checks")).to_be_hidden()


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_no_reply_runs_or_reaches_out(
    page: Page, tmp_path: Path, complaints: list[str], attack: str
) -> None:
    write(tmp_path, [hostile(attack)])
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.set_viewport_size(SMALL_PHONE)
    names = ("report.html", "students/abc123.html")
    for name in names:
        page.goto((tmp_path / name).as_uri(), wait_until="networkidle")
        open_details(page)
        assert page.title() != "pwned"
        assert page.evaluate("document.documentElement.scrollWidth") == SMALL_PHONE["width"]
    assert requests == [(tmp_path / name).as_uri() for name in names]


@both_pages
def test_the_policy_blocks_what_got_in_nevertheless(page: Page, folder: Path, name: str) -> None:
    path = folder / name
    with socket.create_server(("127.0.0.1", 0)) as canary:
        address = "http://{}:{}".format(*canary.getsockname())
        foreign = f"<script>document.title = 'pwned'</script><img src='{address}/x.png'>"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("<main>", f"<main>{foreign}"), encoding="utf-8")
        page.goto(path.as_uri(), wait_until="networkidle")
        assert page.title() != "pwned"
        canary.setblocking(False)
        with pytest.raises(BlockingIOError):
            canary.accept()
