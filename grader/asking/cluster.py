"""A class's jobs on a Dask cluster: the same jobs, asked by the workers of other machines."""

import asyncio
import contextlib
import hashlib
import importlib
import logging
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future, InvalidStateError
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from grader.asking.running import run
from grader.model import InputError, Job, Scorecard
from grader.text.cutting import some_of

if TYPE_CHECKING:
    from distributed import Client

_P = ParamSpec("_P")
_T = TypeVar("_T")

CONNECT_SECONDS = 10.0
# A cluster without workers for so long is lost; before that, one may be starting again.
WORKERLESS_SECONDS = 30.0
_LOOK_SECONDS = 1.0
_SHOWN = 5
_START = "start some on any machine with the grader: dask worker {} --nthreads 64"
# These would print stack traces of a lost connection, which is said here in words.
_LOGGERS = ("distributed", "distributed.client", "tornado", "tornado.application", "asyncio")


class ClusterError(InputError):
    """The cluster cannot be used; the text says why and what to do."""


class ClusterLostError(BrokenExecutor):
    """The cluster has been lost, and its jobs with it."""


class OtherCodeError(Exception):
    """A worker has another version of the grader."""


@cache
def code_digest() -> str:
    """A hash of this grader's files; the same for every kind of line ends."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.suffix in (".py", ".toml", ".csv", ".txt"):
            digest.update(path.relative_to(package).as_posix().encode())
            digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def run_by_same_code(
    digest: str, call: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs
) -> _T:
    """Call `call`, if this process has the grader with this digest.

    Raises:
        OtherCodeError: if it has another one, whose grades could not be compared.
    """
    if code_digest() != digest:
        raise OtherCodeError
    return call(*args, **kwargs)


class ClusterGraders:
    """Grades jobs on the workers of a cluster, each of which asks in one event loop of its own.

    Once the scheduler or the last worker is lost, every job ends with `ClusterLostError`.
    A job whose worker died is run again by another one, until it has taken several down.
    If `most` is None, as many jobs may be under way as the cluster has threads.
    """

    most: int | None = None

    def __init__(self, client: "Client", address: str) -> None:
        self._client = client
        self._address = address
        self._executor = client.get_executor(pure=False)  # type: ignore[no-untyped-call]
        self._under_way: set[Future[Scorecard]] = set()
        self._threads = _threads(client)
        self._closing = threading.Event()
        self._watch = threading.Thread(target=self._look, name="cluster", daemon=True)
        self._watch.start()

    def room(self) -> int:
        """How many jobs may be under way. At least one, which waits while there are no workers."""
        return self.most or max(1, self._threads)

    def submit(self, job: Job) -> Future[Scorecard]:
        """Have a worker grade `job`.

        Raises:
            ClusterLostError: if the scheduler is lost.
        """
        if self._client.status != "running":
            raise ClusterLostError(f"{self._address} does not answer any more")
        elsewhere = self._executor.submit(run_by_same_code, code_digest(), run, job)
        future: Future[Scorecard] = Future()
        self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)
        future.add_done_callback(lambda ended: ended.cancelled() and elsewhere.cancel())
        elsewhere.add_done_callback(partial(_settle, future))
        return future

    def require(self, need: Callable[[], None]) -> None:
        """Call `need` on each worker; it raises if the worker lacks something.

        Raises:
            ClusterError: which workers lack something, and the first one's message.
        """
        client: Any = self._client
        calls = {
            worker: client.submit(need, workers=[worker], pure=False)
            for worker in client.nthreads()
        }
        lacking = {worker: error for worker, call in calls.items() if (error := call.exception())}
        if lacking:
            shown = some_of(sorted(lacking), _SHOWN)
            first = next(iter(lacking.values()))
            raise ClusterError(
                f"{len(lacking)} of {len(calls)} workers lack what is needed ({shown}): {first}"
            )

    def close(self) -> None:
        """Give up what is under way, and look after the cluster no longer."""
        self._closing.set()
        for future in tuple(self._under_way):
            future.cancel()

    def _look(self) -> None:
        """Watch the cluster, since the client would wait for a lost one for ever."""
        seen = time.monotonic()
        while not self._closing.wait(_LOOK_SECONDS):
            if self._client.status == "running":
                with contextlib.suppress(Exception):  # looked at again in a moment
                    self._threads = _threads(self._client)
                if self._threads:
                    seen = time.monotonic()
            if self._client.status != "running":
                self._give_up(f"{self._address} does not answer any more")
            elif time.monotonic() - seen > WORKERLESS_SECONDS:
                self._give_up(f"{self._address} has no workers any more")

    def _give_up(self, words: str) -> None:
        for future in tuple(self._under_way):
            with contextlib.suppress(InvalidStateError):  # it has just ended
                future.set_exception(ClusterLostError(words))


def _settle(future: Future[Scorecard], elsewhere: Future[Scorecard]) -> None:
    """Let `future` end like `elsewhere`; the client cancels that if it loses the scheduler."""
    with contextlib.suppress(InvalidStateError):  # it was cancelled or given up meanwhile
        if elsewhere.cancelled():
            future.set_exception(ClusterLostError("the cluster gave up its jobs"))
        elif error := elsewhere.exception():
            future.set_exception(error)
        else:
            future.set_result(elsewhere.result())


@contextlib.contextmanager
def connected(address: str) -> Iterator[ClusterGraders]:
    """The cluster whose scheduler listens at `address`, as in `tcp://host:8786`.

    Raises:
        ClusterError: if it is not there, has no workers, or one of them has another grader.
    """
    try:
        # Only whoever uses a cluster has the library.
        distributed = importlib.import_module("distributed")
    except ModuleNotFoundError:
        raise ClusterError(
            "--scheduler needs the library distributed, which comes with the extra scale. In the "
            'project\'s folder: pip install -e ".[grader,scale]"'
        ) from None
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    client = _client(distributed.Client, address)
    try:
        _check_workers(client, address)
        with contextlib.closing(ClusterGraders(client, address)) as graders:
            yield graders
    finally:
        with contextlib.suppress(Exception):  # a scheduler that is gone cannot be left in order
            client.close(timeout=1)  # type: ignore[no-untyped-call]


def _client(connect: "type[Client]", address: str) -> "Client":
    with warnings.catch_warnings():
        # What matters is checked below; small differences of other libraries do not.
        warnings.simplefilter("ignore")
        try:
            # The client by itself waits for ever for what is no scheduler, and stumbles at its own
            # end over certificates that are missing.
            asyncio.run(asyncio.wait_for(_answer(address), CONNECT_SECONDS))
            return connect(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except TimeoutError:
            reason = f"no scheduler answers within {CONNECT_SECONDS:g} seconds"
        except Exception as error:
            reason = " ".join(str(error).split())[:200] or type(error).__name__
    raise ClusterError(
        f"the scheduler {address} cannot be used: {reason}. See that it runs (dask scheduler), "
        "that the address is the one it prints, and for tls:// that Dask knows its certificates"
    )


async def _answer(address: str) -> None:
    from distributed.core import rpc
    from distributed.security import Security

    arguments = Security().get_connection_args("client")  # type: ignore[no-untyped-call]
    if address.startswith("tls:") and arguments["ssl_context"] is None:
        raise ValueError("Dask is told no certificates for tls://")
    async with rpc(address, connection_args=arguments) as scheduler:  # type: ignore[no-untyped-call]
        await scheduler.identity(n_workers=0)


def _check_workers(client: "Client", address: str) -> None:
    with contextlib.suppress(TimeoutError):
        client.wait_for_workers(1, timeout=CONNECT_SECONDS)
    try:
        found = client.run(code_digest, on_error="return")
    except Exception as error:
        raise ClusterError(f"the workers of {address} cannot be asked: {error}") from None
    if not found:
        raise ClusterError(f"the cluster {address} has no workers: {_START.format(address)}")
    if others := sorted(worker for worker, digest in found.items() if digest != code_digest()):
        shown = some_of(others, _SHOWN)
        raise ClusterError(
            f"{len(others)} of {len(found)} workers have no grader, or another version of it "
            f"({shown}): install there what is installed here, and start them again"
        )


def _threads(client: "Client") -> int:
    counts: dict[str, int] = client.nthreads()  # type: ignore[no-untyped-call]
    return sum(counts.values())
