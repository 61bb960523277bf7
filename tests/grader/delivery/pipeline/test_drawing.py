import re
from dataclasses import replace

from bs4 import BeautifulSoup

from grader.delivery.pipeline.drawing import page_of
from grader.delivery.pipeline.record import Result, Second, Stage, Told, Tone
from grader.delivery.pipeline.stories import Ending, story_named

OLD, NEW = "1111111", "2222222"
SETTINGS = story_named("settings")
TOLD = [
    Told(2.0, "settings", Stage.BUILD, "+ key = query[:24]", release=NEW),
    Told(3.0, "settings", Stage.RELEASE, "1 of 8", release=NEW, servers=(NEW, *[OLD] * 7)),
    Told(5.0, "settings", Stage.WATCH, "ALERT: <script>x</script>\x1b[2J", Tone.BAD, NEW),
    Told(6.0, "settings", Stage.END, "ROLLED BACK", Tone.GOOD, NEW),
]
MET = [
    Second(2, 20, right=20, lost=0, median_ms=4.0, releases={OLD: 20}),
    Second(3, 16, right=14, lost=1, median_ms=6.0, releases={OLD: 13, NEW: 2}),
    Second(4, 1, right=0, lost=1, median_ms=None),
]
RESULT = Result(SETTINGS, NEW, OLD, Ending.ROLLED_BACK, 2.0, 6.0, 1, 0.3, 37, 34, 2)


def test_a_page_of_the_beginning() -> None:
    page = page_of([], [], [], is_over=False)
    assert "Releases on their way" in page
    assert 'http-equiv="refresh"' in page


def test_a_page_tells_what_happened() -> None:
    page = page_of(TOLD, [RESULT], MET, is_over=True)
    soup = BeautifulSoup(page, "html.parser")
    text = re.sub(r"\s+", " ", soup.get_text(" "))
    assert "The release ended as it should" in text
    assert "rolled back 2 1 37 4 1 of 8 2222222" in text
    assert "+ key = query[:24]" in text
    assert "[Nooooooo]" in text
    assert "0:05 watch" in text
    assert text.count("rolled back") >= 2
    assert 'http-equiv="refresh"' not in page
    labels = [drawn["aria-label"] for drawn in soup.find_all("svg")]
    assert "The new release answered 13.3 % of a second's requests at most." in labels
    assert "Answers that were right: 0 % in the worst second." in labels
    assert "The median time to reply was 6 ms in the slowest second." in labels


def test_the_shares_of_a_second_fill_it() -> None:
    soup = BeautifulSoup(page_of(TOLD, [RESULT], MET, is_over=True), "html.parser")
    (traffic,) = soup.select("#settings ~ figure .traffic, section:has(#settings) .traffic")
    in_second = [rect for rect in traffic.find_all("rect") if rect["x"] == "1"]
    assert {rect["class"][0] for rect in in_second} == {"mute", "bad"}
    assert sum(float(str(rect["height"])) for rect in in_second) == 100


def test_the_newest_release_stands_at_the_foot_in_each_chart() -> None:
    soup = BeautifulSoup(page_of(TOLD, [RESULT], MET, is_over=True), "html.parser")
    for chart in soup.select(".traffic"):
        shares = [rect for rect in chart.find_all("rect") if rect["x"] == "1"]
        assert len(shares) == 2
        lowest = max(shares, key=lambda rect: float(str(rect["y"])) + float(str(rect["height"])))
        assert lowest["class"] == ["bad"]


def test_the_headline_tells_whether_all_ended_as_they_should() -> None:
    def headline(*results: Result) -> str:
        page = page_of(TOLD, results, MET, is_over=True)
        return str(BeautifulSoup(page, "html.parser").select_one("h1"))

    other = replace(RESULT, ending=Ending.PROMOTED)
    assert "Each of 2 releases ended as it should" in headline(RESULT, RESULT)
    assert "1 of 2 releases ended as they should" in headline(RESULT, other)
    assert "No release came to its end" in headline()


def test_what_no_user_has_met_is_not_bad() -> None:
    stopped = replace(RESULT, ending=Ending.STOPPED_AT_GATE)
    soup = BeautifulSoup(page_of(TOLD, [stopped], MET[:1], is_over=True), "html.parser")
    pills = [pill for pill in soup.select(".pill") if pill.text.strip() == "stopped at the gate"]
    assert [pill["class"] for pill in pills] == [["pill", "look"]] * 2


def test_a_release_under_way_is_neither_good_nor_bad() -> None:
    page = page_of(TOLD[:2], [], MET[:2], is_over=False)
    assert "on its way" in page
    assert '<rect class="look"' in page
    assert '<rect class="bad" x="1" y="0"' in page  # not right is bad at once


def test_what_an_app_said_is_only_text() -> None:
    page = page_of(TOLD, [RESULT], MET, is_over=True)
    assert "<script" not in page
    assert "&lt;script&gt;x&lt;/script&gt;\\x1b[2J" in page


def test_a_second_without_answers_is_empty() -> None:
    lost = replace(MET[2], asked=2, lost=2)
    page = page_of(TOLD, [RESULT], [MET[0], lost], is_over=True)
    assert 'x="2"' in page
