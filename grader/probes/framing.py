"""Where a reply begins and ends: what http.client is too generous about, read as RFC 9112 says."""

import http.client
import re

# 64 KiB is what http.client allows a line; a chunk's extensions count.
_LONGEST_LINE = 65536
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]+)[ \t]*(?:;[^\n]*)?\r?\n")
_INTERIM_REPLIES = 20


class FramingError(http.client.HTTPException):
    """The other side's bytes do not say where its reply begins or ends."""


class FramedResponse(http.client.HTTPResponse):
    """A reply that cannot pass for a longer one, nor for the next one."""

    def _read_status(self) -> tuple[str, int, str]:
        """The status line of the reply itself; "103 Early Hints" and the like come before it."""
        for _ in range(_INTERIM_REPLIES):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status == http.client.SWITCHING_PROTOCOLS or not 100 <= status < 200:
                return version, status, reason
            http.client.parse_headers(self.fp)
        raise FramingError(f"more than {_INTERIM_REPLIES} interim replies")

    def _read_next_chunk_size(self) -> int:
        """The size of the chunk that follows; http.client takes -1 for "all there is"."""
        line = self.fp.readline(_LONGEST_LINE)
        if not line:
            raise http.client.IncompleteRead(b"")
        size = _CHUNK_SIZE.fullmatch(line)
        if size is None:
            raise FramingError(f"a chunk of size {line[:20]!r}")
        return int(size[1], 16)
