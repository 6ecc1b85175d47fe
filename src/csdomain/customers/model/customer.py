"""The customer's record and its commands."""

from datetime import datetime
from typing import Any, Final

import attrs

from csdomain.customers import events as e
from csdomain.customers import rules as r
from csdomain.customers.lifecycle import CUSTOMER_MOVES, Move, State
from csdomain.customers.values import CUSTOMER_ID, FIELDS, CustomerId, Merged, Past, Profile, Tenure, one_of
from csdomain.frame.acts import Events
from csdomain.frame.cases import Record, usual
from csdomain.frame.commands import Commands
from csdomain.frame.fields import words
from csdomain.kernel.cases.events import utc
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.store.kinds import Field, Kind
from csdomain.kernel.values.actors import Action, ActorId

from .act import CustomerAct

does: Final = Commands(CUSTOMER_MOVES)
IMPORT: Final = Action("customers.import")


def imported(ref: str) -> CustomerId:
    """The id of a customer who was ``ref`` in another system: always the same, so that twice is once."""
    return CUSTOMER_ID.keyed(f"import/{FIELDS.check_id(ref.strip(), 'ref')}")


def _is_represented(customer: "Customer", _: CustomerAct) -> None:
    require(bool(customer.owner), r.TENURE, accepted=Text("a customer with a representative", "已有客户代表的客户"))


def _is_offered(customer: "Customer", _: CustomerAct) -> None:
    accepted = Text("a customer that was released to the pool", "已释放到公共池的客户")
    require(customer.offered_at is not None, r.TENURE, accepted=accepted)


@attrs.define(kw_only=True)
class Customer(Record):
    """A customer's record. ``owner`` is the representative, empty before the first; ``number`` is the file number.

    ``past`` is what the record said before it was changed, ``tenures`` who represented the customer when, in order and
    without a gap. ``offered_at``: since then in the pool, for another representative to take, for the ``offers``-th
    time. ``merged_into`` is the id of the record of the same person that this one points to. ``was`` is the state in
    which it was merged. [CUS-01, CUS-02, CUS-08, CUS-13]
    """

    id: CustomerId = attrs.field(on_setattr=attrs.setters.frozen)
    state: State = State.ACTIVE
    number: str = ""
    profile: Profile
    registered_at: datetime
    tenures: tuple[Tenure, ...] = ()
    offered_at: datetime | None = None
    offers: int = 0
    past: tuple[Past, ...] = ()
    intention: str = ""
    intention_month: str = ""
    grade: str = ""
    graded_month: str = ""
    lost_month: str = ""
    lost_reason: str = ""
    lost_why: str = words(default="")
    merged_into: str = ""
    was: State | None = None

    def represented_by(self, at: datetime) -> ActorId | None:
        """Who represented the customer at an instant; None before the first. [CUS-08]"""
        return next((each.representative for each in self.tenures if each.holds(at)), None)

    # --- commands
    @staticmethod
    @does.opens(Move.REGISTER)
    def register(act: CustomerAct, profile: Profile) -> tuple["Customer", Events]:
        customer = Customer._made(act, act.new(CUSTOMER_ID), profile)
        return customer, act.opened(customer, e.CustomerRegistered())

    @staticmethod
    def _made(act: CustomerAct, id: CustomerId, profile: Profile) -> "Customer":
        act.rules.check(profile)
        return Customer(
            id=id,
            branch=act.by.branch,
            owner="",
            rulebook=act.rulebook,
            moved_at=act.at,
            profile=profile,
            registered_at=act.at,
        )

    @staticmethod
    @does.takes_over(IMPORT)
    def take_over(
        act: CustomerAct, ref: str, profile: Profile, registered_at: datetime | None, representative: str
    ) -> tuple["Customer", Events]:
        customer = Customer._made(act, imported(ref), profile)
        if registered_at is not None:
            at = customer.registered_at = utc(registered_at)
            require(at <= act.at, r.REGISTRATION, accepted=Text("an instant that has passed", "过去的时间"), given=at)
        if representative:
            who = act.colleague(representative, customer.branch, "representative")
            customer.tenures, customer.owner = (Tenure(who, act.at, why="first"),), who
        return customer, act.took_over(customer, e.CustomerImported())

    @does(Move.EDIT)
    def edit(self, act: CustomerAct, profile: Profile) -> Events:
        return act.done(self._edited(act, profile))

    def _edited(self, act: CustomerAct, profile: Profile) -> e.CustomerEdited:
        act.rules.check(profile)
        before = self.profile.changed(profile)
        require(bool(before), r.CORRECTION, accepted=Text("a record that differs", "与原内容不同的档案"))
        self.past = (*self.past, Past(act.at, act.by.id, before))
        self.profile = profile
        return e.CustomerEdited(fields=tuple(before))

    @does(Move.ISSUE_FILE_NUMBER)
    def issue_file_number(self, act: CustomerAct) -> Events:
        require(not self.number, r.FILE_NUMBER, accepted=Text("a file without a number", "尚无编号的档案"))
        pattern = act.rules.file_number
        require(pattern is not None, r.FILE_NUMBER, accepted=Text("a house that numbers files", "设有档案编号的机构"))
        assert pattern is not None  # noqa: S101 - required above
        self.number = act.number(pattern)
        return act.done(e.FileNumberIssued())

    @does(Move.ASSIGN)
    def assign(self, act: CustomerAct, representative: str, reason: str) -> Events:
        return act.done(self._given_to(act, representative, "assigned" if self.tenures else "first", reason))

    @does(Move.OFFER, when=_is_represented)
    def offer(self, act: CustomerAct, reason: str) -> Events:
        there = Text("a customer that is not in the pool", "不在公共池中的客户")
        require(self.offered_at is None, r.TENURE, accepted=there)
        FIELDS.check_text(reason, "reason")
        self.offered_at, self.offers = act.at, self.offers + 1
        return act.done(e.CustomerOffered(reason=reason))

    @does(Move.CLAIM, when=_is_offered)
    def claim(self, act: CustomerAct) -> Events:
        return act.done(self._given_to(act, act.by.id, "claimed", ""))

    def assigned(self, act: CustomerAct, to: str, why: str = "assigned") -> Events:
        """What follows when a handover is carried out, or a line of a list. [CUS-08, CUS-09]"""
        beside = attrs.evolve(act, at=max(act.at, self.moved_at))
        return beside.beside(does, self, Move.ASSIGN, self._given_to(beside, to, why if self.tenures else "first", ""))

    def left_apart(self, act: CustomerAct) -> Events:
        """What follows when a line of a list of lapsed customers is worked. [CUS-18]"""
        return act.beside(does, self, Move.SET_APART, e.CustomerSetApart())

    def corrected(self, act: CustomerAct, profile: Profile) -> Events:
        """What follows when a correction is mended. [CUS-11]"""
        return act.beside(does, self, Move.EDIT, self._edited(act, profile))

    def _given_to(self, act: CustomerAct, to: str, why: str, reason: str) -> e.CustomerAssigned:
        FIELDS.check_text(reason, "reason", empty=True)
        before, who = self.owner, act.colleague(to, self.branch, "representative")
        require(who != before, r.TENURE, accepted=Text("another representative", "另一位客户代表"))
        if self.tenures:
            self.tenures = (*self.tenures[:-1], attrs.evolve(self.tenures[-1], until=act.at))
        self.tenures = (*self.tenures, Tenure(who, act.at, why=why))
        self.owner, self.offered_at = who, None
        return e.CustomerAssigned(before=before, why=why, reason=reason)

    @does(Move.SET_APART)
    def set_apart(self, act: CustomerAct) -> Events:
        return act.done(e.CustomerSetApart())

    @does(Move.LOSE)
    def lose(self, act: CustomerAct, code: str, why: str) -> Events:
        one_of(code, act.rules.lost_reasons, "code")
        FIELDS.check_text(why, "why", empty=True)
        self.lost_month, self.lost_reason, self.lost_why = act.month(), code, why
        return act.done(e.CustomerLost(reason=why))

    @does(Move.REJOIN)
    def rejoin(self, act: CustomerAct) -> Events:
        self.lost_month = self.lost_reason = self.lost_why = ""
        return act.done(e.CustomerRejoined())

    @does(Move.GRADE)
    def assess(self, act: CustomerAct, grade: str) -> Events:
        self.grade = one_of(grade, act.rules.grades, "grade")
        self.graded_month = act.month()
        return act.done(e.CustomerGraded())

    @does(Move.NOTE_INTENTION)
    def note_intention(self, act: CustomerAct, intention: str) -> Events:
        self.intention, self.intention_month = one_of(intention, act.rules.intentions, "intention"), act.month()
        return act.done(e.IntentionNoted())

    @does(Move.MERGE, also="into")
    def merge(self, act: CustomerAct, into: str) -> Events:
        survivor, into = act.other, CUSTOMER_ID.check(into)
        for record in (self, survivor):
            erased = record.erased_at is not None or record.restricted
            require(not erased, r.MERGING, accepted=Text("records that are not erased", "未被抹除的档案"), id=record.id)
        require(into != self.id, r.MERGING, accepted=Text("another record", "另一份档案"), into=into)
        survivor.require_living()
        self.merged_into, self.was = into, self.state
        return act.done(e.CustomersMerged())

    @does(Move.SPLIT)
    def split(self, act: CustomerAct) -> Events:
        into, was, self.merged_into, self.was = self.merged_into, self.was, "", None
        told = act.done(e.CustomerSplit(out_of=into))
        if was is State.APART:
            return (*told, *act.follows(does, Move.SET_APART, e.CustomerSetApart()))
        if was is State.LOST:
            return (*told, *act.follows(does, Move.LOSE, e.CustomerLost()))
        return told

    def require_living(self) -> None:
        """Refuse a record that is not to be used any more. Raises Merged that names the other, RuleBroken. [CUS-13]"""
        if self.state is State.MERGED:
            raise Merged(into=self.merged_into, accepted=Text(self.merged_into, self.merged_into))
        gone = self.erased_at is not None or self.restricted
        require(not gone, r.MERGING, accepted=Text("a record that is not erased", "未被抹除的档案"), id=self.id)


def _birthday(customer: Customer) -> str | None:
    birthday = customer.profile.birthday
    return None if birthday is None else birthday.key


BY_DOCTOR: Final[Field[Customer, str]] = Field("doctor", str, lambda c: c.profile.doctor or None)
BY_MANAGER: Final[Field[Customer, str]] = Field("manager", str, lambda c: c.profile.manager or None)
MERGED_INTO: Final[Field[Customer, str]] = Field("merged_into", str, lambda c: c.merged_into or None)
#: A customer is the subject of what others keep by the customer's own id.
ITSELF: Final[Field[Customer, str]] = Field("id", str, lambda c: c.id)
BORN: Final[Field[Customer, str]] = Field("birthday_key", str, _birthday)
REGISTERED: Final[Field[Customer, datetime]] = Field("registered_at", datetime, lambda c: c.registered_at)
OFFERED: Final[Field[Customer, datetime]] = Field("offered_at", datetime, lambda c: c.offered_at)
_NUMBER, _STATE, _, _QUEUE = usual(CUSTOMER_MOVES)  # no rulebook: records go by the current one
_FIELDS: Final[tuple[Field[Customer, Any], ...]] = (
    _NUMBER,
    _STATE,
    MERGED_INTO,
    BY_DOCTOR,
    BY_MANAGER,
    BORN,
    REGISTERED,
    Field("source", str, lambda c: c.profile.source or None, index=False),
    Field("region", str, lambda c: c.profile.region or None),
    Field("intention", str, lambda c: c.intention or None, index=False),
    Field("intention_month", str, lambda c: c.intention_month or None),
    Field("grade", str, lambda c: c.grade or None, index=False),
    Field("graded_month", str, lambda c: c.graded_month or None, index=False),
    OFFERED,
    Field("lost_month", str, lambda c: c.lost_month or None),
    Field("lost_reason", str, lambda c: c.lost_reason or None, index=False),
    Field("card", str, lambda c: c.profile.card or None, unique=True),
    _QUEUE,
)
CUSTOMERS: Final = Kind(
    Customer,
    CUSTOMER_ID,
    "customer",
    _FIELDS,
    queue=_QUEUE,
    owners=(BY_DOCTOR, BY_MANAGER),
    indexes=(("branch", "registered_at"),),
)
