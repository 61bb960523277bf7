"""The commands `releases promote` and `releases rollback`."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from grader.cli import check_waiting, kinds, options, reading
from grader.cli.commands import command, group, option
from grader.cli.exit_codes import BAD_INPUT, DONE, FALLS_SHORT, NOT_GRADED
from grader.cli.output import say, width
from grader.cli.releases_options import LOOKED_AT, Where

if TYPE_CHECKING:
    from collections.abc import Callable

    from grader.delivery.releases.platform import Platform, PlatformRelease
    from grader.model import Job

_PROMOTE, _ROLL_BACK = "Promote", "Roll back"


@dataclass(frozen=True)
class _Acting:
    """What `promote` and `rollback` share: which release, and how it is verified."""

    url: str = option(
        "--url", default="", envvar="GRADER_URL", show_envvar=True, type=kinds.TEXT,
        metavar="URL",
        help="The app's own address. Its /healthz tells before and afterwards which commit "
        "answers. A pipeline knows its own.",
    )  # fmt: skip
    commit: str = option(
        "--commit", default="", read=reading.commit, metavar="SHA|HEAD",
        help="The release of this commit.",
    )  # fmt: skip
    release: str = option(
        "--release", default="", type=kinds.TEXT, metavar="ID", help="The release with this id."
    )
    yes: bool = option("--yes", is_flag=True, help="Do not ask before it is done.")
    commit_timeout: float = option(
        "--commit-timeout", type=kinds.SECONDS, default=600, show_default=True, metavar="SECONDS",
        help="How long to wait until the app answers with the commit.",
    )  # fmt: skip
    allow_private: bool = options.ALLOW_PRIVATE
    bypass_secret: str = options.BYPASS_SECRET

    def at_its_address(self, platform: Platform) -> _Acting:
        """The same with an address that can be asked: a pipeline's own, unless one was given."""
        from grader.delivery.releases.pipeline import PipelinePlatform

        if not self.url and not isinstance(platform, PipelinePlatform):
            raise click.UsageError("Say where the app answers: --url URL")
        known = platform.url if isinstance(platform, PipelinePlatform) else ""
        acting = replace(self, url=self.url or known)
        acting.job("")  # a bad address is found before anything is done
        return acting

    def job(self, commit: str) -> Job:
        """What looks at the app's own address."""
        from grader.model import Job, Limits
        from grader.questions import load_battery
        from grader.services import submissions

        limits = Limits(allow_private=self.allow_private)
        target = submissions.target_of(
            self.url, "", limits, bypass_secret=self.bypass_secret, expect_commit=commit
        )
        return Job(target.submission, load_battery("activity"), 0, target.limits)

    def chosen(
        self, releases: tuple[PlatformRelease, ...], fits: Callable[[PlatformRelease], bool]
    ) -> PlatformRelease | None:
        """The release that was named; None if none was. Of a commit's, only one that `fits`."""
        from grader.delivery.releases.platform import PlatformError, is_commit
        from grader.text.commits import short

        if self.commit and self.release:
            raise click.UsageError("Give --commit or --release, and not both.")
        if not (self.commit or self.release):
            return None
        for each in releases:
            # Others of the same commit may be builds that failed.
            is_named = self.commit and is_commit(each, self.commit) and fits(each)
            if is_named or each.id == self.release:
                return each
        wanted = self.release or f"of commit {short(self.commit)}"
        raise PlatformError(
            f"None of the last {LOOKED_AT} releases that this can be done with is {wanted}: look "
            "at grader releases list."
        )


@dataclass(frozen=True)
class _Promote:
    """Let users get a staged release: the newest one since the live one, unless one is named."""

    where: Where = group(Where)
    acting: _Acting = group(_Acting)

    def __call__(self) -> None:
        from grader.delivery.releases.platform import PlatformError, next_release

        platform = self.where.platform()
        acting = self.acting.at_its_address(platform)
        releases = platform.releases(LOOKED_AT)
        named = acting.chosen(releases, lambda each: each.staged or each.live or each.can_roll_back)
        release = named or next_release(releases)
        if release is None:
            newer = " that is newer than the live release" * any(each.staged for each in releases)
            raise PlatformError(
                f"Nothing is staged{newer}, so there is nothing to promote. To let users get an "
                "older one, name it: --commit SHA."
            )
        _act(_PROMOTE, platform, releases, release, acting)


@dataclass(frozen=True)
class _Rollback:
    """Let users get an earlier release again: the one before the live one, unless one is named."""

    where: Where = group(Where)
    acting: _Acting = group(_Acting)

    def __call__(self) -> None:
        from grader.delivery.releases.platform import PlatformError, previous_release

        platform = self.where.platform()
        acting = self.acting.at_its_address(platform)
        releases = platform.releases(LOOKED_AT)
        named = acting.chosen(releases, lambda each: each.live or each.can_roll_back)
        release = named or previous_release(releases)
        if release is None:
            raise PlatformError("The platform has no earlier release to go back to.")
        _act(_ROLL_BACK, platform, releases, release, acting)


def _act(
    what: str,
    platform: Platform,
    releases: tuple[PlatformRelease, ...],
    release: PlatformRelease,
    acting: _Acting,
) -> None:
    """Say what will happen, ask, have the platform do it, and look whether the app has it."""
    from grader.delivery.releases.platform import OutcomeUnknownError, live_release

    live = live_release(releases)
    if live is not None and live.id == release.id:
        say("That release is live already. Nothing was changed.")
        _verify(release, acting)
        return
    _announce(what, platform, live, release, _remark(releases, live, acting))
    if not acting.yes:
        _ask()
        _still(platform, live)
    say("Under way; the platform may need some minutes ...")
    try:
        (platform.roll_back if what == _ROLL_BACK else platform.promote)(release)
    except OutcomeUnknownError as error:
        say(f"Nobody knows whether it was carried out: {error}", err=True)
        sys.exit(NOT_GRADED)
    except KeyboardInterrupt:
        say("\nThe platform goes on with it: look at grader releases list.", err=True)
        raise
    say("The platform has carried it out.")
    _verify(release, acting)


def _announce(
    what: str,
    platform: Platform,
    live: PlatformRelease | None,
    release: PlatformRelease,
    remark: str,
) -> None:
    from grader.cli.releases_words import AFTER_ROLLBACK, one
    from grader.formats.terminal import wrapped

    say(f"{what}. Users get now:")
    say(one(live, width()) if live else "Nothing that the platform tells of.")
    say("They will get:")
    say(one(release, width()))
    if what == _ROLL_BACK and platform.name in AFTER_ROLLBACK:
        say(wrapped(AFTER_ROLLBACK[platform.name], width()))
    if remark:
        say(wrapped(remark, width()))


def _remark(
    releases: tuple[PlatformRelease, ...], live: PlatformRelease | None, acting: _Acting
) -> str:
    """Ask the app which commit answers; an error if it is another app than the platform's.

    An app that is down or tells no commit hinders nobody: that may be why one rolls back. Nor does
    one that tells an earlier release: the live one may not be everywhere yet.
    """
    from grader.delivery.releases.platform import PlatformError, is_commit
    from grader.services.waiting import commit_now
    from grader.text.commits import short

    if live is None or live.commit is None:
        return ""
    job = acting.job("")
    told = commit_now(job)
    if not told or is_commit(live, told):
        return ""
    words = f"{job.submission.url} runs commit {short(told)}, which is not the live release"
    if any(each.live_at and is_commit(each, told) for each in releases):
        return f"Remark: {words}, but an earlier one."
    raise PlatformError(
        f"{words} {short(live.commit)}: is this the right --url? Nothing was changed."
    )


def _ask() -> None:
    try:
        agreed = click.confirm("Go on?", err=True)
    except click.Abort:
        raise click.UsageError("Nobody is there to answer. Without asking: --yes") from None
    if not agreed:
        say("Nothing was changed.")
        sys.exit(FALLS_SHORT)


def _still(platform: Platform, live: PlatformRelease | None) -> None:
    """An error if another release became live while somebody thought about the answer."""
    from grader.delivery.releases.platform import PlatformError, live_release

    now = live_release(platform.releases(LOOKED_AT))
    if (now and now.id) != (live and live.id):
        raise PlatformError(
            "Another release became live meanwhile. Nothing was changed: look again."
        )


def _verify(release: PlatformRelease, acting: _Acting) -> None:
    """Look at the app's own address until it tells the release's commit, or exit."""
    from grader.services.waiting import Standing
    from grader.text.commits import short

    if release.commit is None:
        say("Not verified: the platform tells no commit of this release.", err=True)
        sys.exit(NOT_GRADED)
    job, shown = acting.job(release.commit), short(release.commit)
    look = check_waiting.follow(job, acting.commit_timeout, quiet=False)
    if look.standing is Standing.LIVE:
        say(f"Verified: commit {shown} answers at {job.submission.url}.")
        return
    say(
        f"Not verified: commit {shown} does not answer at {job.submission.url} after "
        f"{look.after:.0f} s. At last: {look.words}. Look at grader releases list, and wait longer "
        "with --commit-timeout.",
        err=True,
    )
    sys.exit(NOT_GRADED if look.standing is Standing.OURS else FALLS_SHORT)


_ACTED = {
    DONE: "It was carried out, and the app's own address answers with that commit.",
    FALLS_SHORT: "You did not agree, or another commit answers.",
    BAD_INPUT: "An option is wrong, --url is another app's, or the platform refused or failed: the "
    "text says what.",
    NOT_GRADED: "Nobody knows whether it was carried out, or this machine could not look.",
}
COMMANDS = (
    command("promote", _Promote, _ACTED),
    command("rollback", _Rollback, _ACTED),
)
