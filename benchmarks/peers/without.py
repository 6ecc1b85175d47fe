"""A desk without one of the things that are written beside a use case: each is switched off and on while it runs."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import text

from csdomain.kernel.store import unit as unit_of_work
from csdomain.kernel.store.digests import Link, Unproven
from csdomain.kernel.store.numbers import Numbers
from csdomain.kernel.store.projections import project
from csdomain_adapters import system
from csdomain_adapters.sql import tables
from csdomain_adapters.sql.tables import CHAIN_INDEX

Switch = Callable[[bool], None]
_DIGESTING: Final = {name: getattr(Unproven, name) for name in ("body", "timer", "link")}
_SALT: Final = system.salt
_PROJECT: Final = project
_DRAW: Final = Numbers.draw


def _links(_: object, records: Any, *_more: object) -> list[Any]:
    return [Link(None, None, None, "") for _ in records]  # type: ignore[arg-type]


def digests(wanted: bool) -> None:
    """Nothing is digested, salted or linked."""
    stubs: dict[str, Any] = {"body": lambda *_a, **_k: None, "timer": lambda *_a: None, "link": _links}
    for name, made in _DIGESTING.items():
        setattr(Unproven, name, made if wanted else stubs[name])
    setattr(tables, "salt", _SALT if wanted else lambda: "")  # noqa: B010 - mypy knows it as another module's


def unchained(desk: Any, database: str) -> None:
    """The desk neither looks at the head of a trail nor keeps an index of it."""
    desk.store._statements.heading = False  # noqa: SLF001 - the look at the head is part of the cost
    with desk.store.engine.begin() as connection:
        connection.execute(text(f"drop index {CHAIN_INDEX}{' on csd_audit' if database == 'mariadb' else ''}"))


def chronicle(wanted: bool) -> None:
    """No line of a customer's timeline is written."""
    setattr(unit_of_work, "project", _PROJECT if wanted else lambda *_: None)  # noqa: B010 - it is no module's own


def numbers(wanted: bool) -> None:
    """Numbers are drawn by their counter, and are in no register."""

    def drawn(self: Any, pattern: Any, on: Any, branch: str, *_: object) -> str:
        return str(pattern.number(self._counters.next_number(pattern.series(on, branch)), on, branch))

    setattr(Numbers, "draw", _DRAW if wanted else drawn)  # noqa: B010 - a method of another class


#: What is written beside a use case, by its name.
SWITCHES: Final[Mapping[str, Switch]] = {"digests": digests, "chronicle": chronicle, "numbers": numbers}
