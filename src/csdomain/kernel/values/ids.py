"""Ids: time-ordered, with a prefix that names the kind, checked wherever one enters (design decision D3).

An id is the kind's prefix, ``_``, and a ULID in lower case (48 bits of Unix milliseconds, 80 random bits):
``cmp_01k9w3v7q8d3m6y2r5t0x4n1ab``. The core makes ids only from numbers it is given; an :class:`IdSource` has the
clock and the randomness.
"""

import re
from datetime import date, datetime
from hashlib import sha256
from typing import Final, Generic, Protocol, TypeVar, cast

import attrs

from csdomain.kernel.rules import PORTS, Text
from csdomain.kernel.rules.errors import InvalidValue

I = TypeVar("I", bound=str)  # noqa: E741 - the conventional letter for an id type
I_co = TypeVar("I_co", bound=str, covariant=True)

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS: Final = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_FORM: Final = re.compile(r"([a-z]{2,8})_([0-7][0-9a-hjkmnp-tv-z]{25})")
_PREFIX: Final = re.compile(r"[a-z]{2,8}")
RANDOM_BITS: Final = 80
_EPOCH: Final = date(1970, 1, 1).toordinal()
_DAY_MILLIS: Final = 86_400_000


class MalformedId(InvalidValue):
    """Not an id at all. What was given is not shown: a caller may have passed a phone number."""

    default_rule = PORTS
    problem = Text("This is not an id.", "这不是有效的标识。")


class WrongKind(InvalidValue):
    """An id of another kind: a customer's where a complaint's belongs."""

    default_rule = PORTS
    problem = Text("This id is of another kind.", "标识属于另一种记录。")


def _prefix(_: object, attribute: "attrs.Attribute[str]", value: str) -> None:
    if not _PREFIX.fullmatch(value):
        raise ValueError(f"an id prefix is 2 to 8 small letters, not {value!r}")


@attrs.frozen
class IdKind(Generic[I]):
    """The kind of an id. ``I`` is its type, a ``NewType`` of ``str``.

    >>> from typing import NewType
    >>> TicketId = NewType("TicketId", str)
    >>> TICKET = IdKind[TicketId]("tkt")
    >>> TICKET.make(millis=1_760_000_000_000, randomness=1)
    'tkt_01k742sg000000000000000001'
    """

    prefix: str = attrs.field(validator=_prefix)

    def make(self, *, millis: int, randomness: int) -> I:
        """The id for a Unix time in milliseconds and 80 random bits; ids of later times sort later."""
        if not (0 <= millis < 1 << 48 and 0 <= randomness < 1 << RANDOM_BITS):
            raise ValueError("millis has 48 bits, randomness 80")
        bits = millis << RANDOM_BITS | randomness
        return cast("I", self.prefix + "_" + "".join([_PAIRS[bits >> shift & 1023] for shift in range(120, -10, -10)]))

    def keyed(self, natural: str, on: date | None = None) -> I:
        """The id that ``natural`` always has, a key of its own such as ``"hq/cold store"``: no look-up finds it.

        ``on`` puts it among the ids of that day, so that those of later days sort later; without, before all others.
        The same ``natural`` on another day is another id. Raises ValueError for a day before 1970 and for an instant,
        which is on two days at once.

        >>> IdKind("pag").keyed("doctor-1", date(2026, 3, 9))
        'pag_01kk7y9f00msya5mgmn5p81srd'
        """
        if isinstance(on, datetime):
            raise ValueError("a key has a day, not an instant")
        millis = 0 if on is None else (on.toordinal() - _EPOCH) * _DAY_MILLIS
        randomness = int.from_bytes(sha256(natural.encode()).digest()[: RANDOM_BITS // 8])
        return self.make(millis=millis, randomness=randomness)

    def check(self, value: object) -> I:
        """``value`` if it is an id of this kind. Raises :class:`MalformedId` or :class:`WrongKind`."""
        form = _FORM.fullmatch(value) if isinstance(value, str) else None
        if form is None:
            length = len(value) if isinstance(value, str) else 0
            raise MalformedId(expected=f"{self.prefix}_…", given=f"{type(value).__name__} of length {length}")
        if form[1] != self.prefix:
            raise WrongKind(expected=f"{self.prefix}_…", given=f"{form[1]}_…")
        return cast("I", value)


class IdSource(Protocol):
    """Port: makes new ids, increasing within one process."""

    def new(self, kind: IdKind[I], /) -> I:
        """A new id of that kind."""
        ...
