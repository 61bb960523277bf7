"""How a deployment answered, in words: over https or not, and how fast. None of it costs points."""

from datetime import timedelta

from grader.formats.words import moment, seconds
from grader.model import Scorecard
from grader.text.hosts import leads_to_own_machine

_RENEW_WITHIN = timedelta(days=14)


def https(scorecard: Scorecard) -> bool | None:
    """Whether each request went over https, from the link on; None if nothing answered."""
    urls = {
        url
        for reply in scorecard.replies
        if reply.status is not None
        for url in (reply.url, reply.final_url or reply.url)
    }
    return all(url.startswith("https://") for url in urls) if urls else None


def degraded_count(scorecard: Scorecard) -> int:
    """Count the answers that are right, but came late."""
    return sum(verdict.degraded for verdict in scorecard.verdicts)


def connection(scorecard: Scorecard) -> str:
    """Say whether it is https and how long the certificate lasts; empty if unknown."""
    secure = https(scorecard)
    if secure is None or (not secure and leads_to_own_machine(scorecard.submission.url)):
        return ""
    if not secure:
        return (
            "plain http, so others on the way can read what is sent; "
            "hand in an https:// link where the platform has one"
        )
    expires = scorecard.certificate_expires_at
    if expires is None:
        return "https"
    left = expires - scorecard.finished_at
    if left >= _RENEW_WITHIN:
        return f"https, certificate valid until {moment(expires)}"
    days = f"{left.days} days" if left.days > 1 else "a day" if left.days == 1 else "hours"
    return (
        f"https, but the certificate ends in {days}, {moment(expires)}: "
        "see that it is renewed, or browsers will refuse the app"
    )


def speed(scorecard: Scorecard) -> str:
    """Say how long replies took, and how many right ones came late; empty if none came."""
    latency = scorecard.latency
    if latency is None:
        return ""
    took = f"median {seconds(latency.median_ms)}, 95th percentile {seconds(latency.p95_ms)}"
    late = degraded_count(scorecard)
    return f"{took}; {late} right, but slow" if late else took
