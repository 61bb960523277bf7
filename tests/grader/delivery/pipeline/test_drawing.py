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
    assert "0 of 1 releases promoted" in text
    assert "rolled back 1 of 8 4 37 2 1" in text
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
