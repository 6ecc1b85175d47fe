"""What the rules say of a complaint, written from the rules: read from the rulebook's file and from nothing else."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import attrs

import csdomain.rulebook
from adapters.complaint_tries import INTERNAL
from csdomain.complaints.case import Complaint
from csdomain.complaints.lifecycle import (
    CertificateState,
    PenaltyState,
    RemarkState,
    SlipState,
    State,
)
from csdomain.complaints.values import Channel, Liable
from csdomain.kernel.papers.approvals import Delegation, Outcome
from csdomain.kernel.store.ports import AuditRecord

BOOKS: Final = Path(csdomain.rulebook.__file__).parent / "books"
#: The permission that each use case asks for.
NEEDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("investigate", "conclude", "report"), "investigate"),
    **dict.fromkeys(("judge", "correct_judgement"), "judge"),
    **dict.fromkeys(("submit", "revise"), "submit"),
    **dict.fromkeys(("approve", "reject", "return_back", "dismiss"), "decide"),
    **dict.fromkeys(("promise", "answer", "decline", "object"), "answer"),
    **dict.fromkeys(("sustain", "reopen"), "supervise"),
    **dict.fromkeys(("handle", "escalate", "propose", "satisfy", "handle_again"), "handle"),
    **dict.fromkeys(("draw_slip", "cancel_slip", "draw_certificate", "countersign_certificate"), "sell"),
    "void_certificate": "sell",
    "reclassify": "mark",
    **dict.fromkeys(("sign_slip", "resolve", "sign_certificate"), "sign"),
    **dict.fromkeys(("reconcile", "book_certificate"), "finance"),
    **dict.fromkeys(("rule", "return_report", "approve_penalty", "drop_penalty"), "rule"),
    **dict.fromkeys(("carry_out_penalty", "publish_penalty"), "personnel"),
    **dict.fromkeys(("contribute", "answer_remark"), "contribute"),
    "take_in": "warehouse",
    "notice_penalty": "penalise",
}
#: CMP-25, the ways through: from where to where a case may come; both lines, and the ways aside.
EDGES: Final = {
    *(("", "received"), ("received", "checked"), ("checked", "accepted"), ("accepted", "investigating")),
    *(("investigating", "reported"), ("reported", "judged"), ("judged", "awaiting_decision")),
    *(("awaiting_decision", "decided"), ("awaiting_decision", "judged"), ("decided", "awaiting_decision")),
    *(("decided", "answered"), ("answered", "closed"), ("answered", "not_accepted"), ("not_accepted", "accepted")),
    *((state, "not_established") for state in ("accepted", "investigating", "reported")),
    *(("not_established", "closed"), ("not_established", "investigating")),
    *(
        ("reported", "investigating"),
        *((s, e) for s in ("closed", "settling", "settled") for e in ("accepted", "handling")),
    ),
    *(("received", "handling"), ("handling", "proposed"), ("proposed", "satisfied"), ("proposed", "handling")),
    *(("satisfied", "closed"), ("closed", "settling"), ("settling", "settled"), ("closed", "settled")),
    *(
        (state, "withdrawn")
        for state in (
            *("received", "checked", "accepted", "investigating", "reported", "judged", "awaiting_decision"),
            *("decided", "answered", "not_accepted", "not_established", "handling", "proposed"),
        )
    ),
}
Who = tuple[str, str, tuple[str, ...]]


def fen(text: str) -> int:
    """``1000.01 CNY`` in fen."""
    yuan, _, rest = text.partition(" ")[0].partition(".")
    return int(yuan) * 100 + int((rest + "00")[:2])


@attrs.frozen
class HouseRules:
    """A shipped rulebook, as its files say."""

    said: Mapping[str, Any]

    @classmethod
    def of(cls, name: str) -> "HouseRules":
        files = (BOOKS / name).glob("*.toml")
        return cls({key: table for f in files for key, table in tomllib.loads(f.read_text(encoding="utf-8")).items()})

    @property
    def complaints(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.said["complaints"]
        return found

    @property
    def limits(self) -> list[tuple[str, float]]:
        """Authorities and up to how many fen each decides, lowest first. [CMP-11]"""
        return [
            (band["authority"], fen(band["up_to"]) if "up_to" in band else float("inf"))
            for band in self.complaints["ladder"]
        ]

    def scope(self, positions: Iterable[str], use: str) -> str | None:
        """How far the permission for a use case reaches, None where it is not given. [KRN-13]"""
        action = f"complaints.{NEEDS.get(use, use)}"
        roles = [role for p in positions for role in self.said["permissions"]["positions"].get(p, ())]
        grants = [self.said["permissions"]["roles"].get(role, {}) for role in roles]
        found = [scope for grant in grants for name, scope in grant.items() if name in (action, "complaints.*")]
        return next((scope for scope in ("all", "branch", "own") if scope in found), None)

    def permits(self, who: Who, use: str, case: Complaint | None) -> bool:
        """Whether the matrix lets somebody do it with this case. [KRN-13]"""
        scope = self.scope(who[2], use)
        if case is None or scope is None or scope == "all":
            return scope is not None
        return who[1] == case.branch if scope == "branch" else who[0] == case.owner

    def authorities(self, case: Complaint, fen: int) -> dict[str, float]:
        """Who decides so much of this case, and each one's limit. [CMP-11, CMP-16, CMP-18]"""
        limits = self.limits[case.level :]
        if fen:
            return {name: limit for name, limit in limits if fen <= limit}
        without = self.complaints["without_amount"]
        least = without["grave"] if case.grave else without["ordinary"]
        names = [name for name, _ in self.limits]
        if least not in names:
            return {name: limit for name, limit in [(least, 0.0), *limits] if case.level == 0 or name != least}
        return dict(self.limits[max(case.level, names.index(least)) :])


def comes_to(case: Complaint, granted: int | None = None) -> int:
    """All forms together, in fen: of each what is claimed or, if more, what stands granted or is asked for. [CMP-11]"""
    total = 0
    for form in case.forms:
        claimed = 0 if form.content.claimed is None else form.content.claimed.minor
        last = form.submissions[-1] if form.submissions else None
        stands = 0 if last is None or last.returned is not None else last.remedy.granted.minor
        if form is not case.forms[-1] and (last is None or last.approval is None):
            stands = 0
        total += max(claimed, stands if granted is None or form is not case.forms[-1] else granted)
    return total


def may_decide(
    who: str,
    requester: str,
    amount: int,
    enough: Mapping[str, float],
    held: Mapping[str, frozenset[str]],
    delegations: Sequence[Delegation],
    at: datetime,
) -> bool:
    """Whether somebody holds an authority that suffices, in person or standing in, and is not who asked. [KRN-08]"""
    if who == requester:
        return False

    def reaches(person: str, authority: str) -> bool:
        for row in delegations:
            if (row.deputy, row.authority) != (person, authority) or not row.since <= at < row.until:
                continue
            if row.principal == requester or (row.limit is not None and amount > row.limit.minor):
                continue
            if authority in held.get(row.principal, ()) or reaches(row.principal, authority):
                return True
        return False

    return any(name in held.get(who, ()) or reaches(who, name) for name in enough)


def missing_signatures(case: Complaint, house: HouseRules) -> set[str]:
    """Who has still to sign before anyone decides; R&D only of a quality fault. [CMP-11, CMP-27]"""
    wanted = set(house.complaints.get("signatures", ()))
    if not case.form.quality:
        wanted.discard("rnd")
    signed = {signature.role for form in case.forms for signature in form.document.signatures}
    if "taken_over" in signed:  # sales and customer service signed another system's papers
        wanted -= {"sales", "customer_service"}
    return wanted - signed


def open_ends(case: Complaint) -> list[str]:
    """What has not come to its end. [CMP-25]"""
    ends = [s.number for s in case.slips if s.state not in (SlipState.BOOKED, SlipState.CANCELLED)]
    ended = (CertificateState.BOOKED, CertificateState.VOIDED)
    ends += [c.number for c in case.certificates if c.state not in ended]
    ends += [p.on for p in case.penalties if p.state not in (PenaltyState.CARRIED_OUT, PenaltyState.DROPPED)]
    ends += ["improvement" for i in case.improvements if i.state.value not in ("verified", "dropped")]
    ends += ["remark" for remark in case.remarks if remark.state is RemarkState.OPEN]
    before = 0  # what was paid on forms that were turned down
    for turn, form in enumerate(case.forms, 1):
        booked = sum(c.amount.minor for c in case.certificates if c.turn == turn and c.voucher)
        before = before + booked if form.declined is not None else before
        last = form.submissions[-1] if form.submissions else None
        if last is None or last.approval is None or last.returned is not None or form.declined is not None:
            continue
        if last.remedy.returns and not any(
            (slip.turn, slip.submission) == (turn, len(form.submissions)) for slip in case.slips
        ):
            ends.append("return")
        given = [
            c for c in case.certificates if c.turn == turn and (c.voucher or c.submission == len(form.submissions))
        ]
        paid = sum(c.amount.minor for c in given if c.void is None or c.waived)
        paid, before = paid + before, 0
        if last.remedy.compensation is not None and paid < last.remedy.compensation.minor:
            ends.append("compensation")
    return ends


# --- what holds of every case, whatever was done with it --------------------------------------------------------------


def check_case(case: Complaint, trail: Sequence[AuditRecord], house: HouseRules) -> None:
    """Everything that the rules say of a case as it stands. AssertionError where one is not held."""
    _state(case, house)
    _customer(case)
    _money(case)
    _papers(case)
    _trail(case, trail)


def _state(case: Complaint, house: HouseRules) -> None:
    ended = case.state in (State.CLOSED, State.SETTLING, State.SETTLED)
    assert ended is (case.closed_at is not None)
    if case.state is State.SETTLED:
        assert not open_ends(case)
    if ended and case.path.value == "departments":
        # Each form was judged, or is not established, and then the customer was told.
        assert all(form.judgement is not None or form.dismissal is not None for form in case.forms)
        judged = any(form.judgement is not None for form in case.forms)
        if case.state is State.SETTLED and judged and "review_by" in house.complaints:
            assert case.review is not None
    if ended:
        assert case.form.answer is not None or case.form.submissions[-1].approval is not None
    if case.harm:
        assert case.grave


def _customer(case: Complaint) -> None:
    for form in case.forms:
        if form.answer is None:
            continue
        assert INTERNAL not in form.answer.text
        last = form.submissions[-1] if form.submissions else None
        if form.dismissal is not None:
            assert form.answer.granted.minor == 0
        else:
            assert last is not None
            assert last.approval is not None
            assert last.approval.outcome is Outcome.APPROVED
            assert form.answer.granted == last.remedy.granted
            assert form.answer.pieces == sum(line.quantity for line in last.remedy.returns)
            assert last.remedy.granted <= last.approval.amount


def _money(case: Complaint) -> None:
    for turn, form in enumerate(case.forms, 1):
        judgement = form.judgement
        if judgement is not None and judgement.liable is Liable.US:
            assert sum(part.minor for part in judgement.borne("CNY").values()) == sum(
                amount.minor for amount in judgement.loss.values()
            )
        approved = [s.remedy for s in form.submissions if s.approval is not None]
        most = max((r.compensation.minor for r in approved if r.compensation is not None), default=0)
        assert sum(c.amount.minor for c in case.certificates if c.turn == turn and c.void is None) <= most
    on = [penalty.on for penalty in case.penalties if penalty.state.value != "dropped"]
    assert len(set(on)) == len(on), "nobody is penalised twice"


def _papers(case: Complaint) -> None:
    for form in case.forms:
        form.document.verify()
        roles = [signature.role for signature in form.document.signatures]
        assert len(set(roles)) == len(roles)
        if any(s.approval is not None for s in form.submissions):
            assert form.document.copies[3].holder == "finance"
    for slip in case.slips:
        slip.document.verify()
        signed = {signature.role for signature in slip.document.signatures}
        came = sum(line.quantity for line in slip.returned)
        named = {(line.product, line.batch): line.quantity for line in slip.goods}
        assert all(line.quantity <= named[line.product, line.batch] for line in slip.returned)
        if came:
            assert {"deputy_for_sales", "warehouse"} <= signed
        if slip.state is SlipState.BOOKED:
            assert slip.voucher
            assert came == sum(named.values()) or "resolution" in signed
    for paper in case.certificates:
        paper.document.verify()
        if paper.state is CertificateState.BOOKED:
            assert {"deputy_for_sales", "customer"} <= {s.role for s in paper.document.signatures}
    for penalty in case.penalties:
        if penalty.state in (PenaltyState.NOTICED, PenaltyState.CARRIED_OUT):
            assert penalty.approved_by not in (None, penalty.on)
            assert case.review is not None
            assert case.closed_at is not None or case.turn > 1  # closed, or opened again since
        if penalty.state is PenaltyState.CARRIED_OUT and not penalty.discipline:
            assert penalty.notice is not None
            penalty.notice.require_signed("general_manager")


def _trail(case: Complaint, trail: Sequence[AuditRecord]) -> None:
    moves = [record for record in trail if record.move]
    assert [record.at for record in moves] == sorted(record.at for record in moves)
    at = ""
    for record in moves:
        if "." in record.move:  # of a part of the case
            continue
        assert record.source == at
        at = record.dest
        taken_over = record.move == "import" and record is moves[0]
        assert record.source == at or (record.source, at) in EDGES or taken_over
    assert at == case.state.value
    for name, parts in _parts(case).items():
        ends = [record.dest for record in moves if record.move.partition(".")[0] == name]
        assert all(state in ends for state in parts), f"{name}: {parts} not on the trail"


def _parts(case: Complaint) -> Mapping[str, list[str]]:
    return {
        "slip": [slip.state.value for slip in case.slips],
        "certificate": [paper.state.value for paper in case.certificates],
        "penalty": [penalty.state.value for penalty in case.penalties],
        "improvement": [i.state.value for i in case.improvements if i.notes],
        "remark": [remark.state.value for remark in case.remarks if remark.state is RemarkState.DONE],
    }


# --- what holds of a step that was taken ------------------------------------------------------------------------------


@attrs.frozen
class Step:
    """A use case that succeeded: who did it, on what, and what came of it."""

    use: str
    who: Who
    at: datetime
    args: tuple[Any, ...]
    before: Complaint
    after: Complaint
    held: Mapping[str, frozenset[str]]
    delegations: Sequence[Delegation]


def check_step(step: Step, house: HouseRules) -> None:
    """Everything that the rules say of who may do what when. AssertionError where one was not held."""
    before, use = step.before, step.use
    assert house.permits(step.who, use, before), "not permitted"
    assert before.state is not State.SETTLED or use in ("erase", "renew", "handle_again"), "a settled case was touched"
    assert step.at >= before.moved_at or use == "erase"
    if use in ("approve", "reject", "return_back"):
        _decision(step, house, before.form.submissions[-1].by)
        if use == "approve":
            assert not missing_signatures(before, house)
            assert before.form.answer is None
    if use == "recommend":
        assert step.who[0] != before.form.submissions[-1].by
    if use == "propose":
        remedy = step.args[0]
        amount = comes_to(before, remedy.granted.minor)
        _within(step, house, before.customer, amount)
    if use == "answer" and before.state is State.DECIDED:
        approval = before.form.submissions[-1].approval
        assert approval is not None
        assert approval.amount.minor >= comes_to(before)
    if use == "answer" and before.grave:
        assert step.args[0] is Channel.LETTER
    if use == "judge":
        assert before.form.ruling is not None
        assert not before.form.quality or any(form.finding is not None for form in before.forms)
        ours = step.args[0].liable is Liable.US
        assert step.args[0].tracked is not None or not (before.form.quality and ours)
    if use in ("sustain", "reopen"):
        assert before.memoranda[-1].by != step.who[0]
    if use.endswith("_penalty"):
        assert before.penalties[step.args[0] - 1].on != step.who[0]
    if use == "review":
        assert not before.reviewed
    if use == "revise":
        open_ = [slip.turn for slip in before.slips if slip.state is not SlipState.CANCELLED]
        open_ += [paper.turn for paper in before.certificates if paper.void is None and not paper.voucher]
        assert before.turn not in open_
    if use == "dismiss":
        assert not before.form.quality or any(form.finding is not None for form in before.forms)
        _within(step, house, before.customer, comes_to(before))
    if use == "contribute":
        assert step.args[0] in step.who[2] or step.after.parts != before.parts


def _decision(step: Step, house: HouseRules, requester: str) -> None:
    _within(step, house, requester, comes_to(step.before))


def _within(step: Step, house: HouseRules, requester: str, amount: int) -> None:
    enough = house.authorities(step.before, amount)
    assert may_decide(step.who[0], requester, amount, enough, step.held, step.delegations, step.at), (
        "decided by somebody who could not"
    )
