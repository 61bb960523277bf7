"""How many connections this process may have open at once."""


def allow_files(wanted: int) -> int:
    """Let this process have `wanted` files open at once, and return how many the system allows.

    Connections are files. Linux allows 1,024 unless asked for more, macOS 256.
    """
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed
