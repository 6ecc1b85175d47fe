"""What is stored, and how it is asked for: declared once, read alike by every store (D2, D14, KRN-15)."""

import math
from datetime import UTC, date, datetime
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from csdomain.kernel.rules import PORTS
from csdomain.kernel.store.kinds import TEXT_LONGEST, Comparison, Field, Kind, MalformedQuery, Query
from csdomain.kernel.values.ids import IdKind

pytestmark = pytest.mark.rule(PORTS)


@attrs.define
class Parcel:
    id: str
    note: str | int | None = None
    branch: str = "b"
    owner: str = "o"
    version: int = 0


AT = datetime(2026, 1, 1, tzinfo=UTC)
PARCEL = IdKind[str]("pcl")
NOTE: Field[Parcel, str] = Field("note", str, lambda p: p.note)  # type: ignore[arg-type, return-value]


def kind(**given_: Any) -> Kind[Parcel]:
    return Kind(Parcel, PARCEL, **{"table": "parcel", "fields": (NOTE,), **given_})


def field(name: str) -> Field[Parcel, str]:
    return attrs.evolve(NOTE, name=name)


names = st.from_regex(r"[a-z][a-z0-9_]{0,39}", fullmatch=True)
RESERVED = {"id", "branch", "owner", "version", "schema", "body"}


@given(st.text(max_size=45) | names, st.text(max_size=45) | names)
def test_tables_and_fields_have_plain_names_that_nothing_else_has(table: str, name: str) -> None:
    def plain(text: str) -> bool:
        return (
            0 < len(text) <= 40
            and text.isascii()
            and text.replace("_", "a").isalnum()
            and text == text.lower()
            and ("a" <= text[0] <= "z")
        )

    if plain(table) and plain(name) and name not in RESERVED:
        declared = kind(table=table, fields=(field(name),))
        assert declared.column(name) == name
    else:
        with pytest.raises(ValueError, match="field names"):
            kind(table=table, fields=(field(name),))


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_the_columns_that_are_always_there_cannot_be_declared_again(name: str) -> None:
    with pytest.raises(ValueError, match="reserved"):
        kind(fields=(field(name),))


def test_two_fields_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="distinct"):
        kind(fields=(NOTE, NOTE))


def test_the_field_of_the_queue_is_one_of_the_fields() -> None:
    assert kind(queue=NOTE).queue is NOTE
    with pytest.raises(ValueError, match="queue"):
        kind(queue=field("note"))


@given(st.text(min_size=1, max_size=12))
def test_a_query_names_columns_that_there_are(name: str) -> None:
    if name in ("note", "id", "branch", "owner", "version"):
        assert kind().column(name) == name
        return
    with pytest.raises(MalformedQuery) as refused:
        kind().column(name)
    assert "note" in str(refused.value)


@given(st.integers(1, 6), st.integers(1, 6))
def test_an_older_body_goes_through_every_form_in_order(schema: int, stored: int) -> None:
    def step(number: int) -> Any:
        return lambda body: {**body, "seen": [*body["seen"], number]}

    now = kind(schema=schema, upcasters={n: step(n) for n in range(1, schema)})
    assert now.upcast({"seen": []}, stored) == {"seen": list(range(stored, schema))}


@given(st.integers(2, 6), st.data())
def test_a_kind_without_the_step_from_an_older_form_is_refused(schema: int, data: st.DataObject) -> None:
    missing = data.draw(st.integers(1, schema - 1))
    with pytest.raises(ValueError, match=f"upcaster .*{missing}"):
        kind(schema=schema, upcasters={n: dict for n in range(1, schema) if n != missing})


@given(st.none() | st.integers() | st.text(max_size=TEXT_LONGEST + 30) | st.text("\0ab\ud800", max_size=5))
@example(-(2**63) + 1)
@example(2**63)
@example("x" * TEXT_LONGEST)
@example("\ud83d")
def test_a_column_takes_what_every_database_takes(value: str | int | None) -> None:
    fits = (
        (len(value) <= TEXT_LONGEST and all(c and not "\ud800" <= c <= "\udfff" for c in value.replace("\0", "\ud800")))
        if isinstance(value, str)
        else value is None or -(2**63) < value < 2**63
    )
    sort: Any = str if value is None else type(value)  # NOTE's own kind is a text
    declared = kind(fields=(attrs.evolve(NOTE, kind=sort),))
    parcel = Parcel(PARCEL.make(millis=0, randomness=0), value)
    if fits:
        assert declared.row(parcel) == {"note": value}
    else:
        with pytest.raises(MalformedQuery) as refused:
            declared.row(parcel)
        assert str(value) not in str(refused.value) or len(str(value)) < 3


@pytest.mark.parametrize("column", [str, int, bool, datetime, date])
@pytest.mark.parametrize("value", ["x", 1, True, AT, AT.date(), AT.replace(tzinfo=None), math.nan, 1.5, b"x", ["x"]])
def test_a_column_takes_its_own_type_and_no_naive_time(column: type, value: Any) -> None:
    declared = kind(fields=(attrs.evolve(NOTE, kind=column),))
    parcel = Parcel(PARCEL.make(millis=0, randomness=0), value)
    if type(value) is column and value != AT.replace(tzinfo=None):
        assert declared.row(parcel) == {"note": value}
    else:
        with pytest.raises(MalformedQuery):
            declared.row(parcel)


@pytest.mark.parametrize("limit", [0, -1, True, 1.0, "5", None])
def test_a_page_has_at_least_one_place(limit: Any) -> None:
    with pytest.raises(MalformedQuery):
        Query(limit=limit)


def test_conditions_say_what_they_compare() -> None:
    said = [NOTE.is_("x"), NOTE.among(["x", "y"]), NOTE.at_least("x"), NOTE.below("y"), NOTE.absent(), NOTE.present()]
    assert [(w.column, w.comparison, w.value) for w in said] == [
        ("note", Comparison.IS, "x"),
        ("note", Comparison.AMONG, ("x", "y")),
        ("note", Comparison.FROM, "x"),
        ("note", Comparison.BELOW, "y"),
        ("note", Comparison.ABSENT, None),
        ("note", Comparison.PRESENT, None),
    ]


def test_a_field_reads_the_aggregate_each_time() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    parcel = Parcel(PARCEL.make(millis=0, randomness=0), "a")
    when: Field[Parcel, datetime] = Field("sent_at", datetime, lambda p: None if p.note is None else at)
    declared = kind(fields=(NOTE, when))
    assert declared.row(parcel) == {"note": "a", "sent_at": at}
    parcel.note = None
    assert declared.row(parcel) == {"note": None, "sent_at": None}
