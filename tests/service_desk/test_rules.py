"""What holds of service orders, the register, its vouchers and trials (SVC-01…13)."""

from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from csdomain.contexts import sections
from csdomain.desk import shipped
from csdomain.kernel.papers.approvals import ApprovalVoid, OwnRequest
from csdomain.kernel.papers.documents import Tampered
from csdomain.kernel.rules.errors import Conflict, MoveRefused, NotFound, NotPermitted, RulebookInvalid, RuleBroken
from csdomain.renewals.model.contract import PastContract
from csdomain.rulebook import loads
from csdomain.service_desk import rules as r
from csdomain.service_desk.lifecycle import Move, State
from csdomain.service_desk.model.job import Job
from csdomain.service_desk.model.parts import NotCleared, OutOfTurn
from csdomain.service_desk.model.past import PAST, PastJob
from csdomain.service_desk.policies import NotCharged, charging, differences, require_warranty
from csdomain.service_desk.ports import ListedSurveys, SurveyOrders
from csdomain.service_desk.values import Charging, Contact, Entry, InHand, Kind, MalformedJob, Work
from csdomain.staff.values import Post
from csdomain.testing import memory_desk
from csdomain.testing.cases import Bench, unchanged
from csdomain.testing.kit import BEGINNING
from service_desk.counter import PRINTER, Counter, calling, hand, trip, yuan

BENCH: Final = Bench(Counter().does, hand)
DAY: Final = timedelta(days=1)
ZONE: Final = ZoneInfo("Asia/Shanghai")
COPIES: Final = ("customer", "finance", "archive")
#: The section for a house that has none.
SERVICE: Final = """
[permissions.roles.general_management]
"service_desk.*" = "all"
[service_desk]
number = "FW{yyyy}{mm}-{seq:04}"
voucher = "PZ{yyyy}{mm}-{seq:04}"
copies = ["customer"]
manager = "general_manager"
clerk = "general_manager"
free_reasons = ["goodwill"]
warranty_months = 12
costs = ["travel"]
answer_within = "1 working day"
remind_before = 3
outcomes = ["bought"]
"""
vouchers = st.sampled_from(["PZ-1", "PZ-2", "PZ-3"])
figures = st.fixed_dictionaries({"signed": st.booleans(), "minutes": st.none() | st.integers(0, 2)})


# --- SVC-01, SVC-02, SVC-05: what it is and what it costs -------------------------------------------------------------


@pytest.mark.rule(r.KINDS, r.CHARGE)
@given(st.sampled_from(Kind), st.none() | st.integers(-1, 40_000).map(lambda fen: yuan(0) + yuan("0.01") * fen))
@example(Kind.PAID, yuan(200))
@example(Kind.PAID, yuan("200.01"))
def test_only_a_paid_service_has_a_fee_and_every_paid_one_has(kind: Kind, fee: Any) -> None:
    job = Job.receive(BENCH.act(), calling(kind))[0]
    job.dispatch(BENCH.act(), "ann", BEGINNING, "")
    job.arrive(BENCH.act())
    work = Work(done="a new roller", began=BEGINNING, ended=BEGINNING)
    if (kind is Kind.PAID) is (fee is not None) and (fee is None or fee.minor > 0):
        job.enter(BENCH.act(), work, fee)
        assert job.fee == fee
        how = charging(fee, yuan(200))
        expected = Charging.NONE if fee is None else Charging.ON_THE_SPOT if fee <= yuan(200) else Charging.BY_INVOICE
        assert how is expected
    else:
        error = NotCharged if kind is not Kind.PAID else MalformedJob
        unchanged(job, error, lambda: job.enter(BENCH.act(), work, fee))


@pytest.mark.rule(r.KINDS, r.INTAKE)
@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (Kind.PAID, {"cover": "HT-1"}),
        (Kind.CONTRACT, {"cover": ""}),
        (Kind.FREE, {"cover": "friend"}),
        (Kind.FREE, {"cover": "warranty", "product": type(PRINTER)(model="P-1")}),
        (Kind.INTERNAL, {"customer": "customer-1"}),
        (Kind.PAID, {"customer": ""}),
        (Kind.PAID, {"contact": Contact(name="Wang", phone="1380000")}),
    ],
)
def test_a_kind_has_its_reason_and_a_customer_is_known(kind: Kind, more: dict[str, Any]) -> None:
    with pytest.raises((RuleBroken, MalformedJob)):
        Job.receive(BENCH.act(), calling(kind, **more))
    assert Job.receive(BENCH.act(), calling(Kind.FREE, cover="warranty"))[0].cover == "warranty"


@pytest.mark.rule(r.KINDS)
@given(st.dates(date(2024, 1, 1), date(2027, 1, 1)), st.integers(0, 24))
def test_a_warranty_holds_to_its_last_day(bought: date, months: int) -> None:
    """Oracle: the same day so many months later, or the last of a shorter month."""
    place = bought.month - 1 + months
    year, month, day = bought.year + place // 12, place % 12 + 1, bought.day
    while True:
        try:
            last = date(year, month, day)
            break
        except ValueError:
            day -= 1
    require_warranty(bought, last, months)
    for called in (last + DAY, bought - DAY):
        with pytest.raises(RuleBroken):
            require_warranty(bought, called, months)


@pytest.mark.rule(r.KINDS)
def test_under_a_contract_means_in_force_when_it_is_called_for_and_a_later_lapse_changes_nothing() -> None:
    both: Any = loads(f'name = "both"\nextends = "fleet"\n{SERVICE}', sections(), shipped)
    fleet = Counter(memory_desk(both), "general_manager")
    contracts, clerk = fleet.desk.renewals.contracts, fleet.who["general_manager"]
    since = fleet.now.date()
    past = {"customer": "customer-1", "device": "bought", "vehicles": ("veh-1",), "plan": "yearly"}
    for number, began in (("HT-1", since), ("HT-0", since - 700 * DAY)):
        one = PastContract(number=number, anchor=began, paid_on=began, representative="ann", **past)  # type: ignore[arg-type]
        contracts.take_over(one, by=clerk, at=fleet.now)
    call: dict[str, Any] = {"by": clerk, "at": fleet.now}
    for wrong in ({"cover": "HT-0"}, {"cover": "HT-9"}, {"customer": "customer-2"}):
        with pytest.raises(RuleBroken):
            fleet.does.receive(calling(Kind.CONTRACT, **wrong), **call)
    id = fleet.does.receive(calling(Kind.CONTRACT), **call).id
    fleet.later(days=500)  # lapsed between call and settling
    at = fleet.now
    fleet.desk.sweep()
    fleet.does.dispatch(id, "general_manager", at, by=clerk, at=at)
    fleet.does.arrive(id, by=clerk, at=at)
    fleet.does.enter(id, Work(done="a new roller", began=at, ended=at), by=clerk, at=at)
    with pytest.raises(RuleBroken):  # nor is another one settled under it
        fleet.does.receive(calling(Kind.CONTRACT), by=clerk, at=at)
    assert fleet.does.settle(id, "Mrs Wang", by=clerk, at=at).state == "settled"


# --- SVC-03, SVC-04, SVC-07: dispatch ---------------------------------------------------------------------------------


@pytest.mark.rule(r.DISPATCH, r.DAILY_CHECK)
@given(st.lists(st.sampled_from([0, 1, 5, 20, 72]), min_size=2, max_size=5), st.data())
def test_what_was_carried_over_goes_first_and_passing_it_over_has_a_reason(hours: list[int], data: Any) -> None:
    """Oracle: refused without a reason exactly where another one has waited longer, since an earlier day."""
    counter = Counter()
    waiting: dict[str, datetime] = {}
    for much in hours:
        counter.later(hours=much)
        id = counter.received()
        waiting[id] = counter.now
    while waiting:
        id = data.draw(st.sampled_from(sorted(waiting)))
        since = waiting.pop(id)
        at = counter.now + timedelta(minutes=1)
        morning = at.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
        carried = sorted(one for one in waiting.values() if one < min(since, morning))
        if not carried:
            counter.dispatched(id)
            continue
        with pytest.raises(OutOfTurn) as refused:
            counter.dispatched(id)
        oldest = counter.does.waiting(by=counter.who["service_manager"], at=at).items[0]
        assert refused.value.facts["waiting"] == oldest.number
        counter.dispatched(id, reason="the machines stand still")
        told = counter.desk.store.look(lambda unit: unit.trail(id))[-1]  # noqa: B023 - at once
        assert told.reason == "the machines stand still"


@pytest.mark.rule(r.DISPATCH, r.ON_THE_SPOT)
def test_a_technician_falls_ill_another_comes_thrice_and_everybody_is_told() -> None:
    counter = Counter()
    id = counter.dispatched(counter.received())
    counter.does.call_off(id, "ill", **counter.call("service_manager"))
    again = counter.now.date() + 2 * DAY
    for turn in range(3):
        counter.on_site(id, "ben")
        counter.later(minutes=19)
        counter.does.unsettle(id, "no part", "bring one", again, **counter.call("ben"))
        waits = counter.does.waiting(by=counter.who["service_manager"], at=counter.now).items
        assert not waits
        counter.later(days=3)
        again += 3 * DAY
        assert counter.of(id).minutes == 20 * (turn + 1)
    with pytest.raises(NotPermitted):
        counter.does.enter(id, Work(done="-", began=counter.now, ended=counter.now), **counter.call("ann"))
    counter.settled(id, yuan(100), yuan(100))
    job = counter.of(id)
    assert (len(job.visits), job.minutes, job.state) == (5, 90, State.SETTLED)
    assert job.paper is not None
    assert job.paper.stated("minutes") == 90
    assert counter.told("job.called_off", "job.dispatched") == [
        *[("job.dispatched", "ann"), ("job.called_off", "ann")],
        *[("job.dispatched", "ben")] * 3,
        ("job.dispatched", "ann"),
    ]
    assert counter.told("job.expected", "job.put_off") == [
        *[("job.expected", "customer-1"), ("job.put_off", "customer-1")],
        *[("job.expected", "customer-1")] * 4,
    ]


@pytest.mark.rule(r.DISPATCH, r.INTAKE)
def test_who_was_told_that_somebody_comes_is_told_that_nobody_does() -> None:
    counter = Counter()
    never_sent, sent = counter.received(), counter.dispatched(counter.received())
    for id in (never_sent, sent):
        counter.does.cancel(id, "works again", **counter.call("ann"))
    assert counter.told("job.cancelled", "job.called_off") == [
        ("job.called_off", "ann"),
        ("job.cancelled", "customer-1"),
    ]


@pytest.mark.rule(r.DISPATCH)
def test_who_is_late_is_told_of_once() -> None:
    counter = Counter()
    late, there = counter.dispatched(counter.received()), counter.on_site(counter.received())
    counter.later(hours=3)
    for _ in range(2):
        counter.desk.sweep()
    assert counter.told("job.late") == [("job.late", "service_manager")]
    counter.does.arrive(late, **counter.call("ann"))
    facts = [counter.desk.store.look(lambda u: u.trail(id))[-1].facts["late"] for id in (late, there)]  # noqa: B023
    assert facts == [True, False]


# --- SVC-05, SVC-06: charged and signed -------------------------------------------------------------------------------


@pytest.mark.rule(r.SIGN_OFF, r.CHARGE)
def test_a_fee_is_typed_anew_until_it_is_signed_and_the_seal_holds_what_was() -> None:
    counter = Counter()
    id = counter.worked(counter.on_site(counter.received()), yuan(1500))
    counter.worked(id, yuan(150))
    counter.does.settle(id, "Mrs Wang", yuan(150), **counter.call("ann"))
    job = counter.of(id)
    with pytest.raises(MoveRefused):
        counter.worked(id, yuan(90))
    assert job.paper is not None
    assert job.paper.statements("fee", "minutes") == {"fee": "150.00 CNY", "minutes": 30}
    for other in ({"fee": yuan(90)}, {"kind": Kind.FREE}, {"work": None}):
        changed = attrs.evolve(job, **other)
        with pytest.raises(Tampered):
            changed.countersign(BENCH.act(counter.now, BENCH.anyone(id="bob")))


@pytest.mark.rule(r.SIGN_OFF)
@pytest.mark.parametrize("kind", [Kind.PAID, Kind.FREE])
def test_nothing_is_signed_or_left_before_hours_and_work_are_entered_and_nothing_else_is_listed(kind: Kind) -> None:
    counter = Counter()
    id = counter.on_site(counter.received(kind))
    signing = {Move.SETTLE, Move.LEAVE_UNSIGNED}

    def listed() -> set[Any]:
        moves = counter.does.moves(id, by=counter.who["ann"], at=counter.now)
        return signing & {one.move for one in moves if one.allowed}

    assert listed() == set()
    for act in (counter.does.settle, counter.does.leave_unsigned):
        with pytest.raises(RuleBroken) as refused:
            act(id, "Mrs Wang", **counter.call("ann"))
        assert refused.value.rule is r.SIGN_OFF
    assert counter.of(id).state is State.ON_SITE
    counter.worked(id, yuan(90) if kind is Kind.PAID else None)
    assert listed() == signing
    counter.does.leave_unsigned(id, "not at home", **counter.call("ann"))
    assert counter.of(id).reason == "not at home"


@pytest.mark.rule(r.SIGN_OFF)
def test_nothing_is_archived_without_both_and_nobody_countersigns_the_own_work() -> None:
    counter = Counter()
    id = counter.settled(counter.received(Kind.FREE))
    with pytest.raises(MoveRefused):
        counter.does.archive(id, **counter.call("service_agent"))
    own = counter.worked(counter.on_site(counter.received(Kind.FREE), "service_manager"), None, "service_manager")
    counter.does.settle(own, "Mrs Wang", **counter.call("service_manager"))
    with pytest.raises(OwnRequest):
        counter.does.countersign(own, **counter.call("service_manager"))
    for one, who in ((id, "service_manager"), (own, "deputy_general_manager")):
        counter.does.countersign(one, **counter.call(who))
        counter.does.archive(one, **counter.call("service_agent"))
        paper = counter.of(one).paper
        assert paper is not None
        assert [(copy.purpose, copy.holder) for copy in paper.copies] == [(c, c) for c in COPIES]
        assert [signature.role for signature in paper.signatures] == ["customer", "manager"]


@pytest.mark.rule(r.SIGN_OFF)
def test_a_deputy_countersigns_while_the_delegation_holds_and_not_for_whom_it_is_the_own_work() -> None:
    counter = Counter()
    hr, since = counter.who["hr"], counter.now
    for who, position in (("service_manager", "service_manager"), ("rnd", "rnd"), ("ann", "service_agent")):
        counter.desk.staff.engage(who, who, Post([position], "service", "hq"), by=hr, at=since)
    manager = counter.who["service_manager"]
    counter.desk.staff.delegate("service_manager", "rnd", until=since + DAY, by=manager, at=since)
    id = counter.settled(counter.received(Kind.FREE))
    own = counter.worked(counter.on_site(counter.received(Kind.FREE), "service_manager"), None, "service_manager")
    counter.does.settle(own, "Mrs Wang", by=manager, at=counter.now)
    counter.does.countersign(id, **counter.call("rnd"))
    with pytest.raises(OwnRequest):
        counter.does.countersign(own, **counter.call("rnd"))
    counter.later(days=2)
    with pytest.raises(NotPermitted):
        counter.does.countersign(own, **counter.call("rnd"))


@pytest.mark.rule(r.SIGN_OFF, r.CHARGE)
def test_a_customer_who_does_not_sign_is_not_charged_before_they_do() -> None:
    counter = Counter()
    for signs in (True, False):
        id = counter.worked(counter.on_site(counter.received()), yuan(100))
        counter.does.leave_unsigned(id, "not at home", **counter.call("ann"))
        with pytest.raises(NotFound):
            counter.bill(id)
        if signs:
            counter.does.settle(id, "Mrs Wang", **counter.call("ann"))
            assert counter.bill(id).left == yuan(100)
            counter.does.collect(id, yuan(100), **counter.call("service_agent"))
            assert counter.bill(id).left == yuan(0)
            continue
        counter.does.close_unsigned(id, "moved away", **counter.call("service_manager"))
        with pytest.raises(MoveRefused):
            counter.does.archive(id, **counter.call("service_agent"))
        with pytest.raises(NotFound):
            counter.bill(id)
    assert counter.told("job.unsigned") == [("job.unsigned", "service_manager")] * 2


@pytest.mark.rule(r.CHARGE, r.HAND_OFF)
def test_a_larger_fee_is_collected_once_it_is_invoiced_even_after_the_archive() -> None:
    counter = Counter()
    id = counter.worked(counter.on_site(counter.received()), yuan(900))
    with pytest.raises(RuleBroken):
        counter.does.settle(id, "Mrs Wang", yuan(900), **counter.call("ann"))
    assert counter.of(id).state is State.ON_SITE
    counter.does.settle(id, "Mrs Wang", **counter.call("ann"))
    with pytest.raises(RuleBroken):
        counter.does.collect(id, yuan(900), **counter.call("service_agent"))
    counter.desk.payments.bills.invoice(counter.of(id).bill, "F-1", **counter.call("finance"))
    counter.does.countersign(id, **counter.call("service_manager"))
    counter.does.archive(id, **counter.call("service_agent"))
    counter.does.collect(id, yuan(900), **counter.call("service_agent"))
    found = counter.desk.payments.bills.agreement(counter.of(id).bill, by=counter.who["finance"])
    assert found.differences == {"not_handed_in": yuan(900)}
    assert sorted(counter.told("job.income", "bill.to_invoice")) == [
        ("bill.to_invoice", "finance"),
        ("job.income", "finance"),
    ]
    counter.does.request_purchase(counter.received(), "a roller", yuan(60), **counter.call("service_manager"))
    assert counter.told("job.purchase") == [("job.purchase", "finance")]


# --- SVC-07: the daily check ------------------------------------------------------------------------------------------


@pytest.mark.rule(r.DAILY_CHECK)
@given(
    st.dictionaries(vouchers, st.tuples(st.booleans(), figures)),
    st.dictionaries(vouchers, figures),
)
def test_differences_are_none_exactly_where_register_and_vouchers_agree(
    lines: dict[str, tuple[bool, dict[str, Any]]], papers: dict[str, dict[str, Any]]
) -> None:
    found = differences(
        [Entry(voucher=v, here=here, **said) for v, (here, said) in lines.items()],
        [InHand(voucher=v, **said) for v, said in papers.items()],
    )
    expected = {(v, "missing") for v, (here, _) in lines.items() if here and v not in papers}
    expected |= {(v, "unknown") for v in papers if v not in lines}
    expected |= {(v, "elsewhere") for v in papers if v in lines and not lines[v][0]}
    expected |= {
        (v, name)
        for v, said in papers.items()
        if v in lines and lines[v][0]
        for name, value in said.items()
        if lines[v][1][name] != value
    }
    assert {(one.voucher, one.what) for one in found} == expected
    assert len(found) == len(expected)


@pytest.mark.rule(r.DAILY_CHECK)
def test_a_lost_voucher_is_listed_until_it_is_explained() -> None:
    counter = Counter()
    here, away, done = counter.received(), counter.dispatched(counter.received()), counter.received()
    counter.settled(done, yuan(100))
    paper = {id: counter.of(id).voucher for id in (here, away, done)}
    right = [InHand(voucher=paper[here]), InHand(voucher=paper[done], signed=True, minutes=30, fee=yuan(100))]
    checks = counter.does.checks
    assert checks.check(right, **counter.call("service_agent")).state == "cleared"
    with pytest.raises(MalformedJob):
        checks.differences([right[0], right[0]], by=counter.who["service_agent"])
    wrong = [InHand(voucher=paper[away]), attrs.evolve(right[1], fee=yuan(10))]
    assert [one.what for one in checks.differences(wrong, by=counter.who["service_agent"])] == [
        *("missing", "elsewhere", "fee"),
    ]
    id = checks.check(wrong, **counter.call("service_agent")).id
    with pytest.raises(RuleBroken) as refused:
        checks.clear(id, 4, "?", **counter.call("service_agent"))
    assert "1, 2, 3" in str(refused.value)
    for difference in (3, 1, 2):
        with pytest.raises(MalformedJob):
            checks.clear(id, difference, " ", **counter.call("service_agent"))
        state = checks.clear(id, difference, "drawn again", **counter.call("service_agent")).state
        assert checks.get(id, by=counter.who["service_agent"]).differences[difference - 1].cleared == "drawn again"
    assert state == "cleared"
    assert counter.told("register_check.differences") == [("register_check.differences", "service_manager")]


# --- SVC-08: out of town ----------------------------------------------------------------------------------------------


@pytest.mark.rule(r.OUT_OF_TOWN)
def test_nobody_goes_out_of_town_but_whom_the_manager_sent_for_what_was_approved() -> None:
    counter = Counter()
    does, id = counter.does, counter.received(out_of_town=True)
    refused = [*[(who, trip(who)) for who in ("ann", "ben")], ("ann", trip("ann", until=date(2026, 3, 1)))]
    for who, asked in refused:
        does.ask_trip(id, asked, **counter.call(who))
    with pytest.raises(NotCleared):
        counter.dispatched(id)
    does.approve_trip(id, 2, **counter.call("service_manager"))
    does.approve_trip(id, 3, **counter.call("service_manager"))
    with pytest.raises(NotCleared):  # it is for another, or for other days
        counter.dispatched(id)
    with pytest.raises(RuleBroken):
        does.book_cost(counter.received(), "travel", yuan(80), **counter.call("service_agent"))
    does.approve_trip(id, 1, **counter.call("service_manager"))
    does.change_trip(id, 1, trip("ann", estimate=yuan(5000)), **counter.call("ann"))
    with pytest.raises(NotCleared):
        counter.dispatched(id)
    does.approve_trip(id, 1, **counter.call("service_manager"))
    forged = counter.of(id)
    forged.trips = (attrs.evolve(forged.trips[0], trip=trip("ann", town="Paris")),)
    unchanged(forged, ApprovalVoid, lambda: forged.dispatch(BENCH.act(counter.now), "ann", counter.now, ""))
    counter.dispatched(id)
    for what, amount in (("travel", 800), ("travel", -80), ("allowance", 60)):
        does.book_cost(id, what, yuan(amount), **counter.call("service_agent"))
    for what, amount in (("travel", -721), ("hotel", 5), ("travel", 0)):
        with pytest.raises((MalformedJob, RuleBroken)):
            does.book_cost(id, what, yuan(amount), **counter.call("service_agent"))
    assert counter.of(id).cost == yuan(780)


@pytest.mark.rule(r.OUT_OF_TOWN)
@pytest.mark.parametrize(("asker", "goes"), [("service_manager", "ann"), ("ann", "service_manager")])
def test_nobody_decides_a_trip_that_they_asked_for_or_go_on(asker: str, goes: str) -> None:
    counter = Counter()
    id = counter.received(out_of_town=True)
    counter.who["service_manager"] = both = counter.desk.actor(
        "service_manager", branch="hq", positions=("service_manager", "service_agent")
    )
    counter.does.ask_trip(id, trip(goes), **counter.call(asker))
    for decide in (counter.does.approve_trip, partial(counter.does.refuse_trip, reason="no")):
        with pytest.raises(OwnRequest):
            decide(id, 1, by=both, at=counter.now)
    counter.does.ask_trip(id, trip("ben"), **counter.call("ben"))
    counter.does.change_trip(id, 2, trip("ben", town="Lijiang"), **counter.call("service_manager"))
    with pytest.raises(OwnRequest):
        counter.does.approve_trip(id, 2, by=both, at=counter.now)
    counter.does.approve_trip(id, 1, **counter.call("deputy_general_manager"))
    assert ("job.approved", asker) in counter.told("job.approved")


# --- SVC-02, SVC-11, SVC-12, SVC-13 -----------------------------------------------------------------------------------


@pytest.mark.rule(r.INTAKE, r.DISPATCH)
@pytest.mark.parametrize("technician", ["", "ann"])
def test_a_job_of_another_system_goes_on_half_way_and_waits_since_it_was_called_for(technician: str) -> None:
    counter = Counter()
    newer, before = counter.received(), counter.now - 5 * DAY
    expected = counter.now + timedelta(hours=1) if technician else None
    past = {"number": "OLD-1", "voucher": "V-1", "received_at": before, "technician": technician}
    id = counter.does.take_over(
        PastJob(call=calling(Kind.FREE), expected=expected, **past),  # type: ignore[arg-type]
        **counter.call("service_manager"),
    ).id
    if technician:
        counter.does.arrive(id, **counter.call("ann"))
    else:
        with pytest.raises(OutOfTurn):
            counter.dispatched(newer)
        counter.on_site(id)
    counter.worked(id)
    counter.does.settle(id, "Mrs Wang", **counter.call("ann"))
    job = counter.of(id)
    assert (job.number, job.voucher, job.state, len(job.visits)) == ("OLD-1", "V-1", State.SETTLED, 1)
    with pytest.raises(Conflict):
        counter.does.take_over(PastJob(call=calling(), **past | {"technician": ""}), **counter.call("service_manager"))  # type: ignore[arg-type]


@pytest.mark.rule(r.INTAKE, r.SIGN_OFF, r.CHARGE)
@pytest.mark.parametrize("paid", [True, False])
@pytest.mark.parametrize("state", [state for state in PAST if state is not State.CANCELLED])
def test_a_job_of_another_system_is_taken_over_in_any_state_and_led_to_its_end(state: State, paid: bool) -> None:
    counter, at = Counter(), BEGINNING - 3 * DAY
    there: dict[str, Any] = {"technician": "ann", "expected": at, "arrived_at": at, "reason": "not at home"}
    there |= {"work": Work(done="a roller", began=at, ended=at + timedelta(minutes=30)), "signed_by": "Mrs Wang"}
    there |= {"signed_at": at + DAY, "countersigned_by": "old_manager", "countersigned_at": at + DAY}
    given: dict[str, Any] = {name: there[name] for name in PAST[state]}
    given |= {"fee": yuan(150)} if "work" in given else {}
    given |= {"paid": paid} if "signed_by" in given else {}
    past = PastJob(call=calling(), number="OLD-1", voucher="V-1", received_at=at, state=state, **given)
    id = counter.does.take_over(past, **counter.call("service_manager")).id
    signed = "signed_by" in given
    assert (counter.of(id).state, bool(counter.of(id).bill)) == (state, signed and not paid)
    told = {State.RECEIVED: "to_dispatch", State.DISPATCHED: "dispatched", State.UNSIGNED: "unsigned"}
    told |= {State.SETTLED: "to_countersign", State.COUNTERSIGNED: "to_archive"}
    expected = [f"job.{told[state]}"] if state in told else []
    expected += ["job.income"] if signed and not paid else []
    assert [occasion for occasion, _ in counter.told() if occasion.startswith("job.")] == expected
    if signed and not paid:
        counter.does.collect(id, yuan(150), **counter.call("service_agent"))
    if counter.of(id).state is State.RECEIVED:
        counter.dispatched(id)
    if counter.of(id).state is State.DISPATCHED:
        counter.does.arrive(id, **counter.call("ann"))
    if counter.of(id).state is State.ON_SITE:
        counter.worked(id, yuan(150))
    if counter.of(id).state in (State.ON_SITE, State.UNSIGNED):
        counter.does.settle(id, "Mrs Wang", yuan(150), **counter.call("ann"))
    if counter.of(id).state is State.SETTLED:
        counter.does.countersign(id, **counter.call("service_manager"))
    if counter.of(id).state is State.COUNTERSIGNED:
        counter.does.archive(id, **counter.call("service_agent"))
    job = counter.of(id)
    assert job.state is (state if state is State.CLOSED_UNSIGNED else State.ARCHIVED)
    assert (job.minutes, job.fee) == (30, yuan(150))
    assert counter.desk.verify().faults == ()


@pytest.mark.rule(r.INTAKE)
@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("state", {"state": State.ANSWERED}),
        ("expected", {"technician": "ann"}),
        ("technician", {"state": State.DISPATCHED}),
        ("arrived_at", {"technician": "ann", "expected": BEGINNING, "arrived_at": BEGINNING}),
        ("arrived_at", {"state": State.UNSIGNED, "technician": "a", "expected": BEGINNING, "reason": "away"}),
        ("reason", {"state": State.CANCELLED}),
        ("signed_by", {"signed_by": "Mrs Wang"}),
        ("fee", {"fee": yuan(1)}),
        ("fee", {"paid": True}),
    ],
)
def test_a_job_of_another_system_has_what_its_state_has_and_nothing_else(field: str, given: dict[str, Any]) -> None:
    with pytest.raises(MalformedJob) as refused:
        PastJob(call=calling(), number="OLD-1", voucher="V-1", received_at=BEGINNING, **given)
    assert refused.value.facts["field"] == field


@pytest.mark.rule(r.INTAKE, r.CHARGE)
def test_a_job_of_another_system_is_refused_where_its_times_or_its_fee_do_not_fit() -> None:
    counter, at = Counter(), BEGINNING - 3 * DAY
    work, late = Work(done="a roller", began=at, ended=at), BEGINNING + 9 * DAY
    given: dict[str, Any] = {"technician": "a", "expected": at, "arrived_at": at, "work": work, "reason": "away"}
    given |= {"number": "OLD-1", "voucher": "V-1", "received_at": at, "state": State.UNSIGNED, "fee": yuan(1)}
    wrong: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"received_at": at + DAY}, RuleBroken),
        ({"arrived_at": at + DAY}, RuleBroken),
        ({"arrived_at": late, "work": attrs.evolve(work, began=late, ended=late)}, RuleBroken),
        ({"fee": None}, MalformedJob),
        ({"call": calling(Kind.FREE)}, NotCharged),
    ]
    call = {"call": calling(), **given}
    for changes, error in wrong:
        with pytest.raises(error):
            counter.does.take_over(PastJob(**{**call, **changes}), **counter.call("service_manager"))
    counter.does.take_over(PastJob(**call), **counter.call("service_manager"))


@pytest.mark.rule(r.SURVEY)
def test_every_service_of_a_customer_leads_to_one_survey() -> None:
    counter, asked, others = Counter(), ListedSurveys(), []
    ids = [counter.settled(counter.received(kind), yuan(50) if kind is Kind.PAID else None) for kind in Kind]

    class Others:
        def send(self, message: Any, /) -> None:
            others.append(message.occasion)

    for _ in range(2):
        counter.desk.relay(SurveyOrders(others=Others(), surveys=asked))
    assert asked.due == dict.fromkeys(ids[:3], "customer-1")
    assert "job.survey" not in others
    assert "job.to_countersign" in others


@pytest.mark.rule(r.TRIAL)
@given(st.integers(1, 40), st.lists(st.integers(1, 30), max_size=3))
def test_a_trial_is_reminded_of_before_it_ends_and_once_more_when_it_is_longer(days: int, more: list[int]) -> None:
    counter = Counter()
    does, agent = counter.does.trials, counter.who["service_agent"]
    today = counter.now.date()
    end = today + days * DAY
    id = does.grant("customer-1", "P-200", today, end, by=agent, at=counter.now).id
    for longer in more:
        end += longer * DAY
        does.extend(id, end, "was away", by=agent, at=counter.now)
    due = max(datetime.combine(end - 3 * DAY, datetime.min.time(), ZONE), counter.now)
    (clock,) = [one for one in does.deadlines(id, by=agent, at=counter.now) if one.state.value == "running"]
    assert clock.due_at == due
    counter.later(days=200)
    counter.desk.sweep()
    assert counter.told("trial.ending") == [("trial.ending", "service_agent")]
    with pytest.raises(RuleBroken):
        does.extend(id, end, "again", by=agent, at=counter.now)
    does.end(id, "no_answer", by=agent, at=counter.now)


@pytest.mark.rule(r.ADVICE)
def test_advice_is_free_for_anybody_and_late_when_nobody_answers() -> None:
    counter = Counter()
    stranger = Contact(name="Li")
    first, second = (counter.does.advise(stranger, "Does it print?", **counter.call("service_agent")).id for _ in "ab")
    counter.does.answer(first, "On 80 g.", **counter.call("service_agent"))
    counter.later(days=3)
    counter.desk.sweep()
    assert sorted(counter.told("job.unanswered")) == [
        *[("job.unanswered", "service_agent"), ("job.unanswered", "service_manager")],
    ]
    counter.does.answer(second, "On 80 g.", **counter.call("service_agent"))
    job = counter.of(second)
    assert (job.kind, job.customer, job.voucher, job.state) == (Kind.FREE, "", "", State.ANSWERED)
    with pytest.raises(MoveRefused):
        counter.dispatched(second)


@pytest.mark.rule(r.CHARGE)
def test_a_house_that_charges_takes_payments() -> None:
    text = 'name = "own"\nextends = "enquiry_desk"\n' + SERVICE.replace("general_manager", "head").replace(
        "general_management", "head"
    )
    with pytest.raises(RulebookInvalid, match="payments"):
        loads(text, sections(), shipped)
