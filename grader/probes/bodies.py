"""A reply's body: read up to a cap, unpacked, decoded."""

import asyncio
import zlib

from aiohttp import StreamReader

from grader.outcomes import Outcome
from grader.probes.faults import RequestError

_CHARSETS = frozenset({"utf-8", "utf-16", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252"})
# Names that are registered (RFC 9110, 8.4.1) or in use. Others in Content-Encoding, such as a
# character set, are no compression.
_READ = frozenset({"gzip", "x-gzip", "deflate"})
_NOT_READ = frozenset({"br", "zstd", "compress", "x-compress", "dcb", "dcz", "bzip2", "xz"})
# So many bytes may follow the compressed data: a line's end does no harm, a second body would.
_MOST_BEYOND = 16 * 1024


class UnreadableError(RequestError):
    """The reply is larger than the cap, or in a compression that is not read here."""

    outcome = Outcome.TOO_LARGE


async def read(body: StreamReader, packing: str, cap: int) -> bytes:
    """The whole body, unpacked as Content-Encoding (`packing`) says.

    Raises:
        UnreadableError: if it is larger than `cap` bytes, or cannot be unpacked.
        aiohttp.ClientError, aiohttp.http.HttpProcessingError, OSError: if it is not whole.
    """
    unpack = _unpacker(packing) if packing else None
    whole = bytearray()
    while piece := await body.readany():
        whole += unpack.unpack(piece, cap + 1 - len(whole)) if unpack else piece
        if len(whole) > cap:
            raise UnreadableError(f"the reply is larger than {cap // 1024} KiB")
        if body.at_eof():
            break
        # Thousands of small chunks may be there already: let other tasks run between them.
        await asyncio.sleep(0)
    if (error := body.exception()) is not None:
        raise error
    if unpack:
        unpack.end()
    return bytes(whole)


def _unpacker(named: str) -> "_Unpacker | None":
    """What unpacks a body of this Content-Encoding; None if it is not compressed."""
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

    def unpack(self, piece: bytes, most: int) -> bytes:
        """At most the next `most` bytes: a small piece may unpack to gigabytes."""
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
        if len(self._zlib.unused_data) > _MOST_BEYOND:
            raise UnreadableError("the reply goes on after the end of what is packed in it")
        return unpacked

    def end(self) -> None:
        """Raise UnreadableError if the compressed data goes on after the end of the body."""
        if self._started and not self._zlib.eof:
            raise UnreadableError(f"the reply breaks off in the middle of its {self._packing}")


def decode(body: bytes, content_type: str) -> str:
    """The body as text, in the character set that `content_type` names, or else in UTF-8."""
    parameters = content_type.lower().partition("charset=")[2]
    charset = parameters.partition(";")[0].strip().strip("\"'")
    return body.decode(charset if charset in _CHARSETS else "utf-8", errors="replace")
