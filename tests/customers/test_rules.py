"""What holds of customers: registered, changed, assigned, apart, lost, merged, erased (CUS-01…19)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.harness import Desks
from csdomain.contexts import sections
from csdomain.customers.lifecycle import State
from csdomain.customers.model.customer import CUSTOMERS, Customer
from csdomain.customers.model.health import HEALTH_FILES
from csdomain.customers.questions.finding import TERMS
from csdomain.customers.rules import (
    CORRECTION,
    EXTRA_FIELDS,
    FILE_NUMBER,
    FULL_FILE,
    INTENTION,
    LOSS,
    MERGING,
    REGISTRATION,
    TENURE,
)
from csdomain.customers.values import (
    CustomerRules,
    ExtraField,
    ExtraType,
    Incomplete,
    MalformedCustomer,
    Merged,
    Profile,
)
from csdomain.desk import shipped
from csdomain.kernel.rules import PERSONAL_DATA
from csdomain.kernel.rules.errors import (
    Conflict,
    DomainError,
    MoveRefused,
    NotFound,
    NotPermitted,
    RulebookInvalid,
    RuleBroken,
)
from csdomain.kernel.store.kinds import Query, Tally
from csdomain.kernel.values.birthdays import LunarDay, NotABirthday
from csdomain.kernel.values.ids import MalformedId
from csdomain.kernel.values.money import Money
from csdomain.kernel.values.personal import exported
from csdomain.orders.values import Dose
from csdomain.payments.values import Line
from csdomain.rulebook import loads
from csdomain.testing import complaint_form, memory_desk, staff
from csdomain.testing.cases import Bench, unchanged

from .test_contract import FULL, PROFILE, hand

BENCH: Final = Bench(memory_desk("medical_centre").customers, hand)
T0: Final = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
act: Final = BENCH.act
LINES: Final = (Line("work", 1, Money.of(5, "CNY")),)
MAY: Final = {"read", "register", "write", "merge", "assign", "lose", "set_apart"}


def registered(profile: Profile = PROFILE, at: datetime = T0, **rules: Any) -> Customer:
    return Customer.register(act(at, **rules), profile)[0]


class Clerk:
    """Whoever may do everything, at a desk, a minute later each time."""

    def __init__(self, desk: Any, by: str = "hq", profile: Profile = PROFILE) -> None:
        self.desk, self.does, self.by, self.profile = desk, desk.customers, staff(desk)[by], profile

    def call(self, does: Callable[..., Any], *given: Any) -> Any:
        return does(*given, by=self.by, at=self.desk.clock.advance(timedelta(minutes=1)))

    def customer(self, profile: Profile | None = None, **changes: Any) -> str:
        id: str = self.call(self.does.register, attrs.evolve(profile or self.profile, **changes)).id
        return id

    def get(self, id: str) -> Customer:
        found: Customer = self.does.get(id, by=self.by)
        return found


# --- CUS-01, 02, 17 ---------------------------------------------------------------------------------------------------


@pytest.mark.rule(REGISTRATION)
@given(st.sets(st.sampled_from(["name", "born", "phones", "doctor", "manager", "source", "remark"])))
def test_every_missing_field_is_named_in_one_error(left_out: set[str]) -> None:
    empty: dict[str, Any] = {name: None if name == "born" else type(getattr(PROFILE, name))() for name in left_out}
    if "born" in empty:
        empty["born_year"] = empty.pop("born")
    profile = attrs.evolve(PROFILE, **empty)
    if not left_out:
        assert registered(profile).state is State.ACTIVE
        return
    with pytest.raises(Incomplete) as refused:
        registered(profile)
    missing = refused.value.facts["missing"]
    assert isinstance(missing, tuple)
    assert set(missing) == left_out


@pytest.mark.rule(REGISTRATION)
@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"born": date(1980, 3, 9), "born_lunar": LunarDay(1980, 1, 23)}, MalformedCustomer),
        ({"born_lunar": LunarDay(1980, 13, 1)}, NotABirthday),
        ({"born_year": 80}, MalformedCustomer),
        ({"born": T0}, MalformedCustomer),
        ({"phones": ("abc",)}, MalformedCustomer),
        ({"phones": ("100",) * 21}, MalformedCustomer),
        ({"phones": ("",)}, MalformedCustomer),
        ({"source": "elsewhere"}, MalformedCustomer),
        ({"extra": {"fuel": "gas"}}, MalformedCustomer),
    ],
)
def test_a_record_is_refused_by_the_field_that_is_wrong(wrong: dict[str, Any], error: type[DomainError]) -> None:
    with pytest.raises(error):
        registered(attrs.evolve(PROFILE, **wrong))


@pytest.mark.rule(EXTRA_FIELDS)
@pytest.mark.parametrize(
    ("field", "taken", "refused"),
    [
        (ExtraField(), ["", "any"], []),
        (ExtraField(type=ExtraType.NUMBER), ["", "12", "1.5"], ["x", "NaN"]),
        (ExtraField(type=ExtraType.DATE), ["", "2026-02-28"], ["2026-02-30", "20260228", "soon"]),
        (ExtraField(type=ExtraType.CHOICE, choices=("gas",)), ["", "gas"], ["diesel"]),
    ],
)
def test_fields_of_the_houses_own_hold_what_their_type_says(
    field: ExtraField, taken: list[str], refused: list[str]
) -> None:
    for value in taken:
        registered(attrs.evolve(PROFILE, extra={"fuel": value}), extra={"fuel": field})
    for value in refused:
        with pytest.raises(MalformedCustomer) as error:
            registered(attrs.evolve(PROFILE, extra={"fuel": value}), extra={"fuel": field})
        assert error.value.facts == {"field": "extra.fuel"}, "what was written is not repeated"
    with pytest.raises(Incomplete):
        registered(extra={"fuel": field}, required=("extra.fuel",))


@pytest.mark.rule(EXTRA_FIELDS)
def test_a_rulebook_requires_only_fields_that_there_are() -> None:
    text = 'name = "own"\nextends = "fleet"\n[customers]\nrequired = ["name", "extra.fuel", "extra.shoe_size"]\n'
    with pytest.raises(RulebookInvalid, match=r"no field extra.shoe_size @ \$.customers.required\[2\]"):
        loads(text, sections(), shipped)


@pytest.mark.rule(REGISTRATION)
@pytest.mark.parametrize(
    ("born", "key"),
    [
        ({"born": date(2000, 2, 29)}, "G02-29"),
        ({"born_lunar": LunarDay(1980, 8, 15)}, "L08-15"),
        ({"born_lunar": LunarDay(2020, 4, 10, True)}, "R04-10"),
        ({}, None),
    ],
)
def test_a_birthday_is_a_key_of_its_own_calendar(born: dict[str, Any], key: str | None) -> None:
    customer = registered(attrs.evolve(PROFILE, **born))
    assert CUSTOMERS.row(customer)["birthday_key"] == key


# --- CUS-03 -----------------------------------------------------------------------------------------------------------


@pytest.mark.rule(FILE_NUMBER)
def test_a_file_number_is_issued_once_in_order_of_time() -> None:
    first, second = registered(), registered()
    assert first.number == ""
    second.issue_file_number(act(T0))
    first.issue_file_number(act(T0))
    assert second.number < first.number
    unchanged(first, RuleBroken, lambda: first.issue_file_number(act(T0)))
    other = registered()
    unchanged(other, RuleBroken, lambda: other.issue_file_number(act(T0, file_number=None)))


# --- CUS-08, 18, 14 ---------------------------------------------------------------------------------------------------


@pytest.mark.rule(TENURE)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(-1, 3)), max_size=8), st.integers(-2, 30))
@example([("a", 0), ("b", 0), ("a", 1)], 0)
def test_from_the_first_assignment_on_there_is_one_representative_at_any_instant(
    moves: list[tuple[str, int]], asked: int
) -> None:
    customer, at, model = registered(), T0, list[tuple[datetime, str]]()
    for who, hours in moves:
        when = at + timedelta(hours=hours)
        if hours < 0 or (model and model[-1][1] == who):
            unchanged(customer, RuleBroken, lambda: customer.assign(act(when), who, ""))  # noqa: B023 - at once
            continue
        at = when
        customer.assign(act(at), who, "")
        model.append((at, who))
    instant = T0 + timedelta(hours=asked)
    expected = [who for since, who in model if since <= instant]
    assert customer.represented_by(instant) == (expected[-1] if expected else None)
    assert sum(tenure.holds(instant) for tenure in customer.tenures) == bool(expected)
    assert customer.owner == (model[-1][1] if model else "")


@pytest.mark.rule(LOSS)
def test_why_a_customer_left_stands_there_until_the_customer_is_back() -> None:
    customer = registered()
    unchanged(customer, MalformedCustomer, lambda: customer.lose(act(T0), "no_reason", ""))
    customer.set_apart(act(T0))
    late = datetime(2026, 3, 31, 20, 0, tzinfo=UTC)  # April there
    customer.lose(act(late), "moved", "went abroad")
    row = CUSTOMERS.row(customer)
    assert (row["lost_month"], row["lost_reason"], row["queue"]) == ("2026-04", "moved", None)
    customer.rejoin(act(late))
    assert (customer.state, CUSTOMERS.row(customer)["lost_month"]) == (State.ACTIVE, None)


@pytest.mark.rule(INTENTION)
def test_intentions_are_those_of_the_house_and_are_counted_by_class_and_month() -> None:
    with memory_desk("medical_centre") as desk:
        clerk = Clerk(desk)
        for intention in ("tests", "tests", "advice"):
            clerk.call(clerk.does.note_intention, clerk.customer(), intention)
        with pytest.raises(MalformedCustomer):
            clerk.call(clerk.does.note_intention, clerk.customer(), "will_marry")
        later = desk.clock.now() + timedelta(days=40)
        clerk.does.note_intention(clerk.customer(), "advice", by=clerk.by, at=later)
        rows = clerk.does.tally(Tally(group_by=("intention_month", "intention")), by=clerk.by)
        assert {row.group: row.count for row in rows if row.group[0]} == {
            ("2026-03", "advice"): 1,
            ("2026-03", "tests"): 2,
            ("2026-04", "advice"): 1,
        }


# --- CUS-11, KRN-14 ---------------------------------------------------------------------------------------------------


@pytest.mark.rule(CORRECTION)
def test_what_a_record_said_before_stays_and_an_edit_that_changes_nothing_is_refused() -> None:
    customer = registered()
    unchanged(customer, RuleBroken, lambda: customer.edit(act(T0), PROFILE))
    later = T0 + timedelta(days=1)
    [event] = customer.edit(act(later), attrs.evolve(PROFILE, name="王大明", phones=("13900000000",)))
    assert getattr(event, "fields") == ("name", "phones")  # noqa: B009 - an event of this kind
    customer.edit(act(later), attrs.evolve(PROFILE, born=date(1980, 3, 9)))
    assert [past.values for past in customer.past] == [
        {"name": "王小明", "phones": "13812345678"},
        {"name": "王大明", "born": "", "phones": "13900000000"},
    ]
    assert (customer.past[0].until, customer.past[0].by) == (later, "ann")


@pytest.mark.rule(PERSONAL_DATA, FULL_FILE)
@pytest.mark.parametrize("backend", ["memory", "sqlite"])
def test_an_erased_customer_is_gone_from_every_table_and_is_not_found(desks: Desks, backend: str) -> None:
    with desks(backend, rulebook="medical_centre") as desk:
        clerk = Clerk(desk)
        id = clerk.customer(FULL, name="曾国藩", card="K-77", phones=("13812345678",))
        clerk.call(clerk.does.edit, id, attrs.evolve(FULL, name="曾国荃", card="K-78"))
        clerk.call(clerk.does.lose, id, "moved", "曾国藩 moved")
        other = clerk.customer(name="曾国藩")
        clerk.call(clerk.does.merge, other, id)
        clerk.call(clerk.does.health.open, id, "functional_doctor", "asthma 曾国藩")
        given = clerk.call(desk.export_customer, other)
        assert [len(given[kind]) for kind in ("customer", "health_file")] == [2, 1]
        report = clerk.call(desk.erase_customer, other)
        assert {id, other} < set(report.erased), "both records and the health file, whichever id was given"
        assert len(clerk.call(desk.erase_customer, id).unchanged) == len(report.erased) == 3
        assert not clerk.does.search("曾国藩", by=clerk.by)
        everything = desk.store.look(
            lambda unit: [
                *(exported(c) for kind in (CUSTOMERS, HEALTH_FILES) for c in unit.of(kind).find().items),
                *unit.register(TERMS).rows().items,
                *map(exported, unit.trail(id)),
            ]
        )
        for said in ("曾国", "K-7", "1381234", "asthma"):
            assert said not in repr(everything)
        with pytest.raises(RuleBroken):
            clerk.call(clerk.does.merge, clerk.customer(), id)


@pytest.mark.rule(FULL_FILE)
def test_a_health_file_has_readers_of_its_own_and_is_one_a_customer() -> None:
    with memory_desk("medical_centre") as desk:
        clerk, who = Clerk(desk), staff(desk)
        id = clerk.customer()
        file = clerk.call(clerk.does.health.open, id, "functional_doctor", "asthma").id
        with pytest.raises(Conflict):
            clerk.call(clerk.does.health.open, id, "functional_doctor", "again")
        assert clerk.does.get(id, by=who["customer_service"]).profile.name == "王小明"
        with pytest.raises(NotPermitted):
            clerk.does.health.get(file, by=who["customer_service"])
        clerk.call(clerk.does.health.write, file, "asthma, treated")
        assert clerk.does.health.get(file, by=who["functional_doctor"]).past[0].values == {"history": "asthma"}
        assert [len(page["trail"]) for page in clerk.does.health.export_of(id, by=clerk.by, at=desk.clock.now())] == [2]


# --- CUS-13 -----------------------------------------------------------------------------------------------------------


@pytest.mark.rule(MERGING)
@pytest.mark.parametrize("before", [State.ACTIVE, State.APART, State.LOST])
def test_merged_and_split_again_a_record_is_as_before(before: State) -> None:
    with memory_desk("medical_centre") as desk:
        clerk = Clerk(desk)
        one, two, three = (clerk.customer(phones=(f"1381234567{n}",)) for n in range(3))
        clerk.call(clerk.does.assign, two, "customer_service")
        if before is not State.ACTIVE:
            clerk.call(clerk.does.set_apart, two)
        if before is State.LOST:
            clerk.call(clerk.does.lose, two, "moved", "went abroad")
        was = clerk.get(two)
        clerk.call(clerk.does.merge, three, two)
        clerk.call(clerk.does.merge, two, one)  # to an id that comes before, and one that comes after
        assert {each.id for each in clerk.does.family(three, by=clerk.by)} == {one, two, three}
        for id in (one, two, three):
            assert clerk.does.family(id, by=clerk.by)[0].id == one
        assert {hit.customer.id for n in range(3) for hit in clerk.does.search(f"1381234567{n}", by=clerk.by)} == {one}
        clerk.call(clerk.does.split, two)
        kept = ("version", "moved_at")
        now = clerk.get(two)
        assert attrs.evolve(now, **{name: getattr(was, name) for name in kept}) == was
        assert [each.id for each in clerk.does.family(three, by=clerk.by)] == [two, three]
        assert [each.id for each in clerk.does.family(one, by=clerk.by)] == [one]


@pytest.mark.rule(MERGING)
def test_no_record_is_merged_with_itself_with_a_merged_one_in_a_circle_or_out_of_reach() -> None:
    with memory_desk("medical_centre") as desk:
        clerk = Clerk(desk)
        one, two, three = (clerk.customer() for _ in range(3))
        with pytest.raises(RuleBroken, match="another record"):
            clerk.call(clerk.does.merge, one, one)
        clerk.call(clerk.does.merge, two, one)
        for merged, into in ((three, two), (one, two)):
            with pytest.raises(Merged) as refused:
                clerk.call(clerk.does.merge, merged, into)
            assert refused.value.facts == {"into": one}
        with pytest.raises(MoveRefused):
            clerk.call(clerk.does.edit, two, FULL)
        theirs = desk.actor("boss", branch="north", positions=("supervisor",))
        clerk.by = theirs
        with pytest.raises(NotPermitted):
            clerk.call(clerk.does.merge, three, one)


@pytest.mark.rule(MERGING)
def test_likely_duplicates_share_a_phone_a_mail_a_card_or_nearly_a_name_with_a_birth() -> None:
    born = date(1980, 3, 9)
    with memory_desk("medical_centre") as desk:
        clerk = Clerk(desk)
        id = clerk.customer(name="Jonathan Smith", emails=("js@example.com",), born=born)
        same_phone = clerk.customer(name="陈美玲", phones=("+86 138 1234 5678",))
        same_mail = clerk.customer(name="李雷", phones=("100",), emails=("JS@example.com",))
        clerk.customer(name="Jonathan Smith", phones=("100",), born=date(1981, 3, 9))
        clerk.customer(name="张伟", phones=("138123456789",), born=born)
        merged = clerk.customer()
        clerk.call(clerk.does.merge, merged, same_phone)
        found = [customer.id for customer in clerk.does.likely_duplicates(id, by=clerk.by)]
        assert found == [same_phone, same_mail]
        assert clerk.does.find(Query(), by=clerk.by).items[0].id == id


def test_the_defaults_of_the_section_are_those_of_a_small_house() -> None:
    assert CustomerRules(manager="m", clerk="c", sales="s").required == ("name", "phones")


@pytest.mark.rule(MERGING)
def test_nothing_is_opened_about_a_customer_whose_record_was_merged_or_erased_or_never_was() -> None:
    with memory_desk("medical_centre") as desk:
        clerk = Clerk(desk)
        one, two, gone = (clerk.customer() for _ in range(3))
        clerk.call(clerk.does.merge, two, one)
        clerk.call(clerk.does.erase, gone)
        openings: list[Callable[[str], Any]] = [
            lambda whose: clerk.call(desk.orders.prescribe, whose, [Dose("fish_oil", Decimal(2))]),
            lambda whose: clerk.call(desk.complaints.receive, complaint_form(customer=whose)),
            lambda whose: clerk.call(clerk.does.health.open, whose, "functional_doctor", "none"),
            lambda whose: clerk.call(desk.payments.take, whose, Money.of(5, "CNY")),
            lambda whose: clerk.call(desk.payments.bills.open, f"job-{whose}", "fee", whose, LINES),
        ]
        for opening in openings:
            with pytest.raises(Merged) as refused:
                opening(two)
            assert refused.value.facts == {"into": one}
            with pytest.raises(RuleBroken, match="not erased"):
                opening(gone)
            with pytest.raises(NotFound):  # a slip of the pen
                opening(one[:-1] + ("0" if one[-1] != "0" else "1"))
            with pytest.raises(MalformedId):
                opening(one[:-1])
            assert opening(one).version == 1
