"""Known hosts: sites that are no app, and the platforms that apps run on."""

import re

from grader.links.hosts import DEPLOY, HAND_IN, OPEN_IT, LinkError

PLATFORMS = frozenset(
    {
        *("vercel.app", "now.sh", "onrender.com", "herokuapp.com", "netlify.app"),
        *("up.railway.app", "railway.app", "fly.dev", "pages.dev", "workers.dev", "github.io"),
        *("gitlab.io", "surge.sh", "glitch.me", "replit.app", "replit.dev", "repl.co"),
        *("koyeb.app", "deno.dev", "zeabur.app", "azurewebsites.net", "azurestaticapps.net"),
        *("ondigitalocean.app", "streamlit.app", "run.app", "web.app", "firebaseapp.com"),
        *("appspot.com", "amplifyapp.com", "hf.space", "pythonanywhere.com"),
        *("eu.pythonanywhere.com", "code.run", "csb.app", "elasticbeanstalk.com", "ngrok.io"),
        *("ngrok.app", "ngrok-free.app", "ngrok-free.dev", "loca.lt", "serveo.net"),
        *("trycloudflare.com", "lhr.life", "devtunnels.ms"),
    }
)
"""Platforms and tunnels serve apps below each of these domains, never at the domain itself."""

_Words = tuple[str, str]


def _page_of(whose: str, remedy: str) -> _Words:
    return f"This is a page of {whose} and not your app.", remedy


_REPOSITORY: _Words = (
    "This is a source code repository and not the running app.",
    "Hand in the address where it is deployed: on GitHub it is on the repository's page, at the "
    "right, under Deployments.",
)
_EDITOR: _Words = (
    "This is an editor, where an app is written, and not the running app.",
    "Deploy the app to a platform that keeps it running, and hand in the address that it gets "
    "there.",
)
_FORWARDED: _Words = (
    "This is a port of an editor, and no deployed app: it stops soon after you leave the editor.",
    _EDITOR[1],
)
_NOTEBOOK: _Words = ("This is a notebook and not a running app.", DEPLOY)
_DOCUMENT: _Words = ("This is a shared document or folder and not your app.", HAND_IN)
_SHORT: _Words = ("This is a short link, which may lead anywhere.", OPEN_IT)
_HIDDEN: _Words = ("A mail program hides in this link where it leads.", OPEN_IT)
_VERCEL = _page_of(
    "vercel.com",
    "Open the project on vercel.com: its Overview shows the production deployment; click the "
    "address under Domains (it ends in .vercel.app) and hand in what opens.",
)
_RENDER = _page_of(
    "Render",
    "Open the service on dashboard.render.com: click the address under the service's name (it ends "
    "in .onrender.com) and hand in what opens.",
)
_HEROKU = _page_of(
    "Heroku",
    'Open the app on dashboard.heroku.com: click "Open app" at the top right and hand in the '
    "address of what opens (it ends in .herokuapp.com).",
)
_NETLIFY = _page_of(
    "Netlify",
    "Open the project on app.netlify.com: click the address under its name (it ends in "
    ".netlify.app) and hand in what opens.",
)
_RAILWAY = _page_of(
    "Railway",
    "Open the service on railway.com: Settings, Networking shows its public domain (it ends in "
    ".up.railway.app), or makes one. Hand that in.",
)
_FLY = _page_of(
    "Fly.io",
    'Run "fly status": hand in https:// and the host name that it shows (it ends in .fly.dev).',
)
_DASHBOARD = _page_of(
    "a platform", "Open the app from there, and hand in the address that the browser then shows."
)
# A host with a dot in front stands for all hosts below it, too.
_SITES = (
    (
        _REPOSITORY,
        "github.com gist.github.com raw.githubusercontent.com gitlab.com bitbucket.org "
        "git.heroku.com codeberg.org dev.azure.com",
    ),
    (_VERCEL, "vercel.com"),
    (_RENDER, "render.com dashboard.render.com"),
    (_HEROKU, "heroku.com dashboard.heroku.com"),
    (_NETLIFY, "netlify.com app.netlify.com"),
    (_RAILWAY, "railway.com railway.app"),
    (_FLY, "fly.io"),
    (
        _DASHBOARD,
        "app.koyeb.com console.cloud.google.com console.firebase.google.com portal.azure.com "
        ".console.aws.amazon.com dash.cloudflare.com cloud.digitalocean.com dashboard.ngrok.com "
        "ngrok.com pythonanywhere.com eu.pythonanywhere.com",
    ),
    (
        _EDITOR,
        ".github.dev codespaces.new .vscode.dev replit.com repl.it stackblitz.com .stackblitz.io "
        ".webcontainer.io codesandbox.io .gitpod.io glitch.com codepen.io jsfiddle.net "
        "idx.google.com",
    ),
    (_FORWARDED, ".app.github.dev"),
    (
        _NOTEBOOK,
        "colab.research.google.com colab.google kaggle.com deepnote.com mybinder.org nbviewer.org",
    ),
    (
        _DOCUMENT,
        "docs.google.com drive.google.com forms.gle forms.office.com 1drv.ms onedrive.live.com "
        ".sharepoint.com dropbox.com notion.so .notion.site",
    ),
    (
        _SHORT,
        "bit.ly tinyurl.com t.co lnkd.in goo.gl ow.ly is.gd rb.gy cutt.ly t.ly tiny.cc shorturl.at "
        "rebrand.ly aka.ms",
    ),
    (_HIDDEN, ".mimecast.com .mimecastprotect.com .emailprotection.link"),
)
_NO_APP = {host: words for words, hosts in _SITES for host in hosts.split()}
_WWW = re.compile(r"^(?:www\.)+(?=.*\.)")


def refuse_another_site(host: str) -> None:
    """Recognise what is handed in instead of the app.

    Raises:
        LinkError: the host is a repository's, an editor's, a dashboard's or a platform's own, or
            no complete name.
    """
    site = without_www(host)
    if words := _no_app(site):
        raise LinkError(*words)
    if site in PLATFORMS:
        raise LinkError(
            f"{host} is the platform's own address and not that of your app.",
            f"The address of your app has its name in front, such as https://your-app.{site}.",
        )
    if "." not in host and not host.startswith("["):
        raise LinkError(f'"{host}" is not a complete host name.', HAND_IN)


def without_www(host: str) -> str:
    """A host without www. in front, however often it stands there."""
    return _WWW.sub("", host)


def refuse_a_repository(host: str) -> None:
    """Raise a LinkError if a host holds source code, however it is addressed."""
    if _NO_APP.get(host) is _REPOSITORY:
        raise LinkError(*_REPOSITORY)


def platform_above(host: str) -> str:
    """The platform's domain that a host lies below; empty if it lies below none."""
    labels = host.split(".")
    above = (".".join(labels[at:]) for at in range(1, len(labels)))
    return next((domain for domain in above if domain in PLATFORMS), "")


def _no_app(site: str) -> _Words | None:
    labels = site.split(".")
    names = [site, *("." + ".".join(labels[at:]) for at in range(len(labels)))]
    return next((_NO_APP[name] for name in names if name in _NO_APP), None)
