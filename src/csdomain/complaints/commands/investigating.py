"""From the departments' parts to the judgement: looked into, reported, judged or dismissed (CMP-06…10, 15, 19, 27)."""

from collections.abc import Sequence
from datetime import datetime

import attrs

from csdomain.complaints import events as e
from csdomain.complaints import rules as r
from csdomain.complaints import values as v
from csdomain.complaints.case import Complaint, Improvement, Part, Penalty
from csdomain.complaints.lifecycle import PENALTY_MOVES, ImprovementState, Move, PenaltyMove, PenaltyState
from csdomain.frame.acts import Events
from csdomain.frame.fields import one_of
from csdomain.kernel.cases.events import utc
from csdomain.kernel.papers.approvals import OwnRequest
from csdomain.kernel.papers.documents import Value
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import RuleBroken, require, typed_in

from .marks import ComplaintAct, does, named


class SecondPenalty(RuleBroken):
    """A person or unit would be penalised twice in one case (CMP-20)."""

    default_rule = r.MONTHLY_REVIEW
    problem = Text("A person or unit is penalised once per case.", "同一人或单位在一案中只处罚一次。")


@does(Move.INVOLVE)
def involve(case: Complaint, act: ComplaintAct, departments: Sequence[str], until: datetime) -> Events:
    until = utc(until)
    names = tuple(dict.fromkeys(named(name) for name in departments))
    asked = {part.department for part in case.parts if part.round == case.round}
    fresh = [name for name in names if name not in asked]
    there = ", ".join(sorted(asked)) or "-"
    require(
        bool(names) and len(fresh) == len(names),
        r.JOINT,
        accepted=Text(f"departments not asked yet (asked: {there})", f"尚未会同的部门（已会同：{there}）"),
        given=typed_in(names),
    )
    require(until > act.at, r.JOINT, accepted=Text("a later time", "更晚的时间"), given=until, at=act.at)
    new = [Part(department=name, round=case.round, asked_at=act.at, until=until) for name in names]
    first, paper = len(case.parts) + 1, case.form.document
    name, role = case.nth("joint", paper.fields), case.nth("joint", case.signed)
    case.put_form(document=act.sign(paper, role, **{name: f"{', '.join(names)}: {until.isoformat()}"}))
    case.parts = (*case.parts, *new)
    return act.done(e.DepartmentsInvolved(departments=names, until=until, first=first))


@does(Move.CONTRIBUTE)
def contribute(case: Complaint, act: ComplaintAct, department: str, text: str, *, word_of: str = "") -> Events:
    done = v.Opinion(act.by.id, act.at, text)
    waiting = {p.department: count for count, p in enumerate(case.parts, 1) if p.round == case.round and p.done is None}
    require(department in waiting, r.CHASING, accepted=one_of(waiting), given=typed_in(department))
    count = waiting[department]
    said = department in act.by.positions or bool(word_of)
    own = Text("somebody of that department, or on the word of whom", "该部门人员，或注明何人所述")
    require(said, r.CHASING, accepted=own, given=department)
    part = attrs.evolve(case.parts[count - 1], done=done, word_of=named(word_of) if word_of else None)
    case.parts = (*case.parts[: count - 1], part, *case.parts[count:])
    return act.done(e.DepartmentContributed(reason=text, department=department, part=count))


@does(Move.INVESTIGATE)
def investigate(case: Complaint, act: ComplaintAct) -> Events:
    return act.done(e.InvestigationBegun())


@does(Move.INSPECT)
def inspect(case: Complaint, act: ComplaintAct, finding: v.Finding) -> Events:
    there = case.form.finding
    require(there is None, r.FINDING, accepted=Text("one finding an investigation", "每次调查一份检验确认"))
    paper = case.form.document
    entry, role = case.nth("finding", paper.fields), case.nth(v.RND, case.signed)
    paper = act.sign(paper, role, **{entry: "confirmed" if finding.confirmed else "denied"})
    case.put_form(finding=finding, document=paper)
    return act.done(e.FaultFound(reason=finding.text, confirmed=finding.confirmed))


@does(Move.CONCLUDE)
def conclude(case: Complaint, act: ComplaintAct) -> Events:
    ended = case.form.concluded_at
    require(ended is None, r.REPORT, accepted=Text("an investigation that goes on", "尚在进行的调查"), given=ended)
    case.put_form(concluded_at=act.at)
    return act.done(e.InvestigationConcluded())


@does(Move.REPORT)
def report(case: Complaint, act: ComplaintAct, text: str) -> Events:
    ended = case.form.concluded_at
    require(ended is not None, r.REPORT, accepted=Text("an investigation that has ended", "已结束的调查"))
    waiting = [p.department for p in case.parts if p.round == case.round and p.done is None]
    require(not waiting, r.JOINT, accepted=Text("every department's part", "各部门均已办妥"), missing=waiting)
    case.put_form(report=v.Opinion(act.by.id, act.at, text))
    return act.done(e.InvestigationReported(reason=text))


def _may_rule(case: Complaint, act: ComplaintAct) -> None:
    """Refuses a second ruling; who reported, and the customer. Raises RuleBroken, OwnRequest. [CMP-07, KRN-08]"""
    report, there = case.form.report, case.form.ruling
    require(there is None, r.REPORT, accepted=Text("one ruling a report", "每份报告一次批示"))
    OwnRequest.check(case.id, act.by.id, [case.customer, None if report is None else report.by])


@does(Move.RULE, when=_may_rule)
def rule(case: Complaint, act: ComplaintAct, text: str) -> Events:
    ruling = v.Opinion(act.by.id, act.at, text)
    case.put_form(ruling=ruling, document=act.sign(case.form.document, case.nth(v.RULING, case.signed)))
    return act.done(e.ReportRuled(reason=text))


@does(Move.RETURN_REPORT)
def return_report(case: Complaint, act: ComplaintAct, reason: str) -> Events:
    returned, form = v.Opinion(act.by.id, act.at, reason), case.form
    require(form.ruling is None, r.REPORT, accepted=Text("a report that nobody ruled on", "尚未批示的报告"))
    past = [opinion for opinion in (form.report, returned) if opinion is not None]
    case.put_form(report=None, concluded_at=None, past_opinions=(*form.past_opinions, *past))
    case.redone += 1
    return act.done(e.ReportReturned(reason=reason, quality=form.quality, found=form.finding is not None))


@does(Move.CORRECT)
def correct_judgement(case: Complaint, act: ComplaintAct, judgement: v.Judgement, reason: str) -> Events:
    opinion, form = v.Opinion(act.by.id, act.at, reason), case.form
    dropped: tuple[object, ...] = (PenaltyState.DROPPED, ImprovementState.DROPPED)
    parts: list[tuple[int, Penalty | Improvement]] = [*enumerate(case.penalties, 1), *enumerate(case.improvements, 1)]
    there = [
        f"{type(part).__name__.lower()} {n}"
        for n, part in parts
        if part.turn == case.turn and part.state not in dropped
    ]
    accepted = Text("penalties and improvements dropped first", "须先撤销其处罚与改善")
    require(not there, r.JUDGEMENT, accepted=accepted, missing=there)
    events = judge_form(case, act, judgement, reason)
    past = [] if form.judgement is None else [form.judgement]
    case.put_form(past_judgements=(*form.past_judgements, *past), past_opinions=(*form.past_opinions, opinion))
    return events


@does(Move.JUDGE)
def judge(case: Complaint, act: ComplaintAct, judgement: v.Judgement) -> Events:
    return judge_form(case, act, judgement, judgement.disposal)


def judge_form(case: Complaint, act: ComplaintAct, judgement: v.Judgement, reason: str) -> Events:
    """The present form is judged so; penalties are proposed, the improvement is tracked. [CMP-08, CMP-09, CMP-10]"""
    form, ours = case.form, judgement.liable is v.Liable.US
    require(form.ruling is not None, r.REPORT, accepted=Text("a ruling on the report", "对报告的批示"))
    require(
        not form.quality or case.finding is not None,
        r.FINDING,
        accepted=Text("R&D's finding", "研发部的检验确认"),
    )
    tracked = judgement.tracked
    require(
        not (form.quality and ours) or tracked is not None,
        r.IMPROVEMENT,
        accepted=Text("whether the improvement is tracked", "明确判定改善是否列入追踪"),
    )
    act.rules.check_judgement(judgement, case.currency)
    found = () if case.finding is None else case.finding.persons
    shares = [share.unit for share in judgement.shares]
    concerned = {judgement.unit, *judgement.persons, *shares, *found}
    unrelated = sorted({penalty.on for penalty in judgement.penalties} - concerned)
    whom = Text("whom the finding or the judgement names", "检验确认或判定所列的人员或单位")
    require(not unrelated, r.LOSS, accepted=whom, given=typed_in(unrelated))
    borne = judgement.borne(case.currency)
    penalties = tuple(
        Penalty(
            state=PenaltyState.PROPOSED,
            turn=case.turn,
            on=proposed.on,
            discipline=proposed.discipline,
            amount=act.rules.deduction(proposed, borne),
            proposed_by=act.by.id,
        )
        for proposed in judgement.penalties
    )
    standing = [penalty for penalty in case.penalties if penalty.state is not PenaltyState.DROPPED]
    penalised = [penalty.on for penalty in (*standing, *penalties)]
    twice = sorted({on for on in penalised if penalised.count(on) > 1})
    if twice:
        raise SecondPenalty(given=typed_in(twice), accepted=Text("others, or none", "其他对象，或不处罚"))
    lost = judgement.lost(case.currency)
    entries: dict[str, Value] = {
        "liable": judgement.liable.value,
        "unit": judgement.unit,
        "persons": ", ".join(judgement.persons),
        "loss": str(lost),
        "shares": ", ".join(f"{unit}: {share}" for unit, share in borne.items()),
        "penalties": ", ".join(f"{penalty.on}: {penalty.discipline or penalty.amount}" for penalty in penalties),
        "tracked": bool(tracked),
    }
    there = form.document.fields
    paper = form.document.continued(**{case.nth(name, there): value for name, value in entries.items()})
    case.put_form(judgement=judgement, document=paper)
    first = len(case.penalties) + 1
    case.penalties = (*case.penalties, *penalties)
    if tracked:
        case.improvements = (*case.improvements, Improvement(state=ImprovementState.TRACKED, turn=case.turn))
    facts = e.ComplaintJudged(
        reason=reason,
        liable=judgement.liable.value,
        unit=judgement.unit,
        lost=lost.minor,
        tracked=bool(tracked),
    )
    judged = act.done(facts)
    for count, penalty in enumerate(penalties, first):
        amount = None if penalty.amount is None else penalty.amount.minor
        moved = e.PenaltyMoved(penalty=count, on=penalty.on, discipline=penalty.discipline, amount=amount)
        judged += act.brings(PENALTY_MOVES, PenaltyMove.PROPOSE, moved)
    return judged
