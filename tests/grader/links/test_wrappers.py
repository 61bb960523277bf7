"""Links that a mail or chat program has wrapped: the app inside is what is asked."""

import pytest

from grader.links import LinkError, read_link
from grader.model import State

URL = "https://my-app.vercel.app"
CODED = "https%3A%2F%2Fmy-app.vercel.app%2F"
SAFE = "https://nam12.safelinks.protection.outlook.com/?url="
SAFE_END = "&data=05%7C02%7Chbovik%40andrew.example%7C0d1%7C0%7C0%7C638&sdata=Qm%2Fx%3D&reserved=0"


@pytest.mark.parametrize(
    ("link", "whose"),
    [
        (SAFE + CODED + SAFE_END, "Outlook (Safe Links)"),
        (f"{SAFE}{CODED}&amp;data=05%7C02", "Outlook (Safe Links)"),
        (f"https://gcc02.safelinks.protection.office365.us/?url={CODED}", "Outlook (Safe Links)"),
        (
            "https://statics.teams.cdn.office.net/evergreen-assets/safelinks/1/atp-safelinks.html"
            f"?url={CODED}&locale=en-us",
            "Microsoft Teams",
        ),
        (f"https://www.google.com/url?q={URL}/&sa=D&source=editors&ust=179&usg=AOv", "Google"),
        (f"https://www.google.co.uk/url?sa=t&url={CODED}", "Google"),
        (f"www.google.com/url?q={CODED}", "Google"),
        (f"https://meet.google.com/linkredirect?authuser=0&dest={CODED}", "Google Meet"),
        (f"https://urldefense.proofpoint.com/v1/url?u={CODED}&k=abc", "Proofpoint"),
        (
            "https://urldefense.proofpoint.com/v2/url?u=https-3A__my-2Dapp.vercel.app_&d=DwMFaQ&c=x",
            "Proofpoint",
        ),
        ("https://urldefense.com/v3/__https://my-app.vercel.app/__;!!LIr3w8kk!Ad$", "Proofpoint"),
        ("https://urldefense.com/v3/__https:/my*app.vercel.app__;LQ!!LIr3w8kk!Ad$", "Proofpoint"),
        ("https://urldefense.com/v3/__https:**Dapp.vercel.app__;Ly9teS0!!L!A$", "Proofpoint"),
        (f"https://slack-redir.net/link?url={CODED}", "Slack"),
        (f"https://l.facebook.com/l.php?u={CODED}%3Ffbclid%3DIw&h=AT0", "Facebook"),
        (f"https://l.instagram.com/?u={CODED}&e=AT0", "Instagram"),
        (f"https://www.linkedin.com/safety/go?url={CODED}&trk=flagship", "LinkedIn"),
        (f"https://www.linkedin.com/redir/redirect?url={CODED}&urlhash=x", "LinkedIn"),
        (f"https://linkprotect.cudasvc.com/url?a={CODED}&c=E,1,Ab&typo=1", "Barracuda"),
        (f"https://secure-web.cisco.com/1aBc/{CODED}", "Cisco"),
        (
            "https://eu-west-1.protection.sophos.com/?d=vercel.app"
            "&u=aHR0cHM6Ly9teS1hcHAudmVyY2VsLmFwcC8=&i=x",
            "Sophos",
        ),
        (f"https://url.avanan.click/v2/___{URL}/___.YXAzOmE6bw", "Check Point"),
        ("https://protect-us.mimecast.com/s/AbC1?domain=my-app.vercel.app", "Mimecast"),
        (SAFE + CODED.replace("%", "%25"), "Outlook (Safe Links)"),
        (f"{SAFE}%20{CODED}%2520{SAFE_END}", "Outlook (Safe Links)"),
    ],
)
def test_the_link_inside_is_taken_and_said(link: str, whose: str) -> None:
    for text in (link, f"My app: {link} (it works)", f"App:https://{link}"):
        found = read_link(text)
        assert found.url == URL
        assert any(note.startswith(f"Took the link out of what {whose}") for note in found.notes), (
            found.notes
        )


def test_a_wrapping_may_be_wrapped_again() -> None:
    inner = "https%3A%2F%2Furldefense.com%2Fv3%2F__https%3A%2F%2Fmy-app.vercel.app%2F__%3B!!A!b%24"
    link = read_link(f"https://www.google.com/url?q={SAFE}{inner.replace('%', '%25')}")
    assert link.url == URL
    assert [note.split("what ")[1].split(" ")[0] for note in link.notes] == [
        "Google",
        "Outlook",
        "Proofpoint",
    ]


@pytest.mark.parametrize(
    ("link", "words", "state"),
    [
        (f"{SAFE}https%3A%2F%2Fgithub.com%2Fbovik%2Fx", "source code repository", State.INVALID),
        (f"{SAFE}http%3A%2F%2F10.0.0.1%2F", "private network", State.REFUSED),
        (f"{SAFE}javascript%3Aalert(1)", "https:// or http://", State.INVALID),
        ("https://nam12.safelinks.protection.outlook.com/?data=05", "cut off", State.INVALID),
        ("https://urldefense.com/v3/__", "cut off", State.INVALID),
        ("https://urldefense.com/v3/__https:**__;!!A", "not a complete host name", State.INVALID),
        ("https://protect-us.mimecast.com/s/AbC1", "cut off", State.INVALID),
        ("https://url.us.m.mimecastprotect.com/x", "hides in this link", State.INVALID),
        (
            "https://eu.protection.sophos.com/?u=%E2%82%AC&d=vercel.app",
            "Open it, and hand in the address",
            State.INVALID,
        ),
    ],
)
def test_what_is_inside_is_checked_like_any_link(link: str, words: str, state: State) -> None:
    with pytest.raises(LinkError) as caught:
        read_link(link)
    assert words in caught.value.advice
    assert caught.value.state is state


@pytest.mark.parametrize(
    "link", ["https://www.google.com/maps?q=https://x.co", "https://x.co/url?q=https://y.co"]
)
def test_what_only_looks_like_a_wrapping_is_none(link: str) -> None:
    assert not any("put around it" in note for note in read_link(link).notes)
