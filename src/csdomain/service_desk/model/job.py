"""The job: a line of the register and its voucher, which change together."""

from datetime import date, datetime
from typing import Any, Final

import attrs

from csdomain.casework.sanctions import Sanction, SanctionMove, SanctionState, require_other
from csdomain.frame.acts import Events
from csdomain.frame.cases import Record
from csdomain.frame.commands import Commands, Parts
from csdomain.frame.fields import LONG, SHORT, words
from csdomain.kernel.cases.events import utc
from csdomain.kernel.papers.approvals import SignatureMissing
from csdomain.kernel.papers.documents import Document, Tampered, Value, draw_up
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.money import Money, in_currency, total
from csdomain.kernel.values.personal import PersonalKind, personal
from csdomain.service_desk import events as e
from csdomain.service_desk import rules as r
from csdomain.service_desk.lifecycle import JOB_MOVES, TRIP_MOVES, Move, Path, State
from csdomain.service_desk.policies import charging, check_fee, require_warranty
from csdomain.service_desk.values import (
    FIELDS,
    JOB_ID,
    Call,
    Charging,
    Contact,
    Entry,
    JobId,
    Kind,
    MalformedJob,
    Product,
    Trip,
    Work,
)

from .act import JobAct
from .parts import Application, Cost, NotCleared, OutOfTurn, Visit

PAPER: Final = "service_voucher"
CUSTOMER: Final = "customer"
MANAGER: Final = "manager"
WARRANTY: Final = "warranty"
_M, _SM = Move, SanctionMove


def _path(job: "Job") -> str:
    return job.path.value


def _not_ones_own(job: "Job", act: JobAct) -> None:
    require_other(job.id, act.by, JOB_MOVES.actions[_M.COUNTERSIGN], [job.technician])


def _decided_by_another(job: "Job", act: JobAct, one: Application) -> None:
    one.sanction.require_other(job.id, act.by, TRIP_MOVES.actions[_SM.APPROVE], [one.trip.technician])


def _has_bill(job: "Job", act: JobAct) -> None:
    require(bool(job.bill), r.CHARGE, accepted=Text("a job with a fee", "有费用的服务单"))


def _has_work(job: "Job", act: JobAct) -> None:
    first = Text("hours and work entered first", "先录入工时与工作内容")
    require(job.work is not None, r.SIGN_OFF, accepted=first)


does: Final = Commands(JOB_MOVES, path=_path)
TRIPS: Final = Parts.counted("trips", TRIP_MOVES)


@attrs.define(kw_only=True)
class Job(Record):
    """A service order. ``owner`` took it in; ``technician`` is who goes, empty while nobody does.

    ``minutes`` are those of every visit. [SVC-02, SVC-06]
    """

    id: JobId = attrs.field(on_setattr=attrs.setters.frozen)
    state: State = State.RECEIVED
    path: Path = Path.VOUCHER
    number: str
    voucher: str = ""
    currency: str
    kind: Kind
    customer: str = ""
    cover: str = ""
    contact: Contact
    product: Product | None = None
    problem: str = words()
    out_of_town: bool = False
    received_at: datetime
    waiting_since: datetime | None = None
    technician: str = ""
    visits: tuple[Visit, ...] = ()
    work: Work | None = None
    fee: Money | None = None
    bill: str = ""
    paper: Document | None = None
    signer: str = personal(PersonalKind.NAME, default="")
    answer: str = words(default="")
    reason: str = words(default="")
    trips: tuple[Application, ...] = ()
    costs: tuple[Cost, ...] = ()
    purchases: int = 0

    # --- what it is
    @property
    def minutes(self) -> int:
        """How long all visits took."""
        return sum(visit.minutes for visit in self.visits) + (0 if self.work is None else self.work.minutes)

    @property
    def cost(self) -> Money:
        """What was booked to it."""
        return total([cost.amount for cost in self.costs], self.currency)

    @property
    def signed(self) -> bool:
        """Whether the customer has signed the voucher."""
        return self.paper is not None and any(one.role == CUSTOMER for one in self.paper.signatures)

    @property
    def entry(self) -> Entry:
        """What its voucher should say, and whether it lies on the desk. [SVC-07]"""
        here = self.state not in (State.DISPATCHED, State.ON_SITE)
        figures: dict[str, Any] = {"minutes": self.minutes, "fee": self.fee} if self.signed else {}
        return Entry(voucher=self.voucher, here=here, signed=self.signed, **figures)

    @property
    def form(self) -> Document:
        """Its voucher."""
        assert self.paper is not None  # noqa: S101 - drawn when it was received
        return self.paper

    @property
    def _basis(self) -> dict[str, object]:
        """What the customer signs beside the figures on the voucher. [KRN-09]"""
        return {"work": self.work, "technician": self.technician, "cover": self.cover}

    # --- taken in
    @staticmethod
    @does.opens(_M.RECEIVE)
    def receive(act: JobAct, call: Call) -> tuple["Job", Events]:
        id = act.new(JOB_ID)
        _check_cover(act, call.kind, call.customer, call.cover, call.product, act.today())
        number, voucher = act.number(act.rules.number, id), act.number(act.rules.voucher, id)
        job = new_job(act, id, call, number, voucher, act.at)
        return job, act.opened(job, e.JobReceived(kind=call.kind.value, voucher=voucher))

    @does(_M.CLASSIFY)
    def classify(self, act: JobAct, kind: Kind, cover: str, reason: str) -> Events:
        FIELDS.check_text(reason, "reason")
        own = (kind is Kind.INTERNAL) is (not self.customer)
        require(own, r.KINDS, accepted=Text("a kind for whom it is", "与服务对象相符的种类"), given=kind)
        FIELDS.check_id(cover or "-", "cover")
        _check_cover(act, kind, self.customer, cover, self.product, act.today())
        before, self.kind, self.cover = self.kind, kind, cover
        self.work = self.fee = None  # what was entered was entered for another kind
        return act.done(e.JobClassified(before=before.value, kind=kind.value, reason=reason))

    @does(_M.CANCEL)
    def cancel(self, act: JobAct, reason: str) -> Events:
        self.reason, self.waiting_since = FIELDS.check_text(reason, "reason"), None
        return act.done(e.JobCancelled(reason=reason))

    # --- dispatched
    @does(_M.DISPATCH)
    def dispatch(self, act: JobAct, technician: str, expected: datetime, reason: str) -> Events:
        FIELDS.check_text(reason, "reason", empty=True)
        who, when = act.colleague(technician, self.branch), utc(expected)
        require(when >= act.at, r.DISPATCH, accepted=Text("a time from now on", "不早于现在"), given=when)
        waits = self.waiting_since or act.at
        older = act.jobs.waiting(self.branch, min(waits, _morning(act, act.today())))
        if older is not None and not reason.strip():
            raise OutOfTurn(waiting=older, accepted=Text(f"{older} first, or a reason", f"先派 {older}，或说明事由"))
        if self.out_of_town:
            self._require_cleared(act, who, when)
        self.visits = (*self.visits, Visit(technician=who, expected=when))
        self.technician, self.waiting_since = who, None
        return act.done(e.JobDispatched(visit=len(self.visits), technician=who, expected=when, reason=reason))

    def _require_cleared(self, act: JobAct, who: str, when: datetime) -> None:
        day = when.astimezone(act.zone).date()
        for one in self.trips:
            if one.covers(who, day):
                one.sanction.require_approved(one.trip)
                return
        accepted = Text("an approved application for this technician and day", "该人员当日已核准的异地服务申请单")
        raise NotCleared(technician=who, expected=day, accepted=accepted)

    @does(_M.CALL_OFF)
    def call_off(self, act: JobAct, reason: str) -> Events:
        FIELDS.check_text(reason, "reason")
        return act.done(e.VisitCalledOff(**self._returned(self.received_at, unsettled=reason), reason=reason))

    @does(_M.ARRIVE)
    def arrive(self, act: JobAct) -> Events:
        late = act.at > self.visits[-1].expected
        self._visit(arrived_at=act.at)
        return act.done(e.TechnicianArrived(**self._there, late=late))

    @does(_M.UNSETTLE)
    def unsettle(self, act: JobAct, reason: str, next_step: str, again_on: date | None) -> Events:
        FIELDS.check_text(reason, "reason")
        FIELDS.check_text(next_step, "next_step")
        future = Text("a day from today on", "不早于今日")
        require(again_on is None or again_on >= act.today(), r.ON_THE_SPOT, accepted=future, given=again_on)
        since = self.received_at if again_on is None else max(self.received_at, _morning(act, again_on))
        minutes = int((act.at - (self.visits[-1].arrived_at or act.at)).total_seconds()) // 60
        told = self._returned(since, unsettled=reason, next_step=next_step, again_on=again_on, minutes=minutes)
        return act.done(e.JobUnsettled(**told, reason=reason))

    def _returned(self, since: datetime, **changes: Any) -> dict[str, Any]:
        there = self._there
        self._visit(**changes)
        self.technician, self.waiting_since, self.work, self.fee = "", since, None, None
        return there

    @property
    def _there(self) -> dict[str, Any]:
        return {"visit": len(self.visits), "technician": self.technician}

    def _visit(self, **changes: Any) -> None:
        self.visits = (*self.visits[:-1], attrs.evolve(self.visits[-1], **changes))

    # --- worked on, signed and paid
    @does(_M.ENTER)
    def enter(self, act: JobAct, work: Work, fee: Money | None) -> Events:
        arrived = self.visits[-1].arrived_at or act.at
        inside = Text(f"from {arrived.isoformat()} up to now", f"{arrived.isoformat()} 至现在")
        order = arrived <= utc(work.began) <= utc(work.ended) <= act.at
        require(order, r.SIGN_OFF, accepted=inside, given=work.began)
        check_fee(self.kind, fee, self.currency)
        self.work, self.fee = work, fee
        return act.done(e.WorkEntered(**self._there, minutes=work.minutes, fee=0 if fee is None else fee.minor))

    @does(_M.SETTLE, when=_has_work)
    def settle(self, act: JobAct, signed_by: str, cash: Money | None) -> Events:
        FIELDS.check_text(signed_by, "signed_by", SHORT)
        check_fee(self.kind, self.fee, self.currency)
        how = charging(self.fee, act.till.small_fee)
        if cash is not None and how is Charging.NONE:
            raise MalformedJob(r.CHARGE, field="cash", given=cash, accepted=Text("nothing: no fee is due", "不收费"))
        self.seal(signed_by, act.at)
        if self.fee is not None:
            self.bill = act.till.charge(act.by, act.at, self.id, self.customer, self.fee)
        if cash is not None:
            act.till.take(act.by, act.at, self.id, self.customer, cash)
        fee, paid = (0 if one is None else one.minor for one in (self.fee, cash))
        told = e.JobSettled(
            **self._there,
            kind=self.kind.value,
            minutes=self.minutes,
            fee=fee,
            charging=how.value,
            collected=paid,
        )
        return act.done(told)

    def seal(self, signed_by: str, at: datetime) -> None:
        """The customer has signed the voucher, with what the register says. [SVC-06]"""
        entries: dict[str, Value] = {"kind": self.kind.value, "visits": len(self.visits), "minutes": self.minutes}
        entries["fee"] = None if self.fee is None else str(self.fee)
        who = ActorId(self.customer or self.owner)
        self.paper = self.form.continued(**entries).sign(CUSTOMER, by=who, at=at, basis=self._basis)
        self.signer = signed_by

    @does(_M.LEAVE_UNSIGNED, when=_has_work)
    def leave_unsigned(self, act: JobAct, reason: str) -> Events:
        FIELDS.check_text(reason, "reason")
        self.reason = reason
        return act.done(e.LeftUnsigned(**self._there, reason=reason))

    @does(_M.CLOSE_UNSIGNED, when=_not_ones_own)
    def close_unsigned(self, act: JobAct, reason: str) -> Events:
        self.reason = FIELDS.check_text(reason, "reason")
        return act.done(e.ClosedUnsigned(reason=reason))

    @does(_M.COUNTERSIGN, when=_not_ones_own, carried=True)
    def countersign(self, act: JobAct) -> Events:
        self._require_agreement(CUSTOMER)
        self.paper = act.sign(self.form, MANAGER)
        return act.done(e.JobCountersigned())

    @does(_M.ARCHIVE)
    def archive(self, act: JobAct) -> Events:
        self._require_agreement(CUSTOMER, MANAGER)
        self.paper = self.form.distribute(by=act.by.id, at=act.at)
        return act.done(e.JobArchived())

    def _require_agreement(self, *roles: str) -> None:
        """Refuse where the register does not say what was signed. Raises SignatureMissing, Tampered. [SVC-06]"""
        form, signed = self.form, {one.role for one in self.form.signatures}
        if missing := [role for role in roles if role not in signed]:
            raise SignatureMissing(r.SIGN_OFF, missing=missing, accepted=Text(missing[0], missing[0]))
        form.verify()
        fee = None if self.fee is None else str(self.fee)
        said = {"kind": self.kind.value, "visits": len(self.visits), "minutes": self.minutes, "fee": fee}
        if form.statements(*said) != said:
            raise Tampered(r.SIGN_OFF, number=form.number, accepted=Text("the register as signed", "与签字一致的登记"))
        if self.erased_at is None:
            form.require_basis(CUSTOMER, self._basis)

    @does(_M.COLLECT, when=_has_bill)
    def collect(self, act: JobAct, amount: Money) -> Events:
        payment = act.till.take(act.by, act.at, self.id, self.customer, amount)
        return act.done(e.FeeCollected(payment=payment, amount=amount.minor))

    # --- beside the work
    @does(_M.BOOK_COST)
    def book_cost(self, act: JobAct, what: str, amount: Money, note: str) -> Events:
        away = self.out_of_town and any(one.state is SanctionState.APPROVED for one in self.trips)
        require(away, r.OUT_OF_TOWN, accepted=Text("a job with an approved trip", "有已核准异地申请的服务单"))
        FIELDS.check_known(what, act.rules.costs, "what", named=True)
        FIELDS.check_text(note, "note", empty=True)
        booked = total([cost.amount for cost in self.costs if cost.what == what], self.currency)
        if not amount or (booked + amount).minor < 0:
            least = Text(f"an amount, at least -{booked}", f"金额，不低于 -{booked}")
            raise MalformedJob(r.OUT_OF_TOWN, field="amount", given=amount, booked=booked, accepted=least)
        self.costs = (*self.costs, Cost(what=what, amount=amount, note=note))
        return act.done(e.CostBooked(cost=what, amount=amount.minor))

    @does(_M.REQUEST_PURCHASE)
    def request_purchase(self, act: JobAct, what: str, amount: Money) -> Events:
        FIELDS.check_text(what, "what", LONG)
        in_currency(amount, self.currency, "amount")
        if amount.minor <= 0:
            raise MalformedJob(r.HAND_OFF, field="amount", given=amount, accepted=Text("an amount > 0", "> 0 的金额"))
        self.purchases += 1
        return act.done(e.PurchaseRequested(nth=self.purchases, amount=amount.minor, reason=what))

    # --- out of town
    @TRIPS.opens(_SM.ASK)
    def ask_trip(self, act: JobAct, trip: Trip) -> Events:
        require(self.out_of_town, r.OUT_OF_TOWN, accepted=Text("a job out of town", "异地服务单"))
        self._check_trip(act, trip)
        self.trips = (*self.trips, Application(trip=trip, sanction=Sanction(askers=(act.by.id,))))
        return act.began(e.TripAsked(**_told(act, self.trips[-1], len(self.trips)), turn=1))

    def _check_trip(self, act: JobAct, trip: Trip) -> None:
        act.colleague(trip.technician, self.branch)
        in_currency(trip.estimate, self.currency, "estimate")

    @TRIPS(_SM.CHANGE)
    def change_trip(self, act: JobAct, one: Application, trip: Trip) -> Events:
        self._check_trip(act, trip)
        changed = Application(trip=trip, sanction=one.sanction.changed(act.by), turn=one.turn + 1)
        return act.put(changed, e.TripAsked(**_told(act, changed, act.part), turn=changed.turn))

    @TRIPS(_SM.APPROVE, when=_decided_by_another)
    def approve_trip(self, act: JobAct, one: Application) -> Events:
        approved = attrs.evolve(one, sanction=one.sanction.approved(one.trip, act.by, act.at))
        return act.put(approved, e.TripApproved(**_told(act, one, act.part), turn=one.turn))

    @TRIPS(_SM.REFUSE, when=_decided_by_another)
    def refuse_trip(self, act: JobAct, one: Application, reason: str) -> Events:
        FIELDS.check_text(reason, "reason")
        refused = attrs.evolve(one, sanction=one.sanction.refused(act.by, act.at))
        return act.put(refused, e.TripRefused(**_told(act, one, act.part), turn=one.turn, reason=reason))

    @TRIPS(_SM.WITHDRAW)
    def withdraw_trip(self, act: JobAct, one: Application, reason: str) -> Events:
        FIELDS.check_text(reason, "reason")
        return act.put(one, e.TripWithdrawn(**_told(act, one, act.part), reason=reason))

    # --- free advice
    @staticmethod
    @does.opens(_M.ADVISE)
    def advise(act: JobAct, contact: Contact, question: str, customer: str) -> tuple["Job", Events]:
        FIELDS.check_text(question, "question")
        FIELDS.check_id(customer or "-", "customer")
        id = act.new(JOB_ID)
        about: dict[str, Any] = {
            "kind": Kind.FREE,
            "path": Path.ADVICE,
            "contact": contact,
            "problem": question,
            "customer": customer,
        }
        job = Job(**_taken(act, id, act.number(act.rules.number, id)), **about, received_at=act.at)
        return job, act.opened(job, e.AdviceAsked())

    @does(_M.ANSWER)
    def give_answer(self, act: JobAct, answer: str) -> Events:
        self.answer = FIELDS.check_text(answer, "answer")
        return act.done(e.AdviceAnswered())


def _check_cover(act: JobAct, kind: Kind, customer: str, cover: str, product: Product | None, on: date) -> None:
    """Refuse a kind that does not hold: a contract not in force, no reason to be free. [SVC-01]"""
    if kind is Kind.CONTRACT:
        act.cover.require_in_force(customer, FIELDS.check_id(cover, "cover"))
    elif kind is Kind.FREE:
        FIELDS.check_known(cover, act.rules.free_reasons, "cover", named=True)
        if cover == WARRANTY:
            require_warranty(None if product is None else product.bought_on, on, act.rules.warranty_months)
    elif cover:
        raise MalformedJob(r.KINDS, field="cover", accepted=Text("nothing for this kind", "此类服务无需填写"))


def _taken(act: JobAct, id: JobId, number: str) -> dict[str, Any]:
    about = {"branch": act.by.branch, "owner": act.by.id, "rulebook": act.rulebook, "moved_at": act.at}
    return {"id": id, "number": number, "currency": act.currency, **about}


def new_job(act: JobAct, id: JobId, call: Call, number: str, voucher: str, received_at: datetime) -> Job:
    """A job that waits to be dispatched, its voucher drawn up. [SVC-02]"""
    fields: dict[str, Value] = {"job": number, "received_as": call.kind.value, "model": call.product.model}
    fields |= {"customer": call.customer, "received_at": received_at.isoformat()}
    paper = draw_up(PAPER, voucher, fields, by=act.by.id, at=act.at, copies=act.rules.copies)
    called = {name: getattr(call, name) for name in ("kind", "customer", "cover", "contact", "product", "problem")}
    return Job(
        **_taken(act, id, number),
        **called,
        voucher=voucher,
        out_of_town=call.out_of_town,
        received_at=received_at,
        waiting_since=received_at,
        paper=paper,
    )


def _morning(act: JobAct, day: date) -> datetime:
    return utc(datetime(day.year, day.month, day.day, tzinfo=act.zone))


def _told(act: JobAct, one: Application, trip: int) -> dict[str, Any]:
    return {"trip": trip, "asker": one.sanction.askers[-1], "technician": one.trip.technician}
