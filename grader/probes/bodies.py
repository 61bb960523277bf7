"""A reply's body: read up to a cap, unpacked, decoded."""

import zlib

from urllib3 import BaseHTTPResponse

_CHARSETS = frozenset({"utf-8", "utf-16", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252"})
# The names that are registered (RFC 9110, 8.4.1) or in use. Whatever else stands in
# Content-Encoding, such as a character set, is no compression.
_READ = frozenset({"gzip", "x-gzip", "deflate"})
_NOT_READ = frozenset({"br", "zstd", "compress", "x-compress", "dcb", "dcz", "bzip2", "xz"})
_PIECE = 16 * 1024


class UnreadableError(Exception):
    """The reply is larger than the cap, or in a compression that is not read here."""


def read(response: BaseHTTPResponse, cap: int) -> bytes:
    """The body, unpacked where it is compressed; at most `cap` bytes.

    Raises:
        UnreadableError: if it is larger, or cannot be unpacked.
    """
    try:
        unpack = _unpacker(response.headers.get("Content-Encoding", ""))
        body = _unpacked(response, cap, unpack)
    except UnreadableError:
        response.close()
        raise
    response.release_conn()
    return body


def _unpacked(response: BaseHTTPResponse, cap: int, unpack: "_Unpacker | None") -> bytes:
    body = bytearray()
    # A short read is not the end: only the empty one after it tells a whole body from a part.
    while piece := response.read(_PIECE if unpack else cap + 1 - len(body), decode_content=False):
        if unpack and unpack.is_over:
            raise UnreadableError("the reply goes on after the end of what is packed in it")
        body += unpack.unpack(piece, cap + 1 - len(body)) if unpack else piece
        if len(body) > cap:
            raise UnreadableError(f"the reply is larger than {cap // 1024} KiB")
    if unpack:
        unpack.end()
    return bytes(body)


def _unpacker(named: str) -> "_Unpacker | None":
    """What unpacks a body of this Content-Encoding; None where it is not compressed."""
    packings = [
        name for name in map(str.strip, named.lower().split(",")) if name in _READ | _NOT_READ
    ]
    if not packings:
        return None
    if len(packings) > 1 or packings[0] in _NOT_READ:
        raise UnreadableError(
            f"the reply is compressed as {', '.join(packings[:3])}, which nobody asked for and "
            "the grader does not read: send plain text, or gzip"
        )
    return _Unpacker(packings[0])


class _Unpacker:
    def __init__(self, packing: str) -> None:
        self._packing = packing
        self._raw_deflate = packing == "deflate"
        self._started = False
        window = zlib.MAX_WBITS if packing == "deflate" else 16 + zlib.MAX_WBITS
        self._zlib = zlib.decompressobj(window)

    @property
    def is_over(self) -> bool:
        """Whether the packed body has come to its end."""
        return self._zlib.eof

    def unpack(self, piece: bytes, most: int) -> bytes:
        """The next bytes, `most` of them at most: a small piece may unpack to gigabytes."""
        try:
            unpacked = self._zlib.decompress(piece, most)
        except zlib.error:
            if not self._raw_deflate or self._started:
                raise UnreadableError(
                    f"the reply says that it is {self._packing}, and is not"
                ) from None
            # Many servers send the bare stream for "deflate", without the header of zlib.
            self._zlib = zlib.decompressobj(-zlib.MAX_WBITS)
            self._raw_deflate = False
            return self.unpack(piece, most)
        self._started = True
        return unpacked

    def end(self) -> None:
        """The body is over.

        Raises:
            UnreadableError: if what it holds is not.
        """
        if self._started and not self.is_over:
            raise UnreadableError(f"the reply breaks off in the middle of its {self._packing}")


def decode(body: bytes, content_type: str) -> str:
    """The body as text: in the character set that it names, or else UTF-8."""
    parameters = content_type.lower().partition("charset=")[2]
    charset = parameters.partition(";")[0].strip().strip("\"'")
    return body.decode(charset if charset in _CHARSETS else "utf-8", errors="replace")
