"""One lock order: units that wait for each other never wait in a circle (design decision D19)."""

import logging
from collections.abc import Sequence
from typing import Final

import attrs

#: In a lock order, the place of kinds that it does not name.
OTHERS: Final = "*"
_log: Final = logging.getLogger("csdomain.locks")


class LockOrder(RuntimeError):
    """A unit locks a record before which another comes that it holds, or after it drew a number: two such units may
    wait for each other. An error of the program that combines use cases, not of whoever calls it."""


@attrs.frozen
class LockRanks:
    """The order in which kinds are locked, by the names of their tables. ``strict``: what is locked out of order raises
    :class:`LockOrder`, else it is logged."""

    tables: Sequence[str] = ()
    strict: bool = False
    _ranks: dict[str, int] = attrs.field(init=False)

    @_ranks.default
    def _ranked(self) -> dict[str, int]:
        return {table: place for place, table in enumerate(self.tables)}

    def of(self, table: str) -> int:
        """The place of a kind in the order."""
        found = self._ranks.get(table)
        return self._ranks.get(OTHERS, len(self._ranks)) if found is None else found


@attrs.define
class Locks:
    """What one unit of work has locked so far."""

    _ranks: LockRanks
    _held: set[tuple[str, str]] = attrs.field(factory=set)
    _last: tuple[int, str, str] = (-1, "", "")
    _drew: str = ""

    def take(self, table: str, id: str) -> None:
        """A record is about to be locked: by the order of kinds, and by id within a kind; before numbers are drawn."""
        if (table, id) in self._held or not self._ranks.tables:
            return
        self._held.add((table, id))
        place = (self._ranks.of(table), table, id)
        if self._drew:
            self._say(f"{table} {id} is locked after the number {self._drew} was drawn: draw it after all are loaded")
        elif place < self._last:
            _, held, other = self._last
            self._say(f"{table} {id} is locked after {held} {other}: lock it before, kinds in order, ids ascending")
        self._last = max(place, self._last)

    def made(self, table: str, id: str) -> None:
        """A record was made in this unit: nobody else can wait for it."""
        self._held.add((table, id))

    def drew(self, number: str) -> None:
        """A number was drawn, and with it its series locked."""
        self._drew = number

    def _say(self, what: str) -> None:
        if self._ranks.strict:
            raise LockOrder(what)
        _log.warning("%s", what)
