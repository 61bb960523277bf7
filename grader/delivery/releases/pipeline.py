"""A pipeline that runs on this machine (`grader pipeline --keep`), through files in its folder.

The pipeline writes which releases there are. Whoever wants another one live leaves an order in the
folder, and waits for the answer beside it.
"""

import contextlib
import json
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from grader.delivery.releases.platform import OutcomeUnknownError, PlatformError, PlatformRelease
from grader.store import FolderBusyError, exclusive, write_private

_RELEASES, _ORDERS = "production.json", "orders"
_DONE_SECONDS = 180.0
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class _Production:
    """What a pipeline writes: the address of its production, and its releases, newest first."""

    url: str
    releases: tuple[PlatformRelease, ...]


_productions: TypeAdapter[_Production] = TypeAdapter(_Production)


@dataclass(frozen=True, slots=True)
class PipelineOrder:
    """What a running pipeline is asked to do: let users get the release with this id."""

    do: Literal["promote", "roll_back"]
    release: str


_orders: TypeAdapter[PipelineOrder] = TypeAdapter(PipelineOrder)


class PipelinePlatform:
    """A running pipeline, as a platform."""

    name = "pipeline"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def url(self) -> str:
        """Where users ask the app."""
        return self._production().url

    def releases(self, limit: int) -> tuple[PlatformRelease, ...]:
        """The last `limit` releases, newest first."""
        return self._production().releases[:limit]

    def _production(self) -> _Production:
        try:
            return _productions.validate_json((self._folder / _RELEASES).read_bytes())
        except FileNotFoundError:
            raise _not_running(self._folder) from None
        except ValidationError as error:
            raise PlatformError(
                f"{self._folder / _RELEASES} is not what a pipeline writes: "
                f"{error.errors()[0]['msg']}. Start the pipeline again."
            ) from None

    def promote(self, release: PlatformRelease) -> None:
        """Let users get a staged release; returns when all servers have it."""
        self._order(PipelineOrder("promote", release.id))

    def roll_back(self, release: PlatformRelease) -> None:
        """Let users get an earlier release again; returns when all servers have it."""
        self._order(PipelineOrder("roll_back", release.id))

    def _order(self, order: PipelineOrder) -> None:
        if not _is_running(self._folder):
            raise _not_running(self._folder)
        path = self._folder / _ORDERS / f"{secrets.token_hex(8)}.json"
        answered = path.with_suffix(".answer")
        write_private(path, [json.dumps(asdict(order))])
        try:
            self._wait_for(answered)
            error = answered.read_text(encoding="utf-8")
        finally:
            path.unlink(missing_ok=True)
            answered.unlink(missing_ok=True)
        if error:
            raise PlatformError(error)

    def _wait_for(self, answered: Path) -> None:
        deadline = time.monotonic() + _DONE_SECONDS
        while not answered.exists():
            if time.monotonic() > deadline or not _is_running(self._folder):
                raise OutcomeUnknownError(
                    f"The pipeline in {self._folder} has not answered: look at its terminal, and "
                    "at grader releases list, before you try again."
                )
            time.sleep(_LOOK_SECONDS)


def connect(folder: Path | None) -> PipelinePlatform:
    """The pipeline that runs in `folder`; PlatformError if no folder is named."""
    if folder is None:
        raise PlatformError("Say in which folder the pipeline runs: --folder DIR")
    return PipelinePlatform(folder)


def write_releases(folder: Path, url: str, releases: tuple[PlatformRelease, ...]) -> None:
    """Write which releases the pipeline of `folder` has, newest first, and where users ask them."""
    (folder / _ORDERS).mkdir(mode=0o700, exist_ok=True)
    write_private(
        folder / _RELEASES, [_productions.dump_json(_Production(url, releases), indent=1)]
    )


def forget(folder: Path) -> None:
    """Forget what an earlier pipeline in `folder` had, and what it was asked to do."""
    (folder / _RELEASES).unlink(missing_ok=True)
    for path in (folder / _ORDERS).glob("*"):
        path.unlink(missing_ok=True)


def next_order(folder: Path) -> tuple[Path, PipelineOrder | None] | None:
    """The next order in its file, None in its place if it is none; None if nobody gave one."""
    for path in sorted((folder / _ORDERS).glob("*.json")):
        if not path.with_suffix(".answer").exists():
            with contextlib.suppress(FileNotFoundError):  # taken back meanwhile
                try:
                    return path, _orders.validate_json(path.read_bytes())
                except ValidationError:
                    return path, None
    return None


def answer(order: Path, error: str) -> None:
    """Tell whoever gave an order that it was carried out, or else the error."""
    write_private(order.with_suffix(".answer"), [error])


def _is_running(folder: Path) -> bool:
    if not (folder / _RELEASES).exists():
        return False
    try:
        with exclusive(folder):
            return False
    except FolderBusyError:
        return True


def _not_running(folder: Path) -> PlatformError:
    return PlatformError(
        f"No pipeline runs in {folder}. Start one, and leave it running: "
        f"grader pipeline --keep --out {folder}"
    )
