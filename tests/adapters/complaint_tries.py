"""What can be tried with a complaint: plausible values of every use case where it stands, and implausible ones."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import attrs

from csdomain.casework.letters import as_words
from csdomain.complaints.case import Complaint
from csdomain.complaints.lifecycle import (
    CertificateState,
    ImprovementMove,
    ImprovementState,
    PenaltyState,
    RemarkState,
    SlipState,
    State,
)
from csdomain.complaints.values import (
    Channel,
    Classification,
    Finding,
    Goods,
    Judgement,
    Liable,
    ProposedPenalty,
    Remedy,
    Share,
)
from csdomain.kernel.values.money import Money
from csdomain.testing import complaint_form

#: Begins every text that is written inside the house: none of it may reach the customer.
INTERNAL: Final = "INTERNAL"
Call = tuple[tuple[Any, ...], Mapping[str, Any]]
CUSTOMERS: Final = ("customer-1", "customer-2")


def cny(amount: str) -> Money:
    return Money.of(amount, "CNY")


#: Claims, and what may be granted: around the limits of every ladder that ships.
AMOUNTS: Final = tuple(
    cny(amount) for amount in ("0", "50", "200", "200.01", "600", "1000", "1000.01", "3000", "5000", "5000.01", "9000")
)
FORMS: Final = tuple(
    complaint_form(customer=customer, claimed=claimed, quantity=9)
    for customer in CUSTOMERS
    for claimed in (None, *AMOUNTS)
)
#: The use cases of the case itself and of its parts.
USES: Final = (
    *("check", "accept", "handle", "mark", "assign", "promise", "remark", "involve", "contribute", "investigate"),
    *("inspect", "conclude", "report", "rule", "judge", "dismiss", "submit", "revise", "recommend", "approve"),
    *(
        "reject",
        "return_back",
        "clear",
        "answer",
        "decline",
        "renew",
        "object",
        "sustain",
        "reopen",
        "escalate",
        "propose",
    ),
    *("satisfy", "close", "withdraw", "review", "draw_slip", "sign_slip", "take_in", "reconcile", "resolve"),
    *("cancel_slip", "draw_certificate", "sign_certificate", "countersign_certificate", "book_certificate"),
    *("approve_penalty", "drop_penalty", "notice_penalty", "carry_out_penalty", "publish_penalty", "improve"),
    *("answer_remark", "erase", "handle_again", "reclassify", "return_report", "correct_judgement", "void_certificate"),
)
BAD_TEXTS: Final = ("", "  ", "a\0b", "x" * 4001)


def call(*args: Any, **options: Any) -> Call:
    return args, options


def remedies(case: Complaint) -> list[Remedy]:
    """Remedies around the limits, with money that is paid and goods that come back."""
    returns = [(), (Goods("engine", "2026-01", 3),), (Goods("engine", "2026-01", 1), Goods("pump", "", 2))]
    found = []
    for place, granted in enumerate(AMOUNTS):
        paid = granted if place % 3 == 1 and granted else None
        found.append(Remedy(granted=granted, compensation=paid, returns=returns[place % 3], text="this we do"))
    return found


def judgements(case: Complaint) -> list[Judgement]:
    """Whoever may be responsible, with penalties on workers, on units and on those who would approve them."""
    turn, us = case.turn, {"liable": Liable.US, "unit": "production"}
    lost = {"goods": cny("100.01"), "freight": cny("0.02")}
    shares = (Share("production", 2), Share("stores", 1))
    return [
        Judgement(**us, tracked=False),  # type: ignore[arg-type]
        Judgement(**us, tracked=True, loss=lost, shares=shares),  # type: ignore[arg-type]
        Judgement(
            **us,  # type: ignore[arg-type]
            tracked=True,
            loss=lost,
            shares=shares,
            persons=(f"worker-{turn}",),
            penalties=(ProposedPenalty(f"worker-{turn}", "warning"), ProposedPenalty("production")),
            disposal=f"{INTERNAL} disposal",
        ),
        Judgement(
            **us,  # type: ignore[arg-type]
            tracked=False,
            persons=("a-deputy_general_manager", "worker-1"),
            penalties=(
                ProposedPenalty("a-deputy_general_manager", "warning"),
                ProposedPenalty("worker-1", amount=cny("5")),
            ),
        ),
        Judgement(liable=Liable.CUSTOMER, loss=lost),
        Judgement(liable=Liable.OTHER_COMPANY, company="supplier", tracked=False),
    ]


def plausible(use: str, case: Complaint, now: datetime, classes: Sequence[Classification]) -> list[Call]:
    """Values with which the use case may succeed on the case as it stands; where it does not stand there, some."""
    slips = [slip.number for slip in reversed(case.slips)]
    papers = [paper.number for paper in reversed(case.certificates)]
    waiting = [part.department for part in case.parts if part.done is None]
    words = {
        **dict.fromkeys(("check", "report", "rule", "dismiss", "recommend", "reject", "return_back"), True),
        **dict.fromkeys(("object", "sustain", "reopen", "escalate", "return_report"), True),
    }
    if use in words:
        return [call(f"{INTERNAL} {use} {case.turn}")]
    if use in ("investigate", "conclude", "approve", "satisfy", "erase"):
        return [call()]
    if use in ("accept", "handle"):
        return [call(kind) for kind in classes]
    if use == "mark":
        return [call(harm=harm) for harm in (False, True)]
    if use in ("decline", "close", "withdraw"):
        return [call(f"so it is: {use}")]
    if use in ("submit", "revise", "propose"):
        return [call(remedy) for remedy in remedies(case)]
    if use in ("sign_slip", "sign_certificate", "countersign_certificate"):
        return [call(number) for number in (slips if use == "sign_slip" else papers)]
    if use in ("reconcile", "book_certificate"):
        return [call(number, "V1") for number in (slips if use == "reconcile" else papers)]
    if use.endswith("_penalty"):
        return [
            call(n, *([f"{INTERNAL} slight"] if use == "drop_penalty" else [])) for n, _ in enumerate(case.penalties, 1)
        ]
    made: dict[str, list[Call]] = {
        "assign": [call("a-sales"), call("a-service_agent")],
        "promise": [call(now + timedelta(days=n)) for n in (1, 3)],
        "remark": [call("the hotline is slow", "hotline")],
        "involve": [call(names, now + timedelta(days=2)) for names in (["stores"], ["rnd", "purchasing"])],
        "contribute": [call(name, f"{INTERNAL} part of {name}", word_of="foreman") for name in waiting],
        "reclassify": [call(kind, f"{INTERNAL} put right") for kind in classes],
        "correct_judgement": [call(judgement, f"{INTERNAL} put right") for judgement in judgements(case)],
        "void_certificate": [call(paper, f"{INTERNAL} void", waived=w) for paper in papers for w in (False, True)],
        "handle_again": [call(form) for form in FORMS if form.customer == case.customer],
        "inspect": [call(Finding(ok, f"{INTERNAL} finding", ("worker-9",))) for ok in (True, False)],
        "judge": [call(judgement) for judgement in judgements(case)],
        "clear": [call("We are sorry.", "an ordinary word"), call(f"{INTERNAL} report 1", "he knows it")],
        "answer": [call(channel, "We are sorry.") for channel in (Channel.LETTER, Channel.PHONE)],
        "renew": [call(form) for form in FORMS if form.customer == case.customer],
        "review": [call(unit, "") for unit in ("sales", "customer_service", "production")],
        "draw_slip": [call("by truck")],
        "take_in": list(takings(case)),
        "resolve": [
            call(slip.number, sum(line.quantity for line in slip.returned), f"{INTERNAL} lost") for slip in case.slips
        ],
        "cancel_slip": [call(number, f"{INTERNAL} not needed") for number in slips],
        "draw_certificate": [call(cny(amount)) for amount in ("50", "100", "25", "600", "1000.01")],
        "improve": [
            call(n, move, f"{INTERNAL} note") for n, _ in enumerate(case.improvements, 1) for move in IMPROVING
        ],
        "answer_remark": [call(n, f"{INTERNAL} noted") for n, _ in enumerate(case.remarks, 1)],
    }
    return made[use]


IMPROVING: Final = (ImprovementMove.CARRY_OUT, ImprovementMove.VERIFY, ImprovementMove.FAIL)


def takings(case: Complaint) -> Iterator[Call]:
    """Deliveries on the case's slips: all that is missing, and a part of it."""
    for slip in case.slips:
        there = {(line.product, line.batch): line.quantity for line in slip.returned}
        left = [
            attrs.evolve(line, quantity=line.quantity - there.get((line.product, line.batch), 0)) for line in slip.goods
        ]
        missing = [line for line in left if line.quantity]
        if missing:
            yield call(slip.number, missing)
            yield call(slip.number, [attrs.evolve(missing[0], quantity=1)])


def implausible(use: str, case: Complaint, now: datetime, others: Sequence[Complaint]) -> list[Call]:
    """Values with which the use case is refused wherever the case stands, unless they happen to fit after all."""
    foreign = [slip.number for other in others if other.id != case.id for slip in other.slips] or ["TH202603-0099"]
    if use in ("investigate", "conclude", "approve", "satisfy", "erase"):
        return []
    numbers = [*foreign[:1], "ZK202603-0099", ""]
    texts = [call(text) for text in BAD_TEXTS]
    slips = [slip.number for slip in case.slips] or foreign[:1]
    dollars = Money.of(1, "USD")
    if use in ("sign_slip", "sign_certificate", "countersign_certificate"):
        return [call(number) for number in numbers]
    if use in ("reconcile", "book_certificate"):
        own = slips if use == "reconcile" else [paper.number for paper in case.certificates]
        return [*(call(number, "V1") for number in numbers), *(call(number, "") for number in own)]
    if use.endswith("_penalty"):
        more = ["no"] if use == "drop_penalty" else []
        return [call(n, *more) for n in (0, -1, 99, True)]
    if use in ("submit", "revise", "propose"):
        return [
            call(Remedy(granted=dollars, text="dollars")),
            call(Remedy(granted=cny("0"), text=f"{INTERNAL} report {case.turn}")),
        ]
    made: dict[str, list[Call]] = {
        "accept": [call(Classification("quality", "colour")), call(Classification("nothing", "other"))],
        "handle": [call(Classification("nothing", "other"))],
        "mark": [call(reason="x" * 4001), call(harm=True, reason="a\0b")],
        "assign": [call("li@example.com"), call("")],
        "promise": [call(now), call(now - timedelta(days=1)), call(now.replace(tzinfo=None))],
        "remark": [call("", "hotline"), call("slow", ""), call("slow", "a b@c")],
        "involve": [call([], now + timedelta(days=1)), call(["stores"], now), call(["a\0"], now + timedelta(days=1))],
        "contribute": [call("nobody", "done"), call("stores", "")],
        "judge": [
            call(Judgement(liable=Liable.US, unit="production")),
            call(Judgement(liable=Liable.CUSTOMER, loss={"goods": dollars})),
            call(Judgement(liable=Liable.CUSTOMER, loss={"honour": cny("1")})),
            call(
                Judgement(
                    liable=Liable.US,
                    unit="production",
                    tracked=False,
                    penalties=(ProposedPenalty("twice", "warning"), ProposedPenalty("twice", amount=cny("1"))),
                )
            ),
        ],
        "clear": [call("", "why"), call("We are sorry.", "")],
        "answer": [
            *(call(Channel.LETTER, text) for text in BAD_TEXTS),
            *(
                call(Channel.LETTER, f"we are sorry; {one.written}")
                for one in case.internal[:9]
                if one.known is as_words
            ),
            call(Channel.LETTER, case.form.document),
        ],
        "renew": [
            *(call(form) for form in FORMS if form.customer != case.customer),
            call(complaint_form(customer=case.customer, claimed=dollars)),
            call(complaint_form(customer=case.customer, extra={"colour": "red"})),
        ],
        "review": [call("gardeners", ""), call("", ""), call("sales", "a\0b")],
        "draw_slip": [call(""), call("x" * 121)],
        "take_in": [
            *(call(number, [Goods("engine", "2026-01", 1)]) for number in numbers),
            *(call(number, []) for number in slips),
            *(call(number, [Goods("engine", "2026-01", 99)]) for number in slips),
            *(call(number, [Goods("wheel", "", 1)]) for number in slips),
        ],
        "resolve": [call(number, pieces, "so be it") for number in slips for pieces in (99, -1, True, 2.0)],
        "cancel_slip": [call(number, "no") for number in numbers],
        "void_certificate": [call(number, "no") for number in numbers],
        "reclassify": [call(Classification("nothing", "other"), "so")],
        "correct_judgement": [call(Judgement(liable=Liable.CUSTOMER), text) for text in BAD_TEXTS],
        "handle_again": [call(form) for form in FORMS if form.customer != case.customer],
        "draw_certificate": [call(cny("0")), call(cny("-1")), call(cny("99999")), call(dollars)],
        "improve": [call(n, move, "note") for n in (0, 99) for move in IMPROVING],
        "answer_remark": [call(0, "noted"), call(99, "noted"), call(1, "")],
    }
    return made.get(use, texts)


def next_steps(case: Complaint) -> list[str]:
    """The use cases that bring the case on towards its end, from where it stands."""
    state, form = case.state, case.form
    done = form.concluded_at is not None
    by_letter = not case.grave or (form.answer is not None and form.answer.channel is Channel.LETTER)
    waiting = any(part.done is None and part.round == case.round for part in case.parts)
    by_state: dict[State, list[str]] = {
        State.RECEIVED: ["check"] if case.path.value == "departments" else ["handle"],
        State.CHECKED: ["accept"],
        State.ACCEPTED: ["investigate"],
        State.INVESTIGATING: [
            *(["inspect"] if form.quality and form.finding is None else []),
            *(["contribute"] if waiting else []),
            "report" if done and not waiting else "conclude",
        ],
        State.REPORTED: ["judge" if form.ruling is not None else "rule"],
        State.JUDGED: ["submit"],
        State.AWAITING_DECISION: ["approve"],
        State.DECIDED: ["answer"],
        State.ANSWERED: ["close", "close", "close", "decline"] if by_letter else ["answer"],
        State.NOT_ACCEPTED: ["renew"],
        State.NOT_ESTABLISHED: ["close" if form.answer is not None and by_letter else "answer"],
        State.HANDLING: ["propose", "propose", "escalate"],
        State.PROPOSED: ["satisfy", "satisfy", "decline"],
        State.SATISFIED: ["close" if by_letter else "answer"],
    }
    steps = by_state.get(state, [])
    papers = [*slip_steps(case), *certificate_steps(case)]
    if state in (State.CLOSED, State.SETTLING):
        steps = [*papers, *part_steps(case), *([] if case.reviewed else ["review"])]
    elif state in (State.DECIDED, State.ANSWERED, State.PROPOSED, State.SATISFIED, State.NOT_ACCEPTED):
        steps = [*steps, *papers]
    return steps


def slip_steps(case: Complaint) -> Iterator[str]:
    nexts = {
        SlipState.DRAWN_UP: "sign_slip",
        SlipState.SIGNED: "take_in",
        SlipState.TAKEN_IN: "reconcile",
        SlipState.DISPUTED: "resolve",
    }
    yield from (nexts[slip.state] for slip in case.slips if slip.state in nexts)
    last = case.form.approved
    if last is not None and last.remedy.returns and not any(slip.turn == case.turn for slip in case.slips):
        yield "draw_slip"


def certificate_steps(case: Complaint) -> Iterator[str]:
    nexts = {
        CertificateState.DRAWN_UP: "sign_certificate",
        CertificateState.SIGNED: "countersign_certificate",
        CertificateState.COUNTERSIGNED: "book_certificate",
    }
    yield from (nexts[paper.state] for paper in case.certificates if paper.state in nexts)
    last = case.form.approved
    if last is not None and last.remedy.compensation is not None:
        paid = sum(paper.amount.minor for paper in case.certificates if paper.turn == case.turn)
        if paid < last.remedy.compensation.minor:
            yield "draw_certificate"


def part_steps(case: Complaint) -> Iterator[str]:
    for penalty in case.penalties:
        if penalty.state is PenaltyState.PROPOSED:
            yield from ("approve_penalty", "drop_penalty")
        elif penalty.state is PenaltyState.APPROVED:
            yield "publish_penalty" if penalty.discipline else "notice_penalty"
        elif penalty.state is PenaltyState.NOTICED:
            yield "carry_out_penalty"
    ended = (ImprovementState.VERIFIED, ImprovementState.DROPPED)
    yield from ("improve" for i in case.improvements if i.state not in ended)
    yield from ("answer_remark" for remark in case.remarks if remark.state is RemarkState.OPEN)


def side_steps(case: Complaint) -> list[str]:
    """What may come in between where the case stands."""
    here: dict[State, list[str]] = {
        State.ACCEPTED: ["involve", "contribute", "dismiss"],
        State.INVESTIGATING: ["involve", "contribute", "dismiss"],
        State.REPORTED: ["contribute", "dismiss", "return_report", "reclassify"],
        State.JUDGED: ["correct_judgement"],
        State.HANDLING: ["reclassify"],
        State.CLOSED: ["renew", "handle_again"],
        State.SETTLING: ["renew", "handle_again", "void_certificate"],
        State.AWAITING_DECISION: ["recommend", "return_back", "reject"],
        State.DECIDED: ["revise"],
        State.ANSWERED: ["decline"],
        State.NOT_ESTABLISHED: ["answer", "object", "sustain", "reopen"],
    }
    ended = case.closed_at is not None or case.state is State.WITHDRAWN
    steps = [] if ended else ["mark", "assign", "promise", "remark", "clear", "withdraw"]
    steps += here.get(case.state, []) * 2
    steps += ["cancel_slip" for slip in case.slips if slip.state in (SlipState.DRAWN_UP, SlipState.SIGNED)]
    steps += ["take_in" for slip in case.slips if slip.state is SlipState.DISPUTED]
    steps += ["answer_remark" for remark in case.remarks if remark.state is RemarkState.OPEN]
    return [*steps, *part_steps(case)] or ["reopen", "erase"]
