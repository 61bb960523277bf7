"""TLS as this process speaks it."""

import functools
import os
import ssl
from asyncio.sslproto import SSLProtocol
from datetime import UTC, datetime

import certifi

# What asyncio holds for each connection to read into: 256 KiB unless said, which is 700 MB for
# 2,000 deployments in flight. A TLS record, and so a read, has 16 KiB at most.
SSLProtocol.max_size = 16 * 1024


@functools.cache
def tls_context() -> ssl.SSLContext:
    """The one TLS context of this process: each costs 19 ms and 0.7 MB.

    `SSL_CERT_FILE` names other authorities than the usual ones, as everywhere.
    """
    return ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE") or certifi.where())


def expiry(certificate: object) -> datetime | None:
    """Until when a certificate is valid that `getpeercert` told of; None without one."""
    match certificate:
        case {"notAfter": str(told)}:
            return datetime.fromtimestamp(ssl.cert_time_to_seconds(told), UTC)
        case _:
            return None
