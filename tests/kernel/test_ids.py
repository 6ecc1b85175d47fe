"""Ids: in order of time, of one kind, checked at every entry, and never shown when malformed."""

from typing import NewType

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from csdomain.kernel.rules import PORTS
from csdomain.kernel.values.ids import RANDOM_BITS, IdKind, MalformedId, WrongKind
from csdomain_adapters.system import SystemIds

pytestmark = pytest.mark.rule(PORTS)

TicketId = NewType("TicketId", str)
TICKET = IdKind[TicketId]("tkt")
OTHER = IdKind[TicketId]("oth")

millis = st.integers(0, 2**48 - 1)
random_bits = st.integers(0, 2**RANDOM_BITS - 1)
prefixes = st.from_regex(r"[a-z]{2,8}", fullmatch=True)


@given(prefixes, millis, random_bits)
def test_an_id_is_of_its_kind_and_of_no_other(prefix: str, at: int, bits: int) -> None:
    kind = IdKind[TicketId](prefix)
    id = kind.make(millis=at, randomness=bits)
    assert kind.check(id) == id
    assert id.isascii()
    assert len(id) == len(prefix) + 27
    assume(prefix != TICKET.prefix)
    with pytest.raises(WrongKind):
        TICKET.check(id)


@given(st.tuples(millis, random_bits), st.tuples(millis, random_bits))
def test_ids_sort_as_their_times_and_are_alike_only_where_both_numbers_are(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    a, b = (TICKET.make(millis=at, randomness=bits) for at, bits in (one, other))
    assert (a < b) is (one < other)
    assert (a == b) is (one == other)


@pytest.mark.parametrize(
    ("at", "bits"), [(-1, 0), (2**48, 0), (0, -1), (0, 2**RANDOM_BITS)], ids=["early", "late", "less", "more"]
)
def test_numbers_beyond_an_id_are_refused(at: int, bits: int) -> None:
    with pytest.raises(ValueError, match="48 bits"):
        TICKET.make(millis=at, randomness=bits)


@given(millis, random_bits, st.data())
def test_one_wrong_character_makes_it_no_id(at: int, bits: int, data: st.DataObject) -> None:
    id = TICKET.make(millis=at, randomness=bits)
    place = data.draw(st.integers(0, len(id) - 1))
    wrong = data.draw(st.sampled_from("UILOilou!-\n\0 é０７Kk八"))
    spoilt = id[:place] + wrong + id[place + 1 :]
    assume(not (place < 3 and "a" <= wrong <= "z") and wrong != "k")
    with pytest.raises(MalformedId):
        TICKET.check(spoilt)


@given(millis, random_bits, st.sampled_from(["x", "0", "\n", " ", "\0", "_", "０"]))
def test_too_long_too_short_and_padded_are_no_ids(at: int, bits: int, more: str) -> None:
    id = TICKET.make(millis=at, randomness=bits)
    for wrong in (id + more, more + id, id[:-1], id.upper(), id.replace("_", "-"), id.partition("_")[2], ""):
        with pytest.raises((MalformedId, WrongKind)):
            TICKET.check(wrong)


@given(st.integers(8, 31))
def test_more_bits_than_an_id_has_are_refused(first: int) -> None:
    digit = "0123456789abcdefghjkmnpqrstvwxyz"[first]
    with pytest.raises(MalformedId):
        TICKET.check("tkt_" + digit + "0" * 25)


@given(st.text(min_size=1, max_size=60) | st.from_regex(r"\+?86 ?1[3-9][0-9]{9}", fullmatch=True) | st.binary())
def test_what_was_given_is_never_echoed(given_: object) -> None:
    with pytest.raises(MalformedId) as refused:
        TICKET.check(given_)
    error = refused.value
    assert set(error.facts) == {"expected", "given"}
    assert error.facts["given"] == f"{type(given_).__name__} of length {len(given_) if isinstance(given_, str) else 0}"


@given(st.none() | st.integers() | st.floats() | st.lists(st.text()) | st.binary())
def test_only_text_is_an_id(value: object) -> None:
    with pytest.raises(MalformedId):
        TICKET.check(value)


@pytest.mark.parametrize("prefix", ["", "a", "abcdefghi", "Abc", "a1", "a_b", "日本", "tkt\n"])
def test_a_prefix_is_a_few_small_letters(prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        IdKind(prefix)


def test_ids_of_one_process_only_grow() -> None:
    source = SystemIds()
    ids = [source.new(kind) for _ in range(2000) for kind in (TICKET, OTHER)]
    bodies = [id.partition("_")[2] for id in ids]
    assert bodies == sorted(set(bodies))
