"""A register's declaration refuses what no database could keep, or what would not be a register (D17)."""

from datetime import date, datetime, timedelta
from typing import Any, NewType

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.kernel.rules import PORTS
from csdomain.kernel.store.kinds import Field, Kind, MalformedQuery
from csdomain.kernel.store.registers import Kept, Mode, Register
from csdomain.kernel.values.ids import IdKind
from csdomain.kernel.values.personal import PersonalKind, personal
from csdomain.testing.base import SPECIMEN, Specimen

pytestmark = pytest.mark.rule(PORTS)
CardId = NewType("CardId", str)


@attrs.frozen
class Card:
    id: CardId
    at: datetime
    held: int = 0
    free: int | None = None
    on: date | None = None
    picture: bytes | None = None


@attrs.frozen
class Named(Card):
    name: str = personal(PersonalKind.NAME, default="")


@attrs.frozen
class Priced(Card):
    price: float = 0.0


@attrs.frozen
class Either(Card):
    mixed: int | str = 0


def register(**changes: Any) -> Register[Any]:
    return Register(**{"type": Card, "table": "card", "mode": Mode.APPEND, "key": ("id",), **changes})


def test_a_new_type_is_the_type_below_it_and_nothing_may_be_left_open() -> None:
    found = {column.name: (column.type, column.optional) for column in register().columns}
    assert found == {
        "id": (str, False),
        "at": (datetime, False),
        "held": (int, False),
        "free": (int, True),
        "on": (date, True),
        "picture": (bytes, True),
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"table": "Card"},
        {"key": ()},
        {"key": ("id", "id")},
        {"key": ("none",)},
        {"key": ("free",)},
        {"key": ("picture",)},
        {"unique": (("picture",),)},
        {"indexes": (("at", "none"),)},
        {"counts": ("held",)},
        {"states": ("held",)},
        {"mode": Mode.COUNT},
        {"mode": Mode.COUNT, "counts": ("free",)},
        {"mode": Mode.COUNT, "counts": ("id",)},
        {"mode": Mode.COUNT, "counts": ("held",), "key": ("id", "held")},
        {"mode": Mode.STATE},
        {"mode": Mode.STATE, "states": ("id",)},
        {"vanish": True},
        {"type": Named},
        {"type": Priced},
        {"type": Either},
        {"kept_for": Kept("on", timedelta(days=1))},
        {"kept_for": Kept("none", timedelta(days=1))},
    ],
    ids=str,
)
def test_a_register_that_could_not_be_kept_is_refused_when_it_is_declared(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="register"):
        register(**wrong)


def test_personal_data_stands_only_in_rows_that_can_be_dropped() -> None:
    assert register(type=Named, mode=Mode.DISPOSABLE).names[-1] == "name"


def test_conditions_are_made_by_columns_that_are_there() -> None:
    assert register()["held"].at_least(3).value == 3
    with pytest.raises(MalformedQuery):
        register()["none"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"indexes": (("branch", "none"),)},
        {"owners": (Field[Specimen, str]("label", str, lambda s: s.label, unique=True),)},
        {"owners": (Field[Specimen, str]("other", str, lambda s: s.colour),)},
    ],
)
def test_a_kind_names_only_its_own_columns(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="specimen"):
        Kind(Specimen, SPECIMEN, "specimen", **wrong)


# --- keyed ids
DAYS = st.none() | st.dates(min_value=date(1970, 1, 1))


@given(one=st.text(), other=st.text(), on=DAYS, later=DAYS)
def test_a_key_always_has_the_same_id_and_no_other_key_has_it(
    one: str, other: str, on: date | None, later: date | None
) -> None:
    kind = IdKind[str]("pag")
    id = kind.keyed(one, on)
    assert kind.check(id) == id == kind.keyed(one, on)
    assert (kind.keyed(other, later) == id) == ((other, later) == (one, on) or (other == one and not _apart(on, later)))
    if on is not None and later is not None and on < later:
        assert id < kind.keyed(other, later)


def _apart(on: date | None, later: date | None) -> bool:
    first = date(1970, 1, 1)
    return (on or first) != (later or first)


@pytest.mark.parametrize("on", [datetime(2026, 3, 4), date(1969, 12, 31)])  # noqa: DTZ001 - naive on purpose
def test_a_key_has_a_day_that_an_id_can_hold(on: date) -> None:
    with pytest.raises(ValueError, match=r"day|48 bits"):
        IdKind[str]("pag").keyed("x", on)
