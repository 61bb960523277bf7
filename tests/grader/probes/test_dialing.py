"""Connections as the dialer keeps them."""

import socket
import threading

from grader.probes.dialing import Dialer
from grader.probes.guard import Guard, Origin
from grader.probes.http import Line, kept_alive
from tests.grader.probes.raw import hang, raw_server, read_request, reply


def test_a_connection_that_is_dialed_anew_lets_go_of_its_earlier_socket() -> None:
    ended = threading.Event()

    def lead_on(connection: socket.socket) -> None:
        if b" /there " in read_request(connection):
            connection.sendall(reply(b"3"))
            hang(connection)
        else:
            connection.sendall(reply(b"", "Location: /there", "Connection: close", status="302 x"))
            hang(connection)
            ended.set()

    with raw_server(lead_on) as server:
        dialer = Dialer(Guard(Origin.of(server.url)))
        send, close = kept_alive(dialer)
        got = Line(server.url, dialer, send).get(f"{server.url}/here", 20)
        assert (got.text, got.attempts) == ("3", 2)
        assert ended.wait(10)
        close()
        dialer.close()
