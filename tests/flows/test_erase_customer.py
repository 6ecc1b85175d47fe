"""All of a customer is erased, in every branch and context, of nobody else, however often it is cut short (KRN-14)."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import attrs
import pytest

import csdomain
from csdomain.complaints.case import COMPLAINTS
from csdomain.desk import Desk, Services, house_of
from csdomain.kernel.rules import PERSONAL_DATA
from csdomain.kernel.rules.errors import NotPermitted
from csdomain.kernel.store.ports import AuditRecord
from csdomain.kernel.values.actors import Action, Actor, Scope
from csdomain.orders.values import Dose
from csdomain.rulebook import SectionMissing
from csdomain.testing import MovableClock, SequentialIds, complaint_form, memory_desk, no_holidays, received, staff
from csdomain.testing import agent as someone
from csdomain.testing import snapshot as seen_in

ERASE = Action("complaints.erase")
EXPORT = Action("complaints.export")

pytestmark = pytest.mark.rule(PERSONAL_DATA)
WANG, LI = "customer-w", "customer-l"


def file(desk: Desk, customer: str, branch: str = "hq") -> str:
    form = complaint_form(customer=customer, reason=f"words of {customer}")
    return received(desk, form, by=someone(desk, branch=branch)).id


def whole(desk: Desk) -> dict[str, Any]:
    """All that the store shows, without the ids of events, which a run that was cut short draws anew."""
    found = seen_in(desk.store, (COMPLAINTS,))
    trails = {s: [attrs.evolve(r, event_id="") for r in trail] for s, trail in found["trails"].items()}
    return found | {"trails": trails}


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("backend", ["memory", "sqlite"])
def test_everything_of_one_customer_goes_and_the_others_stay(
    backend: str, database_url: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("csdomain.frame.service._PAGE", 2)  # several pages
    with csdomain.open(
        database_url(backend), clock=MovableClock(), ids=SequentialIds(), holidays=no_holidays()
    ) as desk:
        boss, now = staff(desk)["general_manager"], desk.clock.now()
        ids = [file(desk, WANG, branch) for branch in ("hq", "b2", "hq", "b3", "hq")]
        others = [file(desk, LI), file(desk, LI, "b2")]
        theirs = {id: desk.complaints.get(id, by=boss) for id in others}
        desk.complaints.hold(ids[1], "litigation", by=boss, at=now)
        desk.complaints.erase(ids[2], by=boss, at=now)
        told: list[int] = []
        report = desk.erase_customer(WANG, by=boss, at=now, progress=told.append)
        assert report.erased == (ids[0], ids[3], ids[4])
        assert (report.restricted, report.unchanged, told) == ((ids[1],), (ids[2],), [1] * 5)
        assert {id: desk.complaints.get(id, by=boss) for id in others} == theirs
        assert desk.erase_customer("nobody", by=boss, at=now) == type(report)((), (), ())


@pytest.mark.parametrize("after", range(1, 6))
def test_cut_short_anywhere_and_begun_again_it_ends_the_same(after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("csdomain.frame.service._PAGE", 2)

    def filed() -> tuple[Desk, list[str]]:
        desk = memory_desk()
        ids = [file(desk, WANG) for _ in range(5)]
        desk.complaints.hold(ids[3], "authority", by=staff(desk)["general_manager"], at=desk.clock.now())
        return desk, ids

    (through, ids), (cut, _) = filed(), filed()
    boss, now = staff(through)["general_manager"], through.clock.now()
    at_once = through.erase_customer(WANG, by=boss, at=now)
    left = iter(range(after - 1, -1, -1))

    def kill(_: int) -> None:
        if not next(left):
            raise Killed

    with pytest.raises(Killed):
        cut.erase_customer(WANG, by=boss, at=now, progress=kill)
    begun_again = cut.erase_customer(WANG, by=boss, at=now)
    assert whole(cut) == whole(through)
    assert set(begun_again.unchanged) == set(ids[:after])
    assert set(begun_again.erased) | set(begun_again.restricted) == set(ids[after:])
    assert set(at_once.erased) | set(at_once.restricted) == set(ids)


def test_who_may_not_erase_or_read_everywhere_gets_nothing_done() -> None:
    desk = memory_desk()
    who, now = staff(desk), desk.clock.now()
    id = file(desk, WANG)
    desk.complaints.hold(id, "litigation", by=who["general_manager"], at=now)
    before = whole(desk)
    for position in who.keys() - {"general_manager"}:
        with pytest.raises(NotPermitted) as refused:
            desk.erase_customer(WANG, by=who[position], at=now)
        assert refused.value.facts["action"] == ERASE
    after = whole(desk)
    assert len(after["refusals"][""]) == len(who) - 1  # on record
    assert {k: v for k, v in after.items() if k != "refusals"} == {k: v for k, v in before.items() if k != "refusals"}
    with pytest.raises(NotPermitted) as refused:
        desk.export_customer(WANG, by=who["sales"], at=now)  # their branch is not all
    assert refused.value.facts["action"] == EXPORT
    boss = who["general_manager"]
    assert desk.export_customer(WANG, by=boss, at=now)["complaint"]  # held, not restricted yet
    desk.erase_customer(WANG, by=who["general_manager"], at=now)
    with pytest.raises(NotPermitted) as refused:
        desk.export_customer(WANG, by=who["finance"], at=now)
    assert refused.value.facts["action"] == EXPORT
    refusals = desk.store.look(lambda unit: unit.session.refusals(""))
    assert [(one.use_case, one.by) for one in refusals[-2:]] == [
        ("complaint.export_customer", who[position].id) for position in ("sales", "finance")
    ]
    assert [line.name for line in desk.complaints.trail(id, by=boss)].count("complaint_exported") == 1


def test_f25_a_refused_question_is_on_the_audit() -> None:
    desk = memory_desk()
    id, stranger = file(desk, WANG), desk.actor("u-0", branch="hq", positions=())
    elsewhere = desk.actor("u-2", branch="b2", positions=("sales",))
    does = desk.complaints
    asked = ("get", "trail", "papers", "open_ends")
    as_of = ("moves", "part_moves", "deadlines")
    for by in (stranger, elsewhere):
        for question in asked:
            with pytest.raises(NotPermitted):
                getattr(does, question)(id, by=by)
        for question in as_of:
            with pytest.raises(NotPermitted):
                getattr(does, question)(id, by=by, at=desk.clock.now())
    kept = desk.store.look(lambda unit: unit.session.refusals(id))
    assert [(one.use_case, one.by) for one in kept] == [
        ("complaint.read", by.id) for by in (stranger, elsewhere) for _ in (*asked, *as_of)
    ]
    with pytest.raises(NotPermitted):
        does.find(by=stranger)
    assert [one.by for one in desk.store.look(lambda unit: unit.session.refusals(""))] == [stranger.id]


def test_an_export_is_whole_plain_and_of_one_customer() -> None:
    desk = memory_desk()
    boss, now = staff(desk)["general_manager"], desk.clock.now()
    ids = [file(desk, WANG), file(desk, WANG, "b2")]
    file(desk, LI)
    desk.complaints.check(ids[0], "the order is ours", by=staff(desk)["sales"], at=now)
    desk.complaints.hold(ids[1], "litigation", by=boss, at=now)
    desk.complaints.erase(ids[1], by=boss, at=now)  # restricted is not gone: it is theirs to see
    found = desk.export_customer(WANG, by=boss, at=now)
    assert json.loads(json.dumps(found)) == found
    assert found["customer_id"] == WANG
    cases: Any = found["complaint"]
    assert [case["case"]["id"] for case in cases] == ids
    assert [case["case"]["forms"][0]["content"]["reason"] for case in cases] == [f"words of {WANG}"] * 2
    assert [line["reason"] for line in cases[0]["trail"]] == ["", "the order is ours"]
    assert cases[0]["case"]["received_at"] == now.isoformat()
    assert LI not in json.dumps(found)


def test_those_who_follow_learn_of_it_once_and_can_erase_their_own() -> None:
    desk = memory_desk()
    boss = staff(desk)["general_manager"]
    ids = [file(desk, WANG), file(desk, WANG), file(desk, LI)]
    ours = {id: desk.complaints.get(id, by=boss).form.content.reason for id in ids}
    desk.complaints.hold(ids[1], "litigation", desk.clock.now() + timedelta(days=1), by=boss, at=desk.clock.now())
    events: list[str] = []

    def follow(event: AuditRecord) -> None:
        events.append(event.name)
        if event.name == "complaint_erased":
            del ours[event.subject]

    desk.follow("search", follow)
    desk.erase_customer(WANG, by=boss, at=desk.clock.now())
    assert desk.follow("search", follow) == 2
    assert events[-2:] == ["complaint_erased", "complaint_restricted"]
    assert set(ours) == {ids[1], ids[2]}
    assert isinstance(desk.clock, MovableClock)
    desk.clock.advance(timedelta(days=2))
    desk.sweep()
    desk.follow("search", follow)
    assert set(ours) == {ids[2]}
    assert desk.erase_customer(WANG, by=boss, at=desk.clock.now()).unchanged == tuple(ids[:2])
    assert desk.follow("search", follow) == 0


def test_every_context_that_the_house_takes_takes_part() -> None:
    """Orders are erased and exported with complaints, where the rulebook has orders."""
    desk = memory_desk("medical_centre")
    who, now = staff(desk), desk.clock.now()
    boss = who["hq_manager"] if "hq_manager" in who else holder(desk, "orders.erase")
    order = desk.orders.prescribe(WANG, [Dose("fish_oil", Decimal(2))], by=who["functional_doctor"], at=now)
    desk.orders.cancel(order.id, f"words of {WANG}", by=holder(desk, "orders.cancel"), at=now)
    exported = desk.export_customer(WANG, by=boss, at=now)
    assert [case["case"]["reason"] for case in exported["order"]] == [f"words of {WANG}"]
    report = desk.erase_customer(WANG, by=boss, at=now)
    assert report.erased == (order.id,)
    assert desk.orders.get(order.id, by=boss).reason == "-"
    assert desk.orders.trail(order.id, by=boss)[-1].name == "order_erased"


def holder(desk: Desk, action: str) -> Actor:
    """Somebody who holds a permission everywhere."""
    return next(w for w in staff(desk).values() if desk.house.resolve(w).grants.get(Action(action)) is Scope.ALL)


def test_what_a_context_that_is_off_holds_is_not_passed_over() -> None:
    """A house that has left orders off since still holds the customer's: it is told, and nothing is erased."""
    with memory_desk("medical_centre") as desk:
        desk.orders.prescribe(
            WANG, [Dose("fish_oil", Decimal(2))], by=staff(desk)["functional_doctor"], at=desk.clock.now()
        )
        house = house_of("after_sales", no_holidays())
        without = Services(desk.store, house, SequentialIds())
        boss = house.actor("gm", "hq", ("general_manager",))
        for attempt in (
            lambda: without.erase_customer(WANG, by=boss, at=desk.clock.now()),
            lambda: without.export_customer(WANG, by=boss, at=desk.clock.now()),
        ):
            with pytest.raises(SectionMissing) as refused:
                attempt()
            assert refused.value.facts["section"] == "orders"
        assert without.erase_customer(LI, by=boss, at=desk.clock.now()).erased == ()
