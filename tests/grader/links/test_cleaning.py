"""What comes along with a link that is copied or typed: taken off where that is safe."""

import pytest

from grader.links import LinkError, read_link

URL = "https://my-app.vercel.app"
BLANKS = "Took out blanks that were copied along."
INVISIBLE = "Took out invisible characters."


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (f"{URL}%20", BLANKS),
        (f"{URL}/%20%0D%0A", BLANKS),
        (f"{URL}%C2%A0", BLANKS),
        (f"{URL}/%E2%80%8B", BLANKS),
        (f"%20{URL}", BLANKS),
        ("https://%20my-app.vercel.app", BLANKS),
        ("https://my-app%e2%80%8b.vercel.app", BLANKS),
        (f"{URL}&nbsp;", BLANKS),
        (f"{URL}/&#8203;", BLANKS),
        (f"Link:%20{URL}%20(works)", BLANKS),
        (f"\u200b{URL}\u2060", INVISIBLE),
        ("https://my-app\ufeff.vercel.app", INVISIBLE),
        (f"{URL}\u3164", INVISIBLE),
    ],
)
def test_copied_blanks_fall_off(text: str, note: str) -> None:
    link = read_link(text)
    assert link.url == URL
    assert note in link.notes


def test_a_blank_that_is_meant_stays() -> None:
    assert read_link("https://x.com/my%20app").url == "https://x.com/my%20app"


@pytest.mark.parametrize(
    "text",
    [
        "https://myapp vercel.app",
        "https://my app.onrender.com",
        "http://my app.onrender.com/api?q=x",
        "https://my -app.vercel.app",
        "https://myapp .vercel.app",
        "https://myapp. vercel.app",
        "https://myapp.vercel .app",
        "https://myapp.vercel. app",
        "https://myapp.ver cel.app",
        "https://myapp%20vercel.app",
        "https://myapp\nvercel.app",
        "https://group 3 project.onrender.com",
        "https://my%20cloud%20app.vercel.app",
        "https//my cloud app.vercel.app",
        "https://jane%20doe%20app.pages.dev",
        "https://my cloud.app x.vercel.app",
        "https://my/ cloud app.vercel.app",
        "https://www.google.com/url?q=https://my app.vercel.app",
        "www.google.com/url?q=https://my cloud app.vercel.app",
        "https://www.google.com/url?q=https://my%20cloud%20app.vercel.app",
        "https://www.google.com/url?q=https%3A%2F%2Fmy%20app.vercel.app app.vercel.app",
    ],
)
def test_an_address_with_a_blank_in_it_is_that_of_nobody_else(text: str) -> None:
    with pytest.raises(LinkError) as caught:
        read_link(text)
    assert caught.value.message.startswith('There is a blank in the address "http')


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https:// my-app.vercel.app", URL),
        (f"https://myapp vercel.app no: {URL}", URL),
        (f"https://my cloud app.vercel.app no: {URL}", URL),
        ("my-app.vercel.app (before: https://my cloud app.vercel.app)", URL),
        ("my-app.vercel.app (https://not yet)", URL),
        ("http://localhost:3000 my-app.vercel.app", URL),
        ("http://[::1]:3000 my-app.vercel.app", URL),
        ("https://x.com (on vercel.app)", "https://x.com"),
        ("https://x.com other.com", "https://x.com"),
    ],
)
def test_a_blank_around_an_address_is_none_in_it(text: str, url: str) -> None:
    assert read_link(text).url == url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://my\u2014app.vercel.app", "https://my--app.vercel.app"),
        ("main\u2014my-app.netlify.app", "https://main--my-app.netlify.app"),
        ("https://my\u2013app.vercel.app", URL),
        ("https://my\u2011app.vercel.app", URL),
        ("my\u2212app.vercel.app/api", URL),
    ],
)
def test_dashes_in_a_host_are_hyphens(text: str, url: str) -> None:
    link = read_link(text)
    assert link.url == url
    assert any(
        note.startswith('Read the dash in "') and "as hyphens" in note for note in link.notes
    )


@pytest.mark.parametrize("text", [f"{URL} \u2014 it works", f"{URL}\u2014", f"\u2014 {URL}"])
def test_dashes_around_a_link_belong_to_the_text(text: str) -> None:
    assert read_link(text).url == URL


def test_a_sentence_behind_a_dash_is_no_host() -> None:
    with pytest.raises(LinkError, match="not a valid host name"):
        read_link(f"{URL}\u2014thanks")
