"""What people hand in is checked and bounded in every context, whatever a context adds (F28, F50, F51, F56)."""

import inspect
import typing
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, get_args, get_origin

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.harness import Desks
from complaints.cases import FINDING
from complaints.desks import Counter
from complaints.model import cny, remedy
from complaints.test_contract import BACK, PAID, ended
from csdomain.complaints.case import COMPLAINTS
from csdomain.complaints.values import Channel, Judgement, Liable, ProposedPenalty, Share
from csdomain.contexts import contexts
from csdomain.customers.values import Profile
from csdomain.desk import Desk
from csdomain.inventory.values.goods import Request
from csdomain.kernel.cases.delivery import MessageState
from csdomain.kernel.rules import MONEY, PORTS, Text
from csdomain.kernel.rules.errors import DomainError
from csdomain.kernel.store.kinds import Comparison, MalformedQuery, Query, Tally, Where
from csdomain.kernel.values.actors import Actor, ActorId, Permissions
from csdomain.kernel.values.arguments import MOST, WrongArgument, is_command
from csdomain.kernel.values.birthdays import LunarDay
from csdomain.kernel.values.money import MOST_OF_A_CASE, AmountTooLarge, Money
from csdomain.messaging.values import DeliveryReceipt
from csdomain.orders.values import Dose, Item
from csdomain.service_desk.model.past import PastJob
from csdomain.service_desk.values import Work
from csdomain.staff.values import Post
from csdomain.testing import QUALITY, MovableClock, complaint_form, memory_desk, staff
from csdomain.testing.values import check_fields, values_in
from service_desk.counter import calling, trip

AT: Final = datetime(2026, 3, 4, 2, tzinfo=UTC)
BOOKS: Final = ("after_sales", "medical_centre")
pytestmark = pytest.mark.rule(PORTS)


def services(desk: Desk) -> Iterator[tuple[str, Any]]:
    for context in contexts(desk.house.rulebook.parts):
        yield context.name, desk.service(context.name)


def use_cases() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Every command and question of every context of the house, with the types of its arguments."""
    for book in BOOKS:
        for context, service in services(memory_desk(book)):
            for name, function in inspect.getmembers(type(service), inspect.isfunction):
                if is_command(inspect.unwrap(function)):
                    yield context, name, typing.get_type_hints(inspect.unwrap(function))


def several(hint: Any) -> bool:
    origin = get_origin(hint)
    return isinstance(origin, type) and issubclass(origin, Iterable) and bool(get_args(hint))


CROWDED: Final = sorted(
    {(context, name, of) for context, name, hints in use_cases() for of, hint in hints.items() if several(hint)}
    - {(context, name, "return") for context, name, _ in use_cases()}
)


@pytest.mark.parametrize(("context", "name", "argument"), CROWDED)
def test_f50_no_use_case_takes_a_longer_collection(context: str, name: str, argument: str) -> None:
    desk = memory_desk("medical_centre" if context == "orders" else "after_sales")
    call = {"by": desk.actor("a", branch="hq", positions=()), "at": AT, argument: ["x"] * (MOST + 1)}
    with pytest.raises(WrongArgument) as refused:
        getattr(desk.service(context), name)(**call)
    assert refused.value.facts == {"field": argument, "given": MOST + 1, "maximum": MOST}


def classes(hint: Any, found: set[type]) -> set[type]:
    """The attrs classes in a type, however deep."""
    kind = get_origin(hint) or hint
    if isinstance(kind, type) and attrs.has(kind) and kind not in found:
        found.add(kind)
        for inner in typing.get_type_hints(kind).values():
            classes(inner, found)
    for part in () if kind in found else get_args(hint):
        classes(part, found)
    return found


WHERE: Final[Where[Any]] = Where("state", Comparison.IS, "received")
JUDGED: Final = Judgement(
    liable=Liable.US,
    unit="production",
    persons=("ann",),
    loss={"goods": Money(1, "CNY")},
    shares=(Share("production"),),
    penalties=(ProposedPenalty("ann", "warning"),),
)
PAST_JOB: Final = PastJob(call=calling(), number="FW-1", voucher="PZ-1", received_at=AT, technician="ann", expected=AT)
SAMPLES: Final = {
    type(value): value
    for value in values_in(
        [
            *(*ended(QUALITY)(1), FINDING, JUDGED, PAID, BACK),
            *(Profile(born_lunar=LunarDay(1990, 8, 15)), Request("fish_oil", 2)),
            *(Dose("fish_oil", Decimal(2)), Item("fish_oil", 2), Post(("sales",), "front office", "hq")),
            *(Tally((WHERE,), ("state",), ("claimed",)), Query((WHERE,)), Actor(ActorId("ann"), "hq")),
            DeliveryReceipt("ref", MessageState.SENT, datetime(2026, 3, 4, tzinfo=UTC)),
            *(PAST_JOB, trip(), Work(done="a new roller", began=AT, ended=AT)),
        ]
    )
}


def test_f28_every_value_class_that_a_use_case_takes_has_a_sample() -> None:
    taken: set[type] = set()
    for _, use, hints in use_cases():
        for name, hint in hints.items():
            if use != "as_data" and name != "return":
                classes(hint, taken)
    assert taken - SAMPLES.keys() == {Permissions}  # which only a house makes


@pytest.mark.parametrize("kind", SAMPLES, ids=lambda kind: kind.__name__)
def test_f28_each_field_of_a_value_is_checked_by_name_when_it_is_made(kind: type) -> None:
    check_fields(SAMPLES[kind], but={"grants", "others", "matrix"})  # which the house fills in


@pytest.mark.parametrize("wrong", [5, "abc", {"a": 1}, None, ["x"] * (MOST + 1)])
def test_f50_a_condition_compares_with_a_bounded_collection(wrong: Any) -> None:
    with pytest.raises(MalformedQuery) as refused:
        COMPLAINTS.fields[0].among(wrong)
    assert refused.value.facts["field"] == "number"
    desk = memory_desk()
    with pytest.raises(MalformedQuery):
        desk.complaints.find(Query((Where("number", Comparison.AMONG, wrong),)), by=staff(desk)["sales"])


@pytest.mark.parametrize("batch", [0, -1, True, 1.5, "5", None, 10**9])
def test_f56_a_sweep_takes_a_batch_of_one_or_more(batch: Any) -> None:
    with pytest.raises(WrongArgument) as refused:
        memory_desk().sweep(AT, batch=batch)
    assert refused.value.facts["field"] == "batch"


@given(st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
@example(["x" * 300] * 100_000)
@example([["x" * 300] * 30] * 30)
def test_f50_an_error_is_read_by_people_however_much_it_was_given(given_: Any) -> None:
    long = Text(str(given_)[:5000], str(given_)[:5000])
    error = DomainError(PORTS, accepted=long, given=given_, more=given_)
    assert len(str(error)) < 8000
    assert str(error) in repr(error) or "\\" in repr(error)
    assert len(str(error.as_data())) < 40_000


# --- amounts ----------------------------------------------------------------------------------------------------------
@pytest.mark.rule(MONEY)
@pytest.mark.parametrize("backend", ["memory", "sqlite"])
def test_f51_a_million_cases_have_a_sum_and_no_case_comes_to_more(backend: str, desks: Desks) -> None:
    assert 10**6 * MOST_OF_A_CASE < 2**63
    clock = MovableClock()
    desk = desks(backend, clock=clock)
    counter = Counter(desk, clock, staff(desk))
    most, one = Money(MOST_OF_A_CASE, "CNY"), Money(1, "CNY")
    by = counter.who["sales"]
    for claim in (most + one, Money(2**63 - 1, "CNY")):
        with pytest.raises(AmountTooLarge) as refused:
            counter.desk.complaints.receive(complaint_form(claimed=claim), by=by, at=AT)
        assert refused.value.facts["field"] == "claimed"
    for _ in range(3):
        counter.desk.complaints.receive(complaint_form(claimed=most), by=by, at=AT)
    (row,) = counter.desk.complaints.tally(Tally(sums=("claimed",)), by=by)
    assert row.sums == (3 * MOST_OF_A_CASE,)


@pytest.mark.rule(MONEY)
def test_f51_the_forms_of_a_case_come_to_no_more_together() -> None:
    counter = Counter.open()
    most = Money(MOST_OF_A_CASE, "CNY")
    counter.accepted(complaint_form(claimed=most))
    counter.judged()
    counter.do("submit", remedy(cny(0)), by="service_agent")
    counter.do("approve", by="general_manager")
    counter.do("answer", Channel.LETTER, "We are sorry.", by="sales")
    counter.do("decline", "no", by="sales")
    counter.expect_refused(AmountTooLarge, "renew", complaint_form(claimed=Money(1, "CNY")), by="service_agent")
    counter.do("renew", complaint_form(), by="service_agent")
