"""Where no app of a student's is, and what is said to whoever hands that in."""

import pytest

from grader.links import LinkError, read_link
from grader.model import State


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("https://vercel.app", "such as https://your-app.vercel.app."),
        ("www.vercel.app", "such as https://your-app.vercel.app."),
        ("https://onrender.com/", "such as https://your-app.onrender.com."),
        ("https://up.railway.app", "such as https://your-app.up.railway.app."),
        ("https://fly.dev", "such as https://your-app.fly.dev."),
        ("https://hbovik.github.dev", "an editor"),
        ("https://fuzzy-robot-7v.github.dev/", "an editor"),
        ("https://hbovik-activity-5f.ws-eu117.gitpod.io", "an editor"),
        ("https://fuzzy-robot-7v-3000.app.github.dev/api", "a port of an editor"),
        ("https://3000-hbovik-activity-5f.ws-eu117.gitpod.io", "an editor"),
        ("https://replit.com/@hbovik/activity", "an editor"),
        ("https://stackblitz.com/edit/nextjs-1", "an editor"),
        ("https://codesandbox.io/p/github/hbovik/activity", "an editor"),
        ("https://colab.research.google.com/drive/1aB", "a notebook"),
        ("https://docs.google.com/document/d/1aB/edit", "a shared document"),
        ("https://cmu.sharepoint.com/:w:/s/x", "a shared document"),
        ("https://app.netlify.com/projects/my-app/overview", "it ends in .netlify.app"),
        ("https://railway.com/project/0d1", "it ends in .up.railway.app"),
        ("https://railway.app/project/0d1", "it ends in .up.railway.app"),
        ("https://fly.io/apps/my-app", "it ends in .fly.dev"),
        ("https://us-east-1.console.aws.amazon.com/amplify", "a page of a platform"),
        ("https://www.pythonanywhere.com/user/hbovik/webapps/", "a page of a platform"),
        ("https://bit.ly/3aBc", "a short link"),
        ("https://codeberg.org/hbovik/activity", "source code repository"),
    ],
)
def test_no_app_is_there(link: str, words: str) -> None:
    with pytest.raises(LinkError) as caught:
        read_link(link)
    assert words in caught.value.advice
    assert caught.value.state is State.INVALID


@pytest.mark.parametrize(
    "link",
    [
        "https://hbovik.github.io",
        "https://hbovik.pythonanywhere.com",
        "https://activity.hbovik.replit.app",
        "https://my-git-main-hbovik.vercel.app",
        "https://abc-3000.csb.app",
        "https://vercel.app.example.com",
    ],
)
def test_an_app_is_there(link: str) -> None:
    assert read_link(link).url == link
    assert read_link(link).notes == ()


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("https://www.my-app.vercel.app/api", "https://my-app.vercel.app"),
        ("www.my-app.onrender.com", "https://my-app.onrender.com"),
        ("http://WWW.my-app.up.railway.app", "http://my-app.up.railway.app"),
    ],
)
def test_www_before_a_platforms_domain_is_taken_off_and_said(link: str, url: str) -> None:
    found = read_link(link)
    assert found.url == url
    assert any("the certificate of" in note and "one level" in note for note in found.notes)


def test_www_of_a_domain_of_ones_own_stays() -> None:
    assert read_link("https://www.hbovik.example").url == "https://www.hbovik.example"
