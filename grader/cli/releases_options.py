"""The options that the commands of `releases` share."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from grader.cli import kinds
from grader.cli.commands import option

if TYPE_CHECKING:
    from pathlib import Path

    from grader.delivery.releases.platform import Platform

LOOKED_AT = 100
"""How many releases are looked at to find one."""
PLATFORMS = ["vercel", "render", "heroku", "pipeline"]
FORMAT = option(
    "--format", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="For people, or for programs.",
)  # fmt: skip
PIPELINE = option(
    "--folder", type=kinds.RUN_FOLDER, metavar="DIR", help="The folder of a running pipeline."
)


def platform_of(
    name: str, project: str, pipeline: Path | None = None, staging: str = ""
) -> Platform:
    """The project on its platform; an error if none is named."""
    from grader.delivery.releases.platform import platform_named

    if not project and name != "pipeline":
        raise click.UsageError(f"Say which project of {name}: --project ID")
    return platform_named(name, project, pipeline, staging)


@dataclass(frozen=True)
class Where:
    """Which project on which platform."""

    name: str = option(
        "--platform", required=True, type=click.Choice(PLATFORMS),
        help="Where the app runs. Its token is read from $VERCEL_TOKEN, $RENDER_API_KEY or "
        "$HEROKU_API_KEY.",
    )  # fmt: skip
    project: str = option(
        "--project", default="", type=kinds.TEXT, metavar="ID",
        help="What the platform calls it: Vercel's project, Render's service (srv-...), Heroku's "
        "app.",
    )  # fmt: skip
    staging: str = option(
        "--staging", default="", type=kinds.TEXT, metavar="ID",
        help="The service (Render) or app (Heroku) from which the project is promoted.",
    )  # fmt: skip
    pipeline: Path | None = PIPELINE

    def platform(self) -> Platform:
        """The platform's project; an error if there is none."""
        return platform_of(self.name, self.project, self.pipeline, self.staging)

    def document(self, **more: Any) -> str:
        """What is printed for programs."""
        return json.dumps({"platform": self.name, "project": self.project, **more}, indent=1)
