"""The one place with a clock and randomness: present time, new ids, waiting times."""

import secrets
import threading
import time
from datetime import UTC, datetime

from csdomain.kernel.values.ids import RANDOM_BITS, I, IdKind


def nonce() -> str:
    """32 characters that nobody can guess, and that never come again."""
    return secrets.token_hex(16)


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SystemIds:
    """New ids from the machine's clock and randomness, increasing within the process, threads included."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._millis = 0
        self._random = 0

    def new(self, kind: IdKind[I], /) -> I:
        with self._lock:
            millis = time.time_ns() // 1_000_000
            if millis > self._millis:
                # The top bit stays free, so that counting up within a millisecond never overflows.
                self._millis, self._random = millis, secrets.randbits(RANDOM_BITS - 1)
            else:
                self._random += 1
            return kind.make(millis=self._millis, randomness=self._random)


class System:
    """The machine: its clock, and ids from it."""

    def __init__(self) -> None:
        self.clock = SystemClock()
        self.ids = SystemIds()


def salt() -> str:
    """16 random bytes as text: what makes a digest of what few people know impossible to guess from (KRN-14)."""
    return secrets.token_hex(16)


def jitter(attempt: int, *, first: float = 0.002, longest: float = 0.25) -> float:
    """Seconds to wait before attempt number ``attempt`` (from 1): random, up to a bound that doubles each time."""
    return secrets.randbelow(1_000_000) / 1_000_000 * min(longest, first * 2.0**attempt)


def about(seconds: float, share: float = 0.1) -> float:
    """``seconds``, give or take a ``share`` of it: machines that were started together drift apart."""
    return seconds * (1 - share + 2 * share * secrets.randbelow(1_000_000) / 1_000_000)
