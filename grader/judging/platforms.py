"""What a hosting platform says in place of the app: one table of its marks and what they mean.

A mark is a header or a piece of the body that the platform sends and an app does not. An app could
forge one: that buys it time and a look by the instructor, never points.

Sources: vercel.com/docs/errors; ngrok.com/docs/errors; Render's, Railway's and Heroku's
troubleshooting pages; the firewalls' own notes on how a challenge is told from the page behind it.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from grader.model import Reply
from grader.outcomes import Outcome

# A platform's own page is short, and says what it is at its beginning.
_BODY = 8192


@dataclass(frozen=True, slots=True)
class Mark:
    """One row of the table.

    Attributes:
        header: the header to read; empty for the body.
        said: a pattern of the header's value or the body; case does not matter.
        words: the meaning, as the beginning of a sentence: "Vercel has paused this deployment".
        waits: whether another reply may come in a minute or two.
        statuses: empty for any status.
    """

    header: str
    said: str
    words: str
    advice: str = ""
    waits: bool = False
    statuses: tuple[int, ...] = ()
    outcome: Outcome = Outcome.UNREACHABLE

    @property
    def is_challenge(self) -> bool:
        """Whether it is a bot protection's, which stands between the app and the grader."""
        return self.outcome is Outcome.NOT_CHECKED

    def is_on(self, reply: Reply) -> bool:
        """Whether `reply`, which has the mark's status and header, bears the mark."""
        text = reply.headers[self.header] if self.header else reply.text[:_BODY]
        return re.search(self.said, text, re.IGNORECASE) is not None


_VERCEL, _RENDER, _NGROK = "x-vercel-error", "x-render-routing", "ngrok-error-code"
_LOG = "Look into the platform's log: it shows the error."
_BOTS = Outcome.NOT_CHECKED
_BOT_ADVICE = (
    "Switch {} off while the app is graded, or let the grader pass: it names itself in User-Agent."
)

CHALLENGES: tuple[Mark, ...] = (
    Mark("x-vercel-mitigated", "challenge|deny", "Vercel's firewall took the grader for a bot",
         _BOT_ADVICE.format("Attack Challenge Mode and Bot Protection (project, Firewall)"),
         waits=True, outcome=_BOTS),
    Mark("cf-mitigated", "challenge", "Cloudflare took the grader for a bot",
         _BOT_ADVICE.format("Bot Fight Mode and Under Attack Mode (Security)"),
         waits=True, outcome=_BOTS),
    Mark("x-amzn-waf-action", "challenge|captcha", "Amazon's firewall (AWS WAF) took the grader "
         "for a bot", _BOT_ADVICE.format("the challenge rule of the web ACL"),
         waits=True, outcome=_BOTS),
    Mark("x-datadome", "protected", "DataDome took the grader for a bot",
         _BOT_ADVICE.format("DataDome's protection"),
         waits=True, statuses=(403, 429), outcome=_BOTS),
    Mark("x-sucuri-block", ".", "Sucuri's firewall took the grader for a bot",
         _BOT_ADVICE.format("Sucuri's bot protection"),
         waits=True, outcome=_BOTS),
    Mark("server", "akamaighost", "Akamai took the grader for a bot",
         _BOT_ADVICE.format("Akamai's bot protection"),
         waits=True, statuses=(403, 429), outcome=_BOTS),
    Mark("", "vercel security checkpoint|_incapsula_resource|_cf_chl_opt|^error code: 1010|"
         "<title>just a moment\\.\\.\\.", "a firewall took the grader for a bot",
         _BOT_ADVICE.format("the platform's bot protection"),
         waits=True, statuses=(202, 403, 405, 429, 503), outcome=_BOTS),
)  # fmt: skip
"""The bot protections of platforms and content networks."""

MARKS: tuple[Mark, ...] = (
    *CHALLENGES,
    Mark(_VERCEL, "^DEPLOYMENT_PAUSED", "Vercel has paused this deployment",
         "Open the project on Vercel and resume it (Settings, General): a free plan is also "
         "paused when its limits are used up."),
    Mark(_VERCEL, "^DEPLOYMENT_DISABLED", "Vercel has disabled this deployment",
         "Open the project on Vercel: it says what has to be paid or settled."),
    Mark(_VERCEL, "^DEPLOYMENT_DELETED", "this deployment was deleted on Vercel",
         "Hand in the production domain of the project (its page, Domains)."),
    Mark(_VERCEL, "^DEPLOYMENT_BLOCKED", "Vercel has blocked this deployment",
         "Open the project on Vercel: it says why."),
    Mark(_VERCEL, "^DEPLOYMENT_NOT_FOUND", "Vercel knows no deployment at this address",
         "Compare the link with the production domain on the project's page."),
    Mark(_VERCEL, "^DEPLOYMENT_NOT_READY", "this deployment is not ready yet",
         "Wait until Vercel shows it as ready.", waits=True),
    Mark(_VERCEL, "INVOCATION_TIMEOUT", "the app did not answer Vercel in time",
         "One query takes too long, or the code never ends for it.",
         waits=True, outcome=Outcome.TOO_SLOW),
    Mark(_VERCEL, "THROTTLED", "Vercel lets no more requests through to the app for now",
         "Wait a minute and check again.",
         waits=True, outcome=Outcome.RATE_LIMITED),
    Mark(_VERCEL, "INVOCATION_FAILED|FROM_FUNCTION|PAYLOAD|INFINITE_LOOP",
         "the app's code failed on Vercel", "Open the project on Vercel and look at its Logs: "
         "they show the error.", outcome=Outcome.SERVER_ERROR),
    Mark(_VERCEL, "^(?:DNS_|ROUTER_|INTERNAL_)", "Vercel could not pass the request on",
         "Wait a minute and check again; vercel.json may send it elsewhere.",
         waits=True, outcome=Outcome.SERVER_ERROR),
    Mark(_RENDER, "suspend", "this service is suspended on Render",
         "Open the service on Render and resume it."),
    Mark(_RENDER, "no-server", "Render has no running service at this address",
         "Look at the service on Render: was the last deploy live, and is this its address?",
         waits=True),
    Mark(_RENDER, "hibernate|error", "Render could not reach the app",
         f"{_LOG} Does the app listen on the port that $PORT names?",
         waits=True, outcome=Outcome.SERVER_ERROR),
    Mark("", "error-pages/no-such-app|<title>no such app</title>",
         "Heroku knows no app at this address",
         "Compare the link with the one that heroku open shows.", statuses=(404,)),
    Mark("", "error-pages/maintenance-mode", "this app is in maintenance mode on Heroku",
         "Run: heroku maintenance:off", statuses=(503,)),
    Mark("", "error-pages/application-error|heroku logs --tail",
         "the app crashed, or does not run, on Heroku", f"{_LOG} Run: heroku logs --tail",
         waits=True, statuses=(500, 502, 503, 504),
         outcome=Outcome.SERVER_ERROR),
    Mark("", "\"message\": *\"application not found\"|the train has not arrived",
         "Railway has no running app at this address",
         "Look at the service on Railway: is it deployed, and is this its domain?",
         waits=True, statuses=(404,)),
    Mark("x-railway-fallback", "true", "Railway could not reach the app",
         f"{_LOG} Does the app listen on the port that $PORT names?",
         waits=True, outcome=Outcome.SERVER_ERROR),
    Mark("server", "^fly/", "the app did not answer on Fly, or answered with an error",
         f"{_LOG} Does the app listen on the internal_port of fly.toml?",
         waits=True, statuses=(502, 503), outcome=Outcome.SERVER_ERROR),
    Mark(_NGROK, "ERR_NGROK_6024", "ngrok shows a warning page in place of the app",
         "A tunnel to your own machine is no deployment: deploy the app and hand in that URL."),
    Mark(_NGROK, "ERR_NGROK_(?:3200|3801|9022|121|334)", "this ngrok tunnel is off",
         "A tunnel ends when your machine does: deploy the app and hand in that URL."),
    Mark(_NGROK, "ERR_NGROK_(?:72\\d|73\\d)", "ngrok's limit for this tunnel is used up",
         "Deploy the app and hand in that URL.", waits=True, outcome=Outcome.RATE_LIMITED),
    Mark(_NGROK, "ERR_NGROK_", "the tunnel is up, but ngrok could not reach the app behind it",
         "A tunnel to your own machine is no deployment: deploy the app and hand in that URL.",
         waits=True),
    Mark("", "tunnel password|bypass-tunnel-reminder", "localtunnel shows its reminder page in "
         "place of the app", "A tunnel to your own machine is no deployment: deploy the app and "
         "hand in that URL.", statuses=(401, 403, 503, 511)),
    Mark("", "^503 - tunnel unavailable|no tunnel found", "this localtunnel is off",
         "A tunnel ends when your machine does: deploy the app and hand in that URL.",
         statuses=(404, 503)),
    Mark("", "error code: 1033|argo tunnel error|cloudflare tunnel error",
         "this Cloudflare tunnel is off", "A tunnel ends when your machine does: deploy the app "
         "and hand in that URL.", statuses=(502, 530)),
    Mark("", "there isn't a github pages site here", "GitHub Pages has no site at this address",
         "GitHub Pages runs no Python: deploy the app and hand in its URL.", statuses=(404,)),
    Mark("", "this web app is stopped", "Azure has stopped this app",
         "Open the app on Azure and start it.", statuses=(403,)),
    Mark("", "usage_exceeded", "Netlify has paused this site: its limits are used up",
         "Open the site on Netlify: it says what to do.", statuses=(503,)),
    Mark("", "coming soon: pythonanywhere", "PythonAnywhere has no running app at this address",
         "Open the Web page on PythonAnywhere: is the app there, and enabled?", statuses=(404,)),
    Mark("server", "^cloudflare", "Cloudflare could not reach the app's host", _LOG,
         waits=True, statuses=(*range(520, 528), 530),
         outcome=Outcome.SERVER_ERROR),
    Mark("server", "airtunes", "this is a Mac's AirPlay receiver, which sits on port 5000",
         "Run the app on another port, or switch AirPlay Receiver off (System Settings, General, "
         "AirDrop & Handoff).", statuses=(403,)),
)  # fmt: skip


def mark_of(reply: Reply) -> Mark | None:
    """Find the platform's mark on a reply; None if there is none."""
    if reply.failure not in (None, Outcome.TOO_LARGE) or reply.status is None:
        return None
    possible = _possible(reply.status, tuple(reply.headers))
    return next((mark for mark in possible if mark.is_on(reply)), None)


@lru_cache(1024)
def _possible(status: int, headers: tuple[str, ...]) -> list[Mark]:
    return [
        mark
        for mark in MARKS
        if mark.header in (*headers, "") and status in (mark.statuses or (status,))
    ]
