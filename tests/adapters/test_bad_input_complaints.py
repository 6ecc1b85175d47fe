"""Bad input of complaints, on every backend: a named error of its rule, nothing changed, and the refusal on record."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

import csdomain
from adapters.harness import BACKENDS, Desks
from adapters.tampering import tamper
from complaints.desks import Counter
from complaints.model import JUDGED, cny, remedy
from csdomain import Desk, DomainError
from csdomain.casework.deliveries import NotOnSlip, QuantityOverSlip
from csdomain.casework.letters import InternalDisclosed
from csdomain.complaints.commands.deciding import AnswerBeyondDecision
from csdomain.complaints.commands.investigating import SecondPenalty
from csdomain.complaints.commands.marks import ReturnWithoutSlip
from csdomain.complaints.commands.settling import JudgementMissing
from csdomain.complaints.rules import (
    CERTIFICATE,
    FINANCE,
    JUDGEMENT,
    MONTHLY_REVIEW,
    NO_PROMISE,
    NOTICE,
    STATES,
    WAREHOUSE,
    WITHIN_LIMIT,
)
from csdomain.complaints.values import Channel, Goods, ProposedPenalty
from csdomain.kernel.papers.approvals import (
    ApprovalVoid,
    BeyondAuthority,
    Delegation,
    DelegationInvalid,
    Delegations,
    OwnRequest,
)
from csdomain.kernel.papers.documents import SignedTwice, Tampered, Unsigned
from csdomain.kernel.rules import APPROVALS, AUDITED, FORMS, HOUSE_RULES, MOVES
from csdomain.kernel.rules.errors import RulebookInvalid, RuleBroken
from csdomain.kernel.values.actors import Actor, ActorId
from csdomain.testing import FakeAuthorities, complaint_form, no_holidays, staff

DEPUTY: Final = "deputy_general_manager"
ENGINES: Final = Goods("engine", "2026-01", 3)
GRANTED: Final = remedy(cny(900), compensation=cny(200), returns=[ENGINES])
HOUR: Final = timedelta(hours=1)
SORRY: Final = "We are sorry, and take them back."


@attrs.define
class World:
    """A desk on a backend, its staff records, and one case."""

    counter: Counter
    records: FakeAuthorities

    @classmethod
    def of(cls, desk: Desk) -> "World":
        records = FakeAuthorities({id: who.positions for id, who in staff(desk).items()})
        return cls(Counter(desk, desk.clock, staff(desk), authorities=records), records)  # type: ignore[arg-type]

    def person(self, id: str, *positions: str) -> Actor:
        return self.counter.desk.actor(id, branch="hq", positions=positions)

    def awaiting(self, what: Any = GRANTED, by: str | Actor = "service_agent") -> None:
        self.counter.accepted(complaint_form(quantity=9))
        self.counter.judged()
        self.counter.do("submit", what, by=by)

    def decided(self, what: Any = GRANTED) -> None:
        self.awaiting(what)
        self.counter.do("approve", by=DEPUTY)

    def answered(self) -> None:
        self.decided()
        self.counter.do("answer", Channel.LETTER, SORRY, by="sales")

    def renewed(self, judgement: Any = JUDGED) -> None:
        """A second form, judged."""
        self.counter.do("decline", "no", by="sales")
        self.counter.do("renew", complaint_form(quantity=9), by="service_agent")
        self.counter.judged(judgement)

    def slip(self, *, signed: bool = True) -> str:
        number: str = self.counter.do("draw_slip", "truck", by="sales").number
        if signed:
            self.counter.do("sign_slip", number, by="deputy_for_sales")
        return number

    def certificate(self) -> str:
        number: str = self.counter.do("draw_certificate", cny(200), by="sales").number
        self.counter.do("sign_certificate", number, by="deputy_for_sales")
        self.counter.do("countersign_certificate", number, by="sales")
        return number

    def stands_in(self, deputy: str, principal: str, hours: int = 1) -> None:
        now = self.counter.clock.now()
        self.records.delegate(Delegation(ActorId(principal), ActorId(deputy), DEPUTY, now, now + hours * HOUR))

    def change(self, change: Callable[[dict[str, Any]], object]) -> None:
        tamper(self.counter.desk, self.counter.id, change)


@attrs.frozen
class Try:
    """What is tried once the case stands there: the use case, by whom, with what."""

    use: str
    args: tuple[Any, ...]
    by: str | Actor


def attempt(use: str, *args: Any, by: str | Actor) -> Try:
    return Try(use, args, by)


def own_request(w: World) -> Try:
    chief = w.person("chief", "service_agent", DEPUTY)
    w.records.give("chief", DEPUTY)
    w.awaiting(by=chief)
    return attempt("approve", by=chief)


def own_request_through_a_delegate(w: World) -> Try:
    w.awaiting(by=w.person(DEPUTY, DEPUTY, "service_agent"))
    w.stands_in("helper", DEPUTY)
    return attempt("approve", by=w.person("helper", "sales_manager"))


def above_limit(w: World) -> Try:
    w.awaiting(remedy(cny("1000.01")))
    return attempt("approve", by="sales_manager")


def expired(w: World) -> Try:
    w.awaiting(remedy(cny(3000)))
    w.stands_in("helper", DEPUTY)
    w.counter.clock.advance(HOUR)
    return attempt("approve", by=w.person("helper", "sales_manager"))


class Careless(FakeAuthorities):
    """Staff records that let a circle in: whoever asks finds it."""

    def delegate(self, delegation: Delegation) -> None:
        self._delegations = (*self._delegations, delegation)


def cyclic(w: World) -> Try:
    w.records = w.counter.authorities = Careless({DEPUTY: (DEPUTY,), "helper": ()})
    w.awaiting(remedy(cny(3000)))
    w.stands_in("helper", DEPUTY)
    w.stands_in(DEPUTY, "helper")
    return attempt("approve", by=DEPUTY)


def split(w: World) -> Try:
    w.awaiting(remedy(cny(900)))
    w.counter.do("approve", by="sales_manager")
    w.counter.do("answer", Channel.LETTER, SORRY, by="sales")
    w.renewed()
    w.counter.do("submit", remedy(cny(900)), by="service_agent")
    return attempt("approve", by="sales_manager")


def edited(w: World) -> Try:
    w.decided()
    w.change(lambda c: c["forms"][0]["submissions"][0]["remedy"].update(granted={"minor": 90_001, "currency": "CNY"}))
    return attempt("answer", Channel.LETTER, SORRY, by="sales")


def revoked(w: World) -> Try:
    w.awaiting(remedy(cny(3000)))
    chief = w.person(DEPUTY, DEPUTY)
    seen = w.counter.does.approval(w.counter.id, by=chief, at=w.counter.clock.now())
    assert seen.may is not None
    w.records.give(DEPUTY)
    return attempt("approve", by=chief)


def unsigned_form(w: World) -> Try:
    """Sales has not signed what is proposed."""
    w.awaiting()

    def unsign(c: Any) -> None:
        document = c["forms"][0]["document"]
        document["signatures"] = [one for one in document["signatures"] if one["role"] != "sales"]

    w.change(unsign)
    return attempt("approve", by=DEPUTY)


def signature_gone(w: World) -> Try:
    w.awaiting()
    w.change(lambda c: c["forms"][0]["document"].update(signatures=c["forms"][0]["document"]["signatures"][:1]))
    return attempt("approve", by=DEPUTY)


def signed_twice(w: World) -> Try:
    w.decided()
    both = w.person("both", "deputy_for_sales", "warehouse_keeper")
    w.records.give("both", "deputy_for_sales")
    number = w.slip(signed=False)
    w.counter.do("sign_slip", number, by=both)
    return attempt("take_in", number, [ENGINES], by=both)


def form_changed(w: World) -> Try:
    w.awaiting()
    w.change(lambda c: c["forms"][0]["document"]["fields"].update({"proposed.1": "1.00 CNY"}))
    return attempt("approve", by=DEPUTY)


def claim_changed(w: World) -> Try:
    w.awaiting()
    w.change(lambda c: c["forms"][0]["content"].update(claimed={"minor": 1, "currency": "CNY"}))
    return attempt("approve", by=DEPUTY)


def slip_changed(w: World) -> Try:
    w.decided()
    number = w.slip()
    w.change(lambda c: c["slips"][0]["goods"][0].update(quantity=9))
    return attempt("take_in", number, [attrs.evolve(ENGINES, quantity=9)], by="warehouse_keeper")


def signed_slip_changed(w: World) -> Try:
    w.decided()
    number = w.slip()
    w.change(lambda c: c["slips"][0]["document"]["fields"].update({"pieces.1": 9}))
    return attempt("take_in", number, [ENGINES], by="warehouse_keeper")


def come(w: World, pieces: int) -> str:
    w.decided()
    number = w.slip()
    w.counter.do("take_in", number, [attrs.evolve(ENGINES, quantity=pieces)], by="warehouse_keeper")
    return number


def approved_changed(w: World) -> Try:
    number = come(w, 2)
    w.change(lambda c: c["slips"][0].update(approved=2))
    return attempt("reconcile", number, "V1", by="finance")


def resolution_made_up(w: World) -> Try:
    number = come(w, 2)
    w.change(lambda c: (c["slips"][0].update(approved=2), c["slips"][0]["document"]["fields"].update(resolved=2)))
    return attempt("reconcile", number, "V1", by="finance")


def fourth_copy_changed(w: World) -> Try:
    number = come(w, 3)
    w.change(lambda c: c["forms"][0]["document"]["fields"].update({"approved_return.1": 2}))
    return attempt("reconcile", number, "V1", by="finance")


def returned_changed(w: World) -> Try:
    number = come(w, 2)
    w.change(lambda c: c["slips"][0]["returned"][0].update(quantity=3))
    return attempt("reconcile", number, "V1", by="finance")


def certificate_changed(w: World) -> Try:
    w.decided()
    number = w.certificate()
    w.change(lambda c: c["certificates"][0].update(amount={"minor": 90_000, "currency": "CNY"}))
    return attempt("book_certificate", number, "V1", by="finance")


def certificate_unsigned(w: World) -> Try:
    w.decided()
    number = w.certificate()
    w.change(lambda c: c["certificates"][0]["document"]["signatures"].pop())
    return attempt("book_certificate", number, "V1", by="finance")


def answer_without_approval(w: World) -> Try:
    w.decided()
    w.change(lambda c: c["forms"][0]["submissions"][0].update(approval=None))
    return attempt("answer", Channel.LETTER, SORRY, by="sales")


def the_form_itself(w: World) -> Try:
    w.decided()
    return attempt("answer", Channel.LETTER, w.counter.case.form.document, by="sales")


def words_of_the_form(w: World) -> Try:
    w.decided()
    return attempt("answer", Channel.LETTER, "We found how it  CAME about.", by="sales")


def no_slip(w: World) -> Try:
    w.decided()
    return attempt("take_in", "TH202603-0001", [ENGINES], by="warehouse_keeper")


def slip_of_another(w: World) -> Try:
    w.decided()
    number = w.slip()
    w.decided()
    w.slip()
    return attempt("take_in", number, [ENGINES], by="warehouse_keeper")


def too_many(w: World) -> Try:
    w.decided()
    return attempt("take_in", w.slip(), [attrs.evolve(ENGINES, quantity=4)], by="warehouse_keeper")


def another_product(w: World) -> Try:
    w.decided()
    return attempt("take_in", w.slip(), [attrs.evolve(ENGINES, batch="2026-02")], by="warehouse_keeper")


def second_penalty(w: World) -> Try:
    punished = attrs.evolve(JUDGED, penalties=(ProposedPenalty("wu", "warning"),))
    w.counter.accepted(complaint_form(quantity=9))
    w.counter.judged(punished)
    w.counter.do("submit", GRANTED, by="service_agent")
    w.counter.do("approve", by=DEPUTY)
    w.counter.do("answer", Channel.LETTER, SORRY, by="sales")
    w.counter.do("decline", "no", by="sales")
    w.counter.do("renew", complaint_form(quantity=9), by="service_agent")
    w.counter.do("investigate", by="service_agent")
    w.counter.do("conclude", by="service_agent")
    w.counter.do("report", "how it came about", by="service_agent")
    w.counter.do("rule", "carry on", by=DEPUTY)
    return attempt("judge", punished, by="service_agent")


def penalty_before_review(w: World) -> Try:
    w.counter.accepted(complaint_form(quantity=9))
    w.counter.judged(attrs.evolve(JUDGED, penalties=(ProposedPenalty("wu", "warning"),)))
    w.counter.do("approve_penalty", 1, by=DEPUTY)
    return attempt("publish_penalty", 1, by="hr")


def judgement_missing(w: World) -> Try:
    w.answered()
    w.change(lambda c: c["forms"][0].update(judgement=None))
    return attempt("close", "done", by="service_agent")


def settled(w: World) -> None:
    w.decided(remedy(cny(0)))
    w.counter.do("answer", Channel.LETTER, SORRY, by="sales")
    w.counter.do("close", "done", by="service_agent")
    assert w.counter.do("review", "sales", by="gm_office").state == "settled"


#: What is tried, the error that it gives, its rule, and what the error says of what is wrong.
TABLE: Final[dict[str, tuple[Callable[[World], Try], type[DomainError], str, str]]] = {
    "own request approved": (own_request, OwnRequest, "KRN-08", "actor=chief"),
    "own request approved by a delegate": (own_request_through_a_delegate, OwnRequest, "KRN-08", "actor=helper"),
    "approval above the limit": (above_limit, BeyondAuthority, "KRN-08", "1000.01 CNY"),
    "an expired delegation": (expired, BeyondAuthority, "KRN-08", "actor=helper"),
    "a cyclic delegation": (cyclic, DelegationInvalid, "KRN-08", "authority=deputy_general_manager"),
    "split into parts below the limit": (split, BeyondAuthority, "KRN-08", "1800.00 CNY"),
    "amount edited after approval": (edited, ApprovalVoid, "KRN-08", "900.01 CNY"),
    "role revoked between reading and deciding": (revoked, BeyondAuthority, "KRN-08", "actor=deputy_general_manager"),
    "an unsigned form": (unsigned_form, Tampered, "KRN-09", "role=customer_service"),
    "a form from which signatures were taken": (signature_gone, Tampered, "KRN-09", "role=proposal.1"),
    "signature twice": (signed_twice, SignedTwice, "KRN-09", "actor=both"),
    "signed form changed": (form_changed, Tampered, "KRN-09", "KS202603-0001"),
    "claim changed beside the signed form": (claim_changed, Tampered, "KRN-09", "field=claimed"),
    "slip changed beside its paper": (slip_changed, Tampered, "KRN-09", "TH202603-0001"),
    "signed slip changed": (signed_slip_changed, Tampered, "KRN-09", "TH202603-0001"),
    "approved quantity changed": (approved_changed, Tampered, "KRN-09", "field=approved"),
    "a resolution made up": (resolution_made_up, Tampered, "KRN-09", "field=entries"),
    "the form's fourth copy changed": (fourth_copy_changed, Tampered, "KRN-09", "KS202603-0001"),
    "returned quantity changed": (returned_changed, Tampered, "KRN-09", "field=returned"),
    "certificate changed": (certificate_changed, RuleBroken, CERTIFICATE.id, "200.00 CNY"),
    "certificate without the customer": (certificate_unsigned, Unsigned, "KRN-09", "role=customer"),
    "answer without an approval": (answer_without_approval, AnswerBeyondDecision, NO_PROMISE.id, "decision"),
    "notice from a form": (the_form_itself, InternalDisclosed, NOTICE.id, "field=form"),
    "notice with words of the form": (words_of_the_form, InternalDisclosed, NOTICE.id, "field=report"),
    "return without slip": (no_slip, ReturnWithoutSlip, WAREHOUSE.id, "number=TH202603-0001"),
    "slip of another case": (slip_of_another, ReturnWithoutSlip, WAREHOUSE.id, "number=TH202603-0001"),
    "quantity over the slip": (too_many, QuantityOverSlip, WAREHOUSE.id, "limit=3"),
    "goods of another batch": (another_product, NotOnSlip, WAREHOUSE.id, "2026-02"),
    "second penalty": (second_penalty, SecondPenalty, MONTHLY_REVIEW.id, "wu"),
    "penalty before the review": (penalty_before_review, RuleBroken, MONTHLY_REVIEW.id, "reviewed"),
    "closing with a judgement missing": (judgement_missing, JudgementMissing, JUDGEMENT.id, "judgement"),
}


@pytest.mark.rule(WITHIN_LIMIT, NO_PROMISE, NOTICE, JUDGEMENT, MONTHLY_REVIEW, CERTIFICATE, WAREHOUSE, FINANCE, STATES)
@pytest.mark.rule(APPROVALS, FORMS, MOVES, AUDITED)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", TABLE)
def test_bad_input_is_named_changes_nothing_and_is_on_record(desks: Desks, backend: str, name: str) -> None:
    prepare, error, rule, words = TABLE[name]
    world = World.of(desks(backend))
    what = prepare(world)
    found = world.counter.expect_refused(
        error, what.use, *what.args, by=what.by
    )  # unchanged, and the refusal on record
    assert type(found) is error
    assert found.rule.id == rule
    said = found.render("en")
    assert rule in said
    assert words in said, said
    assert found.render("zh") != said


@pytest.mark.rule(STATES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_what_was_put_back_as_it_was_goes_on(desks: Desks, backend: str) -> None:
    """The tests above refuse for what was changed and for nothing else."""
    world = World.of(desks(backend))
    number = come(world, 3)
    fields: Callable[[dict[str, Any]], object] = lambda c: c["slips"][0]["document"]["fields"].update(basis="KS0")  # noqa: E731
    put_back = tamper(world.counter.desk, world.counter.id, fields)
    world.counter.expect_refused(Tampered, "reconcile", number, "V1", by="finance")
    put_back()
    assert world.counter.do("reconcile", number, "V1", by="finance").state == "decided"


#: Rulebooks that are refused whole, each with the key that its error names.
RULEBOOKS: Final[dict[str, tuple[str, str]]] = {
    "bands that overlap": (
        'ladder = [{ authority = "a", up_to = "1000 CNY" }, { authority = "b", over = "900 CNY" }]',
        "complaints.ladder",
    ),
    "bands with a gap": (
        'ladder = [{ authority = "a", up_to = "1000 CNY" }, { authority = "b", over = "1100 CNY" }]',
        "complaints.ladder",
    ),
    "an authority twice": (
        'ladder = [{ authority = "a", up_to = "1000 CNY" }, { authority = "a", over = "1000 CNY" }]',
        "complaints.ladder",
    ),
    "an unknown placeholder of a number": ('number = "KS{year}-{seq:04}"', "complaints.number"),
    "an unknown placeholder of a message": (
        '[messages.templates."complaint.accepted".sms]\nzh_hans = "{name}，{colour}"',
        "messages",
    ),
    "a negative deadline": ('close_within = "-1 days"', "complaints.close_within"),
    "a form of three copies": ('[complaints.copies]\nform = ["a", "b", "c"]', "complaints.copies"),
}


@pytest.mark.rule(HOUSE_RULES, APPROVALS, WITHIN_LIMIT)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", RULEBOOKS)
def test_a_bad_rulebook_opens_nothing(
    name: str, backend: str, clean_url: Callable[[str], str], tmp_path: Path, desks: Desks
) -> None:
    text, where = RULEBOOKS[name]
    section = "" if text.startswith("[") else "[complaints]\n"
    path = tmp_path / "house.toml"
    path.write_text(f'name = "house"\nextends = "after_sales"\n{section}{text}\n', encoding="utf-8")
    url = clean_url(backend)
    with pytest.raises(RulebookInvalid) as caught:
        csdomain.open(url, path, holidays=no_holidays())
    said = caught.value.render("en")
    assert where in said, said
    assert caught.value.rule is HOUSE_RULES
    if backend != "memory":
        kept = desks.at(url).store.look(lambda unit: unit.session.get_rulebook("house"))
        assert kept is None


@pytest.mark.rule(APPROVALS)
def test_a_circle_is_refused_where_it_is_made() -> None:
    now = World.of(csdomain.open("memory:", holidays=no_holidays())).counter.clock.now()
    one = Delegation(ActorId("a"), ActorId("b"), DEPUTY, now, now + HOUR)
    other = Delegation(ActorId("b"), ActorId("a"), DEPUTY, now, now + HOUR)
    records = FakeAuthorities()
    records.delegate(one)
    with pytest.raises(DelegationInvalid):
        records.delegate(other)
    assert records._delegations == Delegations((one,)).rows
