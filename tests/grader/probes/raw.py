"""Servers that speak raw bytes: what no well-behaved framework would send."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator

Handler = Callable[[socket.socket], None]


class RawServer:
    """Accepts connections on loopback and hands each to `handler` in a thread of its own."""

    def __init__(self, handler: Handler, tls: ssl.SSLContext | None = None) -> None:
        self._accepted = 0
        self._marks: dict[tuple[str, int], threading.Event] = {}
        self._handler = handler
        self._tls = tls
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, address = self._listener.accept()
            except OSError:
                return
            if address in self._marks:
                self._marks[address].set()
                connection.close()
                continue
            self._accepted += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    @property
    def connections(self) -> int:
        """How many came so far, also those that wait to be accepted.

        They are accepted in their order: once a connection of our own is, all before it are.
        """
        with socket.socket() as last, contextlib.suppress(ConnectionRefusedError):
            last.bind(("127.0.0.1", 0))
            came = self._marks[last.getsockname()] = threading.Event()
            last.connect(("127.0.0.1", self.port))
            assert came.wait(30)
        return self._accepted

    def _serve(self, connection: socket.socket) -> None:
        # The other side hangs up in the middle of most of these: that is the point.
        with contextlib.suppress(OSError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            with connection:
                self._handler(connection)

    def close(self) -> None:
        _ = self.connections  # those that nobody has accepted yet would be lost
        # Closing alone would leave the accepting thread waiting.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


@contextlib.contextmanager
def raw_server(handler: Handler, tls: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    server = RawServer(handler, tls)
    try:
        yield server
    finally:
        server.close()


def read_request(connection: socket.socket) -> bytes:
    """One request's head; empty when the other side hung up."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65536)
        if not piece:
            return b""
        head += piece
    return head


def reply(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def always(answer: bytes, *, close: bool = False) -> Handler:
    """Answers every request with the same bytes."""

    def handle(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(answer)
            if close:
                return

    return handle


def hang(connection: socket.socket) -> None:
    """Listen and say nothing, until the other side hangs up."""
    while connection.recv(65536):
        pass


def drip(connection: socket.socket, start: bytes, piece: bytes) -> None:
    """Send piece after piece, each well within any timeout, until the other side hangs up."""
    connection.sendall(start)
    while True:
        connection.sendall(piece)
        time.sleep(0.05)


def drip_headers(connection: socket.socket) -> None:
    drip(connection, b"HTTP/1.1 200 OK\r\n", b"X: y\r\n")


def drip_body(connection: socket.socket) -> None:
    drip(connection, b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"3")


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"3" * 65536)


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


GARBAGE = b"SSH-2.0-OpenSSH_9.2\r\n"
HALF_A_REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n3"
LARGE_HEADERS = b"HTTP/1.1 200 OK\r\n" + b"X: %s\r\n" % (b"y" * 8190) * 200 + b"\r\n"


def after_request(act: Handler) -> Handler:
    """Read one request, then act."""

    def handle(connection: socket.socket) -> None:
        read_request(connection)
        act(connection)

    return handle


@contextlib.contextmanager
def silent_address(port: int) -> Iterator[str]:
    """A loopback address that neither accepts nor refuses connections to `port`."""
    address = "127.0.0.2"
    with contextlib.ExitStack() as closing:
        closing.enter_context(socket.create_server((address, port), backlog=0))
        with contextlib.suppress(TimeoutError):
            while True:
                waiting = closing.enter_context(socket.socket())
                waiting.settimeout(0.3)
                waiting.connect((address, port))
        yield address
