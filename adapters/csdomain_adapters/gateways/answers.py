"""What a gateway's answer means: seven classes, one table of codes for each vendor, one way to say it (MSG-12)."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import Enum, unique
from typing import Final, TypeVar

import attrs

from csdomain.kernel.cases.delivery import DeliveryFailed, DeliveryUnknown, OptedOut, Postponed, Sent
from csdomain.kernel.rules.errors import DomainError
from csdomain_adapters.system import SystemClock

A = TypeVar("A")
Now = Callable[[], datetime]
now: Final[Now] = SystemClock().now
#: A message that a busy gateway did not take waits so long.
_BUSY: Final = timedelta(minutes=5)
_CODE_LONGEST: Final = 60


@unique
class Fate(Enum):
    """What an answer means for the message.

    ``REFUSED_HERE``: this gateway does not take it (no money, no template, no such route); another may. ``NOT_TAKEN``:
    the request was never written. After both the next gateway of a chain is asked. ``REFUSED_CONTENT``,
    ``REFUSED_ADDRESSEE``: nobody will take it. ``OPTED_OUT``: the addressee wants nothing. ``THROTTLED``: the same
    gateway, later. ``UNKNOWN``: it may have left, and is asked for.
    """

    SENT = "sent"
    REFUSED_HERE = "refused_here"
    REFUSED_CONTENT = "refused_content"
    REFUSED_ADDRESSEE = "refused_addressee"
    OPTED_OUT = "opted_out"
    THROTTLED = "throttled"
    NOT_TAKEN = "not_taken"
    UNKNOWN = "unknown"


#: A vendor's codes and what each means; one that ends with ``*`` stands for all that begin so.
Codes = Mapping[str, Fate]


def fate_of(codes: Codes, code: str) -> Fate | None:
    """What a code means by a table: itself first, then the longest beginning; None where it is not listed."""
    if code in codes:
        return codes[code]
    begins = [name for name in codes if name.endswith("*") and code.startswith(name[:-1])]
    return codes[max(begins, key=len)] if begins else None


class NotTaken(Exception):
    """The request was surely never written: name, connection or TLS failed."""


class NoAnswer(Exception):
    """The request may have been written, and no whole answer came."""


@attrs.frozen
class Gate:
    """How a gateway says what became of a message: in its own ``name``, by its ``codes``, at the time of ``now``."""

    name: str
    codes: Codes
    now: Now

    def taken(self, id: str, segments: int) -> Sent:
        """The gateway took it under its own id."""
        return Sent(f"{self.name}:{id}" if id else "", max(1, segments))

    def failed(self, fate: Fate, code: str) -> DomainError:
        """What to raise for a message that was not taken: DeliveryFailed, DeliveryUnknown, Postponed or OptedOut.

        ``code`` is the vendor's, or a few words of ours.
        """
        why = f"{self.name}: {code_of(code)}"
        if fate is Fate.THROTTLED:
            return Postponed(until=self.now() + _BUSY)
        if fate is Fate.OPTED_OUT:
            return OptedOut(why=why)
        if fate is Fate.UNKNOWN:
            return DeliveryUnknown(why=why)
        final = fate in (Fate.REFUSED_CONTENT, Fate.REFUSED_ADDRESSEE)
        return DeliveryFailed(definite=final, why=why)

    def judged(self, code: str, status: int) -> DomainError:
        """What to raise for a code in an answer of an HTTP status. One that is not listed is a refusal where the
        gateway clearly refused, and unknown where it failed itself."""
        clear = code and (200 <= status < 300 or 400 <= status < 500)
        fate = fate_of(self.codes, code) or (Fate.REFUSED_HERE if clear else Fate.UNKNOWN)
        return self.failed(fate, code or str(status))

    def answered(self, call: Callable[[], A]) -> A:
        """The answer to a request. Raises DeliveryFailed where it was surely not written, else DeliveryUnknown."""
        try:
            return call()
        except NotTaken as error:
            raise self.failed(Fate.NOT_TAKEN, str(error)) from None
        except NoAnswer as error:
            raise self.failed(Fate.UNKNOWN, str(error)) from None


def code_of(code: object) -> str:
    """A vendor's code, cut to what a code can be: an answer's own words may name the addressee."""
    text = str(code)
    return text[:_CODE_LONGEST] if text.isprintable() else "?"
