"""All of a customer is erased, in every branch and context, of nobody else, however often it is cut short (KRN-14)."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import attrs
import pytest

import csdomain
from csdomain.complaints.case import COMPLAINTS
from csdomain.desk import Desk
from csdomain.kernel.rules import PERSONAL_DATA
from csdomain.kernel.rules.errors import NotPermitted
from csdomain.kernel.store.ports import AuditRecord
from csdomain.kernel.values.actors import Action
from csdomain.kernel.values.personal import Erasure
from csdomain.testing import MovableClock, SequentialIds, complaint_form, memory_desk, no_holidays, received, staff
from csdomain.testing import agent as someone
from csdomain.testing import snapshot as seen_in

ERASE = Action("complaints.erase")
READ = Action("complaints.read")
RESTRICTED = Action("complaints.restricted")

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
    monkeypatch.setattr("csdomain.complaints.service.erasing._PAGE", 2)  # several pages
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
    monkeypatch.setattr("csdomain.complaints.service.erasing._PAGE", 2)

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
        desk.export_customer(WANG, by=who["sales"])  # their branch is not all
    assert refused.value.facts["action"] == READ
    assert desk.export_customer(WANG, by=who["finance"])["complaint"]  # held, not restricted yet
    desk.erase_customer(WANG, by=who["general_manager"], at=now)
    with pytest.raises(NotPermitted) as refused:
        desk.export_customer(WANG, by=who["finance"])
    assert refused.value.facts["action"] == RESTRICTED


def test_an_export_is_whole_plain_and_of_one_customer() -> None:
    desk = memory_desk()
    boss, now = staff(desk)["general_manager"], desk.clock.now()
    ids = [file(desk, WANG), file(desk, WANG, "b2")]
    file(desk, LI)
    desk.complaints.check(ids[0], "the order is ours", by=staff(desk)["sales"], at=now)
    desk.complaints.hold(ids[1], "litigation", by=boss, at=now)
    desk.complaints.erase(ids[1], by=boss, at=now)  # restricted is not gone: it is theirs to see
    found = desk.export_customer(WANG, by=boss)
    assert json.loads(json.dumps(found)) == found
    assert found["customer"] == WANG
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


def test_a_context_takes_part_by_being_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Letters:
        """What another context would keep."""

        kind = attrs.evolve(COMPLAINTS, table="letter")

        def __init__(self) -> None:
            self.asked: list[tuple[str, object]] = []

        def of_customer(self, customer: str, *, by: Any, at: Any, after: Any = None) -> tuple[list[str], Any]:
            self.asked.append((customer, after))
            return (["ltr_1"], ("x", "ltr_1")) if after is None else (["ltr_2"], None)

        def forget(self, id: str, *, by: Any, at: Any) -> Erasure:
            return Erasure.RESTRICTED if id == "ltr_2" else Erasure.ERASED

        def export_of(self, customer: str, *, by: Any) -> list[dict[str, Any]]:
            return [{"text": f"dear {customer}"}]

    desk, letters = memory_desk(), Letters()
    boss, now = staff(desk)["general_manager"], desk.clock.now()
    id = file(desk, WANG)
    monkeypatch.setattr(type(desk), "customer_records", property(lambda self: (self.complaints, letters)))
    assert desk.export_customer(WANG, by=boss)["letter"] == [{"text": f"dear {WANG}"}]
    report = desk.erase_customer(WANG, by=boss, at=now)
    assert (report.erased, report.restricted) == ((id, "ltr_1"), ("ltr_2",))
    assert letters.asked == [(WANG, None), (WANG, ("x", "ltr_1"))]
