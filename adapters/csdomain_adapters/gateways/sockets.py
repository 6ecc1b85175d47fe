"""What gateways over sockets have in common."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from threading import Timer


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: only there nothing needs to be secret."""
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


@contextmanager
def ended(sock: Callable[[], socket.socket | None], after: float) -> Iterator[None]:
    """Ends whatever is read from a socket after so many seconds: its own time-out begins anew with each byte."""

    def end() -> None:
        with suppress(OSError):
            found = sock()
            if found is not None:
                found.shutdown(socket.SHUT_RDWR)

    timer = Timer(after, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
