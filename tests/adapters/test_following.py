"""Larger units, following events, and applying again after a conflict: what a desk gives besides single use cases."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

import csdomain
from backends import BACKENDS
from csdomain.desk import Services
from csdomain.kernel.rules import AUDITED, MONEY, NUMBERING, ONE_WRITER, PERMITTED
from csdomain.kernel.rules.errors import Conflict, RuleBroken, UnitWithinUnit
from csdomain.kernel.store.ports import AuditRecord, Queued, Receipt
from csdomain.kernel.store.unit import reapply
from csdomain.kernel.values.money import CurrencyMismatch
from csdomain.testing import HANDLING, agent, checked

AT = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
FORM = csdomain.ComplaintForm(customer="c-1", demand="refund", reason="broken")


@pytest.fixture(params=BACKENDS)
def desk(request: pytest.FixtureRequest, database_url: Callable[[str], str]) -> Iterator[csdomain.Desk]:
    options: dict[str, Any] = {} if request.param == "memory" else {"upgrade": True}
    with csdomain.open(database_url(request.param), **options) as desk:
        yield desk


@pytest.mark.rule(AUDITED)
def test_use_cases_done_together_all_happen_or_none(desk: csdomain.Desk) -> None:
    by, seller = agent(desk), agent(desk, "u-2", position="sales")

    def file_and_accept(services: Services) -> str:
        filed = services.complaints.receive(FORM, by=by, at=AT)
        services.complaints.check(filed.id, "ours", by=seller, at=AT)
        services.complaints.accept(filed.id, HANDLING, by=by, at=AT)
        return filed.id

    done = desk.together(file_and_accept)
    assert desk.complaints.get(done, by=by).state.value == "accepted"

    def file_and_fail(services: Services) -> None:
        file_and_accept(services)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        desk.together(file_and_fail)
    assert [case.id for case in desk.complaints.find(by=by).items] == [done]
    again = desk.complaints.receive(FORM, by=by, at=AT)
    assert again.number == "KS202611-0002", "the number of the unit that failed was given back"


@pytest.mark.rule(PERMITTED)
def test_a_refusal_inside_a_larger_unit_is_on_record(desk: csdomain.Desk) -> None:
    by = agent(desk)
    filed = checked(desk, FORM, by=by, at=AT)
    stranger = desk.actor("u-9", branch="hq", positions=())
    with pytest.raises(RuleBroken) as refused:
        desk.together(lambda services: services.complaints.accept(filed.id, HANDLING, by=stranger, at=AT))
    assert refused.value.rule is PERMITTED
    [kept] = desk.store.look(lambda unit: unit.session.refusals(filed.id))
    assert (kept.use_case, kept.by, kept.rule, kept.at) == ("complaint.accept", "u-9", "KRN-13", AT)


@pytest.mark.rule(AUDITED)
def test_a_follower_gets_every_event_in_order_and_begins_again_where_it_failed(desk: csdomain.Desk) -> None:
    by = agent(desk)
    filed = [desk.complaints.receive(FORM, by=by, at=AT).id for _ in range(3)]
    seen: list[AuditRecord] = []
    assert desk.follow("mirror", seen.append) == 3
    assert [event.subject for event in seen] == filed
    assert [event.position for event in seen] == [1, 2, 3]
    assert desk.follow("mirror", seen.append) == 0

    for id in filed:
        desk.complaints.check(id, "ours", by=agent(desk, "u-2", position="sales"), at=AT)

    def stumble(event: AuditRecord) -> None:
        if event.subject == filed[1]:
            raise RuntimeError
        seen.append(event)

    with pytest.raises(RuntimeError):
        desk.follow("mirror", stumble)
    assert desk.follow("mirror", seen.append) == 2
    assert [event.position for event in seen] == [1, 2, 3, 4, 5, 6]
    assert len({event.event_id for event in seen}) == 6
    other: list[AuditRecord] = []
    desk.follow("another", other.append)
    assert other == seen


@pytest.mark.rule(ONE_WRITER)
def test_reapply_reads_again_after_a_conflict_and_gives_up_in_the_end(desk: csdomain.Desk) -> None:
    by = agent(desk)
    filed = desk.complaints.receive(FORM, by=by, at=AT)
    reads: list[int] = []

    def withdraw_what_was_read() -> Receipt:
        version = desk.complaints.get(filed.id, by=by).version
        reads.append(version)
        if len(reads) == 1:  # another is first
            desk.complaints.check(filed.id, "ours", by=agent(desk, "u-2", position="sales"), at=AT)
        return desk.complaints.withdraw(filed.id, "found the cause", by=by, at=AT, expected_version=version)

    assert reapply(withdraw_what_was_read).state == "withdrawn"
    assert reads == [1, 2]

    tries: list[int] = []

    def never() -> None:
        tries.append(1)
        raise Conflict

    with pytest.raises(Conflict):
        reapply(never, attempts=4)
    assert len(tries) == 4


@pytest.mark.rule(ONE_WRITER)
def test_keys_are_forgotten_when_the_host_says_so(desk: csdomain.Desk) -> None:
    by = agent(desk)
    first = desk.complaints.receive(FORM, by=by, at=AT, key="k")
    assert desk.forget_keys(AT) == 0
    assert desk.complaints.receive(FORM, by=by, at=AT, key="k") == first
    assert desk.forget_keys(AT.replace(hour=3)) == 1
    assert desk.complaints.receive(FORM, by=by, at=AT, key="k") != first


@pytest.mark.rule(NUMBERING)
def test_a_refused_form_draws_no_number_even_where_the_unit_goes_on(desk: csdomain.Desk) -> None:
    by = agent(desk)
    visitor = desk.actor("u-9", branch="hq", positions=())

    def swallow(services: Services) -> str:
        with pytest.raises(RuleBroken):
            services.complaints.receive(FORM, by=visitor, at=AT)
        return services.complaints.receive(FORM, by=by, at=AT).number

    assert desk.together(swallow) == "KS202611-0001"


@pytest.mark.rule(MONEY)
def test_a_claim_in_another_currency_than_the_house_s_is_refused(desk: csdomain.Desk) -> None:
    form = csdomain.ComplaintForm(customer="c-1", demand="refund", reason="broken", claimed=csdomain.Money.of(5, "USD"))
    with pytest.raises(CurrencyMismatch):
        desk.complaints.receive(form, by=agent(desk), at=AT)
    assert not desk.complaints.find(by=agent(desk)).items


@pytest.mark.rule(AUDITED)
def test_a_notifier_that_breaks_on_one_message_delivers_the_others(desk: csdomain.Desk) -> None:
    by = agent(desk)
    ids = [desk.complaints.receive(FORM, by=by, at=AT).id for _ in range(3)]
    delivered: list[str] = []

    class Brittle:
        def send(self, message: Queued, /) -> None:
            if ids[1] in message.key:
                raise ValueError("13812345678")
            delivered.append(message.key)

    report = desk.relay(Brittle())
    assert (report.sent, report.unknown) == (4, 2), "they may have left before the notifier broke"
    waiting = desk.store.look(lambda unit: unit.session.outbox(unsent=True, limit=9))
    assert [(one.failure, one.attempts) for one in waiting] == [("ValueError", 1)] * 2


@pytest.mark.rule(ONE_WRITER)
def test_a_unit_within_a_unit_is_refused_and_the_outer_one_undone(desk: csdomain.Desk) -> None:
    by = agent(desk)

    def nested(services: Services) -> None:
        services.complaints.receive(FORM, by=by, at=AT)
        desk.complaints.receive(FORM, by=by, at=AT)

    with pytest.raises(UnitWithinUnit):
        desk.together(nested)
    assert not desk.complaints.find(by=by).items
    assert desk.complaints.receive(FORM, by=by, at=AT).number == "KS202611-0001"
