"""Approval limits: who decides an amount, who may stand in, and why (KRN-08).

A ladder is data of the house rules; what people hold *now* is given at the moment of decision, so that a role revoked
since the case was read counts as revoked.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum, unique
from itertools import pairwise

import attrs

from csdomain.kernel.cases.events import utc
from csdomain.kernel.rules import APPROVALS, Text
from csdomain.kernel.rules.errors import InvalidValue, RuleBroken, require
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.money import Money
from csdomain.kernel.values.personal import PersonalKind, personal


class LadderInvalid(InvalidValue):
    """Bands that leave a gap, overlap, mix currencies, or name an authority twice (KRN-08)."""

    default_rule = APPROVALS
    problem = Text("The approval bands do not form a ladder.", "核决权限的各档不构成阶梯。")


class DelegationInvalid(InvalidValue):
    """A delegation to oneself, over no time, or one that comes back to where it began (KRN-08)."""

    default_rule = APPROVALS
    problem = Text("The delegation is not valid.", "此授权无效。")


class BeyondAuthority(RuleBroken):
    """The amount is above every limit that the actor holds now (KRN-08)."""

    default_rule = APPROVALS
    problem = Text("This amount is above the authority of whoever decides it.", "金额超过核决者的权限。")


class OwnRequest(RuleBroken):
    """Whoever asked, proposed, reported or benefits would decide, in person or through a delegation (KRN-08)."""

    default_rule = APPROVALS
    problem = Text("No one decides their own request.", "任何人不得核决自己的申请。")

    @classmethod
    def check(cls, subject: str, by: ActorId, concerned: Iterable[ActorId | str | None]) -> None:
        """Raises OwnRequest where ``by`` is one of those whom it concerns."""
        if by in set(concerned):
            raise cls(subject=subject, actor=by, accepted=Text("somebody else", "另一个人"))


class SignatureMissing(RuleBroken):
    """A signature that comes before the decision is not there yet (KRN-08)."""

    default_rule = APPROVALS
    problem = Text("An earlier signature is missing.", "缺少前置签核。")


class ApprovalVoid(RuleBroken):
    """What was approved no longer covers the case: its amount, or who decides it, is another since (KRN-08)."""

    default_rule = APPROVALS
    problem = Text("The approval no longer covers the case.", "原核准已不足以涵盖该案件。")


@attrs.frozen
class Band:
    """Amounts over ``over`` (nothing: from zero on) up to and with ``up_to`` (nothing: without end), decided by one."""

    authority: str
    over: Money | None = None
    up_to: Money | None = None

    def covers(self, amount: Money) -> bool:
        """Whether the amount is not above the band's top."""
        return self.up_to is None or amount <= self.up_to


@attrs.frozen
class ApprovalLadder:
    """Bands of amounts, ascending, each with the authority that decides; a shared edge belongs to the lower band.

    Raises :class:`LadderInvalid`, which names the band and its neighbour. [KRN-08]

    >>> up_to = Money.of(1000, "CNY")
    >>> ladder = ApprovalLadder((Band("manager", None, up_to), Band("director", up_to)))
    >>> ladder.band(Money.of(1000, "CNY")).authority, ladder.band(Money.of("1000.01", "CNY")).authority
    ('manager', 'director')
    """

    bands: tuple[Band, ...]

    def __attrs_post_init__(self) -> None:
        if not self.bands:
            raise LadderInvalid(given=0, accepted=Text("at least one band", "至少一档"))
        names = [band.authority for band in self.bands]
        if len(set(names)) != len(names) or not all(names):
            raise LadderInvalid(given=names, accepted=Text("each authority once", "每个权限者一档"))
        first, last = self.bands[0], self.bands[-1]
        if first.over is not None and first.over.minor != 0:
            raise LadderInvalid(band=first.authority, field="over", given=first.over, accepted=Text("zero", "零"))
        if last.up_to is None and last.over is None and len(self.bands) > 1:
            raise LadderInvalid(band=last.authority, field="over", accepted=Text("where it begins", "起始金额"))
        for lower, upper in pairwise(self.bands):
            if lower.up_to is None:
                raise LadderInvalid(band=lower.authority, field="up_to", accepted=Text("a limit", "上限"))
            if upper.over is None or upper.over != lower.up_to:
                kind = "gap" if upper.over is None or upper.over > lower.up_to else "overlap"
                raise LadderInvalid(
                    band=upper.authority,
                    found=kind,
                    given=upper.over,
                    expected=lower.up_to,
                    accepted=Text("where the band below ends", "下一档的终点"),
                )
        for band in self.bands:
            if band.up_to is not None and band.up_to <= (band.over or Money.zero(band.up_to.currency)):
                raise LadderInvalid(band=band.authority, field="up_to", given=band.up_to, minimum=band.over or 0)

    def band(self, amount: Money) -> Band:
        """The band of an amount. Raises BeyondAuthority above the last limit, CurrencyMismatch. [KRN-08]"""
        for band in self.bands:
            if band.covers(amount):
                return band
        raise BeyondAuthority(amount=amount, limit=self.bands[-1].up_to)

    def limit(self, authority: str) -> Money | None:
        """The top of an authority's band, None where there is none. Raises KeyError for one not on the ladder."""
        return {band.authority: band.up_to for band in self.bands}[authority]

    def holds(self, authority: str) -> bool:
        """Whether the authority is on the ladder."""
        return any(band.authority == authority for band in self.bands)

    def suffices(self, authority: str, amount: Money) -> bool:
        """Whether an authority decides ``amount``: up to its own band's top, and everything below it."""
        if not self.holds(authority):
            return False
        limit = self.limit(authority)
        return limit is None or amount <= limit


@attrs.frozen
class Delegation:
    """``deputy`` acts for ``principal`` in one authority from ``since`` up to, and without, ``until``.

    ``limit`` may lower what the deputy decides; it never raises it. Raises :class:`DelegationInvalid`. [KRN-08]
    """

    principal: ActorId
    deputy: ActorId
    authority: str
    since: datetime = attrs.field(converter=utc)
    until: datetime = attrs.field(converter=utc)
    limit: Money | None = None

    def __attrs_post_init__(self) -> None:
        if self.principal == self.deputy:
            raise DelegationInvalid(actor=self.deputy, accepted=Text("somebody else", "另一个人"))
        if self.until <= self.since:
            raise DelegationInvalid(given=self.until, accepted=Text("an end after the start", "结束晚于开始"))

    def holds(self, at: datetime) -> bool:
        """Whether it is in force at an instant."""
        return self.since <= at < self.until


@attrs.frozen
class Delegations:
    """All delegations of a house. Raises :class:`DelegationInvalid` where some would form a circle at any time."""

    rows: tuple[Delegation, ...] = ()

    def __attrs_post_init__(self) -> None:
        for row in self.rows:
            # A circle exists at some instant if and only if it exists when its last link begins.
            if row.deputy in self._principals(row.deputy, row.authority, row.since):
                raise DelegationInvalid(
                    actor=row.deputy, authority=row.authority, at=row.since, accepted=Text("no circle", "不成环")
                )

    def _principals(self, deputy: ActorId, authority: str, at: datetime) -> set[ActorId]:
        reached: set[ActorId] = set()
        wave = {deputy}
        while wave:
            wave = {
                row.principal
                for row in self.rows
                if row.deputy in wave and row.authority == authority and row.holds(at)
            } - reached
            reached |= wave
        return reached

    def ways(self, deputy: ActorId, authority: str, at: datetime) -> tuple[tuple[Delegation, ...], ...]:
        """Every chain of delegations in ``authority`` that ends at ``deputy`` at that instant, nearest link first."""
        found: list[tuple[Delegation, ...]] = []
        chains: list[tuple[Delegation, ...]] = [()]
        while chains:
            chain = chains.pop(0)
            last = chain[-1].principal if chain else deputy
            for row in self.rows:
                if row.deputy == last and row.authority == authority and row.holds(at):
                    found.append((*chain, row))
                    chains.append((*chain, row))
        return tuple(found)


@unique
class Outcome(Enum):
    """What whoever decides says; below the authority only a recommendation can be given."""

    APPROVED = "approved"
    REJECTED = "rejected"
    RETURNED = "returned"
    RECOMMENDED = "recommended"


@attrs.frozen
class Request:
    """What is asked for: ``amount`` is this part's, ``case_total`` that of everything granted in the case with it.

    Limits look at the larger, so that a case cannot be split below one. ``signatures`` are who signed in which role,
    ``required`` the roles that must have signed before anyone decides. ``concerned`` are those who proposed, reported
    or benefit: they decide it as little as who asks, in person or for somebody.
    """

    subject: str
    requested_by: ActorId
    amount: Money
    case_total: Money
    required: tuple[str, ...] = ()
    signatures: Mapping[str, ActorId] = attrs.field(factory=dict)
    concerned: frozenset[ActorId] = frozenset()

    @property
    def barred(self) -> frozenset[ActorId]:
        """Who does not decide it."""
        return self.concerned | {self.requested_by}

    @property
    def decisive(self) -> Money:
        """The amount that limits look at."""
        return max(self.amount, self.case_total)

    @property
    def missing(self) -> tuple[str, ...]:
        """The roles that have not signed yet."""
        return tuple(role for role in self.required if role not in self.signatures)


@attrs.frozen
class Way:
    """One way in which an actor holds an authority: in person, or for the principals of a chain of delegations."""

    authority: str
    limit: Money | None
    acting_for: ActorId | None
    through: tuple[ActorId, ...] = ()
    suffices: bool = False
    barred: bool = False


@attrs.frozen
class Approval:
    """A decision, as it is kept: of what, by whom, in which authority, for whom, when, why."""

    subject: str
    outcome: Outcome
    amount: Money
    by: ActorId
    authority: str
    acting_for: ActorId | None
    at: datetime
    reason: str = personal(PersonalKind.OTHER, default="")

    def require_covers(self, total: Money) -> None:
        """Refuse unless this approval covers the case as it is now. Raises :class:`ApprovalVoid`. [KRN-08]"""
        if self.outcome is not Outcome.APPROVED or total > self.amount:
            raise ApprovalVoid(
                amount=total,
                limit=self.amount,
                outcome=self.outcome,
                accepted=Text(f"at most {self.amount}, or a new decision", f"至多 {self.amount}，或重新核决"),
            )


@attrs.frozen
class Related:
    """Another case that could be part of the same one: its number, what it comes to, whether it is decided."""

    subject: str
    number: str
    total: Money
    decided: bool


@attrs.frozen
class ApprovalExplanation:
    """How a decision comes about, or why it cannot: the band, every way the actor has, what is still missing.

    ``related`` are open and recently decided cases that a case may have been split into; ``counted`` says whether the
    ``amount`` has them in it.
    """

    amount: Money
    part: Money
    decided_by: str
    ways: tuple[Way, ...]
    missing: tuple[str, ...]
    may: Outcome | None
    related: tuple[Related, ...] = ()
    counted: bool = False

    def text(self, language: str = "en") -> str:
        """For people."""
        chinese = language == "zh"
        lines = [
            f"{self.amount}：由 {self.decided_by} 核决" if chinese else f"{self.amount} is decided by {self.decided_by}"
        ]
        for way in self.ways:
            limit = ("无上限" if chinese else "no limit") if way.limit is None else str(way.limit)
            acting = (
                "" if way.acting_for is None else (f"（代 {way.acting_for}）" if chinese else f" for {way.acting_for}")
            )
            says = ("可核决" if chinese else "suffices") if way.suffices else ("不足" if chinese else "is not enough")
            if way.barred:
                says = "申请人本人，不可" if chinese else "barred: it is the requester's"
            lines.append(f"  {way.authority}{acting}: {limit}, {says}")
        lines += [f"  缺少签核：{role}" if chinese else f"  signature missing: {role}" for role in self.missing]
        counts = Text("counted", "已计入") if self.counted else Text("not counted", "未计入")
        related, counted = ("相关案件", counts.zh) if chinese else ("related", counts.en)
        lines += [f"  {related} {other.number}: {other.total}, {counted}" for other in self.related]
        return "\n".join(lines)


def ways(
    ladder: ApprovalLadder,
    request: Request,
    by: ActorId,
    held: Mapping[ActorId, frozenset[str]],
    delegations: Delegations,
    at: datetime,
) -> tuple[Way, ...]:
    """Every way in which ``by`` holds an authority of the ladder at ``at``, those that suffice first.

    ``held`` is what each person holds now. A chain counts only while its first principal holds the authority, and gives
    the least limit on it.
    """
    found: list[Way] = []
    for band in ladder.bands:
        if band.authority in held.get(by, frozenset()):
            enough = ladder.suffices(band.authority, request.decisive)
            found.append(Way(band.authority, band.up_to, None, (), enough, barred=by in request.barred))
        for chain in delegations.ways(by, band.authority, at):
            principal = chain[-1].principal
            if band.authority not in held.get(principal, frozenset()):
                continue
            limits = [limit for limit in (band.up_to, *(row.limit for row in chain)) if limit is not None]
            limit = min(limits) if limits else None
            through = tuple(row.principal for row in chain)
            barred = not request.barred.isdisjoint((by, *through))
            enough = limit is None or request.decisive <= limit
            found.append(Way(band.authority, limit, principal, through, enough, barred))
    return tuple(sorted(found, key=lambda way: (way.barred, not way.suffices, way.acting_for is not None)))


def explain(
    ladder: ApprovalLadder,
    request: Request,
    by: ActorId,
    held: Mapping[ActorId, frozenset[str]],
    delegations: Delegations,
    at: datetime,
) -> ApprovalExplanation:
    """What ``by`` may do with the request at ``at``, and why, as data. Raises BeyondAuthority above the last band."""
    found = ways(ladder, request, by, held, delegations, utc(at))
    may: Outcome | None = None
    if any(not way.barred for way in found):
        enough = any(way.suffices and not way.barred for way in found) and not request.missing
        may = Outcome.APPROVED if enough else Outcome.RECOMMENDED
    return ApprovalExplanation(
        amount=request.decisive,
        part=request.amount,
        decided_by=ladder.band(request.decisive).authority,
        ways=found,
        missing=request.missing,
        may=may,
    )


def decide(
    ladder: ApprovalLadder,
    request: Request,
    outcome: Outcome,
    *,
    by: ActorId,
    held: Mapping[ActorId, frozenset[str]],
    delegations: Delegations = Delegations(),
    at: datetime,
    reason: str = "",
) -> Approval:
    """The decision of ``by`` on the request, by what they hold at ``at``.

    Approving, rejecting and returning need an authority that suffices for the whole case; rejecting and returning need
    a reason; a lower authority may only recommend. Raises OwnRequest, BeyondAuthority, SignatureMissing, RuleBroken.
    [KRN-08]
    """
    at = utc(at)
    found = ways(ladder, request, by, held, delegations, at)
    open_ways = [way for way in found if not way.barred]
    if not open_ways and (found or by in request.barred):
        raise OwnRequest(subject=request.subject, actor=by)
    if not open_ways:
        raise BeyondAuthority(
            actor=by, amount=request.decisive, accepted=_authority(ladder.band(request.decisive).authority)
        )
    way = open_ways[0]
    if outcome is not Outcome.RECOMMENDED:
        if not way.suffices:
            raise BeyondAuthority(
                actor=by,
                amount=request.decisive,
                authority=way.authority,
                limit=way.limit,
                accepted=_authority(ladder.band(request.decisive).authority),
            )
        if outcome is Outcome.APPROVED and request.missing:
            roles = ", ".join(request.missing)
            raise SignatureMissing(subject=request.subject, missing=roles, accepted=Text(roles, roles))
    if outcome in (Outcome.REJECTED, Outcome.RETURNED):
        require(bool(reason.strip()), APPROVALS, accepted=Text("a reason", "理由"), outcome=outcome)
    return Approval(request.subject, outcome, request.decisive, by, way.authority, way.acting_for, at, reason)


def _authority(name: str) -> Text:
    return Text(f"{name}, or a recommendation only", f"{name} 核决，或仅提出建议")
