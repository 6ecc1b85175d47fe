"""What every context owes, and complaints with it, by amount and by level: one sample of each command."""

from collections.abc import Callable, Hashable
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar, Final

import attrs
import pytest

from adapters.on_desks import OnDesks
from csdomain.casework.authorities import GivenPositions
from csdomain.casework.deliveries import pieces
from csdomain.complaints.case import Complaint
from csdomain.complaints.commands.marks import CERTIFICATES, IMPROVEMENTS, PENALTIES, REMARKS, SLIPS, ComplaintAct
from csdomain.complaints.commands.taking_over import PastCase
from csdomain.complaints.lifecycle import OPEN, ImprovementMove, PenaltyState, SlipState, State
from csdomain.complaints.service import COMPLAINT_CASES
from csdomain.complaints.values import (
    COMPLAINT_RULES,
    Channel,
    Classification,
    Finding,
    Goods,
    Judgement,
    Liable,
    Path,
    ProposedPenalty,
    Remedy,
    Share,
)
from csdomain.complaints.values.occasions import OF_DEPARTMENTS
from csdomain.desk import load_rulebook
from csdomain.frame.commands import Parts
from csdomain.kernel.rules import AUDITED, MOVES, ONE_WRITER, PERMITTED, PERSONAL_DATA, PORTS, TIME
from csdomain.kernel.values.money import Money
from csdomain.testing import QUALITY, complaint_form
from csdomain.testing.cases import Sample, by, numbered, with_case
from csdomain.testing.kit import BEGINNING

pytestmark = pytest.mark.rule(MOVES, PERMITTED, AUDITED, ONE_WRITER, PORTS, TIME, PERSONAL_DATA)
UNTIL: Final = BEGINNING + timedelta(days=30)
FORM: Final = complaint_form(
    order_number="O-1", specification="twelve volts", quantity=2, claimed=Money.of(50, "CNY"), attachments=["photo-1"]
)
NOTHING: Final = Money.zero("CNY")
BACK: Final = Remedy(granted=NOTHING, returns=(Goods("engine", "2026-01", 2),), text="we take both back")
BOTH: Final = attrs.evolve(BACK, granted=Money.of(80, "CNY"), compensation=Money.of(80, "CNY"))
PAID: Final = Remedy(granted=Money.of(80, "CNY"), compensation=Money.of(80, "CNY"), text="we pay for it")
SORRY: Final = Remedy(granted=NOTHING, text="we explain it")
DAMAGE: Final = Classification("product", "damage")
_GRANTED: Final = (State.DECIDED, State.ANSWERED, State.PROPOSED, State.SATISFIED, State.CLOSED, State.SETTLING)
_REVIEWED: Final = (State.SETTLING, State.SETTLED)
_DRAWS: Final = ("draw_slip", "draw_certificate")
#: What the runs and consequences of flows tell, no case of its own.
ELSEWHERE: Final = frozenset({"complaint.left_behind", "complaint.reviews"})
_BY_AUTHORITY: Final = """escalate recommend approve reject return_back propose
    sign_slip resolve sign_certificate notice_penalty"""
_WAITS: Final = ("wait_for_customer", "resume")
_ON: Final = ("sign_slip", "take_in", "sign_certificate", "countersign_certificate", "book_certificate")


def past(n: int) -> PastCase:
    return PastCase(number=f"OLD-{n}", form=FORM, state=State.RECEIVED, received_at=BEGINNING, owner="sales")


def ended(kind: Classification) -> Callable[[int], tuple[PastCase]]:
    times: dict[str, Any] = {"received_at": BEGINNING, "accepted_at": BEGINNING, "closed_at": BEGINNING}
    return lambda n: (
        PastCase(number=f"OLD-{n}", form=FORM, state=State.SETTLED, classification=kind, outcome="explained", **times),
    )


def judged(case: Complaint) -> Judgement:
    """With penalties, each of somebody else in a second form, and an improvement."""
    unit = f"production-{case.turn}"
    return Judgement(
        liable=Liable.US,
        unit=unit,
        persons=("worker-9", f"worker-{case.turn}"),
        disposal="the mould is changed",
        tracked=True,
        loss={"goods": Money.of(100, "CNY")},
        shares=(Share(unit),),
        penalties=(ProposedPenalty(f"worker-{case.turn}", "warning"), ProposedPenalty(unit)),
    )


def part(parts: Parts[Any, Any, Any], move: str, position: str, *more: Any) -> Sample:
    """A sample for the first part that takes the move; where none does, for the first there is, or for none."""

    def first(case: Complaint) -> tuple[Any, ...]:
        there = getattr(case, parts.field)
        names = parts.names(there) or ["none" if parts.key else 1]
        for name, each in zip(names, there, strict=False):
            taken = [s for s in parts.table.steps if s.trigger.value == move and s.source is each.state]
            if any(step.on(parts.path(each)) for step in taken):
                return name, *(one(each) if callable(one) else one for one in more)
        return names[0], *(one(there[0] if there else None) if callable(one) else one for one in more)

    return with_case(position, first)


def rest(slip: Any) -> list[Goods]:
    return [Goods("engine", "2026-01", 2 - came(slip) or 1)]


def came(slip: Any) -> int:
    return 0 if slip is None else sum(line.quantity for line in slip.returned)


class OfComplaints(OnDesks):
    cases = COMPLAINT_CASES
    backends = ("memory", "sqlite")
    hand = partial(ComplaintAct, authorities=partial(GivenPositions().standing, None))  # type: ignore[arg-type]
    prepares: ClassVar = frozenset("involve inspect conclude rule answer object escalate review".split())
    ids: ClassVar = frozenset(
        """ComplaintForm.customer ComplaintForm.product ComplaintForm.batch ComplaintForm.order_number
        Classification.name Classification.cause Goods.product Goods.batch Finding.persons Share.unit
        Judgement.unit Judgement.persons Judgement.loss.keys ProposedPenalty.on ProposedPenalty.discipline
        assign.to remark.department involve.departments contribute.department contribute.word_of review.unit
        sign_slip.slip take_in.slip reconcile.slip resolve.slip cancel_slip.slip
        sign_certificate.certificate countersign_certificate.certificate book_certificate.certificate
        void_certificate.certificate PastCase.number PastCase.owner""".split()
    )
    unfilled = frozenset(
        {"prioritise.priority", "ComplaintForm.extra", "ComplaintForm.extra.keys", "Judgement.company"}
    )
    asks: ClassVar = {
        "close": ["SELECT csd_timer"],
        "assign": ["SELECT csd_staff", "SELECT csd_staff"],
        **dict.fromkeys(_BY_AUTHORITY.split(), ("SELECT csd_delegation", "SELECT csd_staff")),
    }
    #: Papers are drawn up for what was granted, and go on while it stands.
    #: No house that ships lets clocks stand still.
    never: ClassVar = frozenset(
        (state.value, use)
        for states, uses in ((_GRANTED, _DRAWS), (set(State) - {State.NOT_ACCEPTED, State.WITHDRAWN}, _ON))
        for state in State
        if state not in states
        for use in uses
    ) | {(state.value, waits) for state in OPEN for waits in _WAITS}
    house_path: ClassVar[Path]

    @classmethod
    def books(cls) -> list[Any]:
        return [name for name in super().books() if load_rulebook(name)[COMPLAINT_RULES].path is cls.house_path]

    def apart(self, case: Complaint) -> Hashable:
        remedy = case.form.submissions[-1].remedy if case.form.submissions else SORRY
        came = [pieces(s.returned) == s.approved for s in case.slips if s.state is SlipState.TAKEN_IN]
        due = {p.path for p in case.penalties if p.state is PenaltyState.APPROVED and case.reviewed}
        goods, money = remedy.returns and not case.slips, remedy.compensation and not case.certificates
        return bool(goods), bool(money), *came, *due

    def does(self, desk: Any) -> Any:
        return desk.complaints


def papers(*, seller: str, deputy: str) -> dict[str, Sample]:
    """Of slips, certificates and remarks: the same in every house, but for who does it."""
    return {
        "draw_slip": by(seller, "by truck"),
        "sign_slip": part(SLIPS, "sign", deputy),
        "take_in": part(SLIPS, "take_in", "warehouse_keeper", rest),
        "take_in/one": part(SLIPS, "take_in", "warehouse_keeper", [Goods("engine", "2026-01", 1)]),
        "reconcile": part(SLIPS, "book", "finance", "V-1"),
        "resolve": part(SLIPS, "resolve", deputy, came, "one was lost"),
        "cancel_slip": part(SLIPS, "cancel", seller, "they stay there"),
        "draw_certificate": by(seller, Money.of(80, "CNY")),
        "sign_certificate": part(CERTIFICATES, "sign", deputy),
        "countersign_certificate": part(CERTIFICATES, "countersign", seller),
        "book_certificate": part(CERTIFICATES, "book", "finance", "V-2"),
        "void_certificate": part(CERTIFICATES, "void", seller, "not countersigned"),
        "answer_remark": part(REMARKS, "answer", seller, "it is seen to"),
    }


class TestByAmount(OfComplaints):
    """Complaints that go through departments and are decided by amount."""

    rulebook = "after_sales"
    path = "departments"
    house_path = Path.DEPARTMENTS
    untold = ELSEWHERE | {"complaint.escalated"}
    absent = frozenset({"handle", "escalate", "propose", "satisfy", "handle_again", *_WAITS})
    #: Penalties are carried out once the closed case is reviewed; a report waits for every part.
    never: ClassVar = (
        OfComplaints.never
        | {(s.value, f"{does}_penalty") for s in State for does in ("notice", "publish") if s not in _REVIEWED}
        | {("reported", "contribute"), ("answered", "answer")}  # twice only where it turns out to be grave
    )
    samples: ClassVar = {
        "receive": by("sales", FORM),
        "take_over": numbered("service_manager", lambda n: (past(n),)),
        "take_over/ended": numbered("service_manager", ended(QUALITY)),
        "check": by("sales", "the order is ours"),
        "accept": by("service_agent", QUALITY),
        "mark": by("service_agent", reason="they wrote to a paper"),
        "mark/harm": by("service_agent", harm=True, reason="a hand was hurt"),
        "assign": by("service_manager", "sales", reason="knows them"),
        "promise": by("sales", UNTIL, reason="they asked"),
        "remark": by("sales", "the lift is slow", "building"),
        "note": by("sales", "see the photograph", attachments=["photo-2"]),
        "prioritise": by("service_agent", "", reason="as others"),
        "involve": by("service_agent", ["production"], UNTIL),
        "contribute": by("service_agent", "production", "the mould was worn", word_of="foreman"),
        "investigate": by("service_agent"),
        "inspect": by("rnd", Finding(True, "cracked", ("worker-9",), "a new mould")),
        "conclude": by("service_agent"),
        "report": by("service_agent", "how it came about"),
        "rule": by("deputy_general_manager", "carry on"),
        "judge": by("service_agent", Judgement(liable=Liable.US, unit="production", tracked=False)),
        "judge/penalties": with_case("service_agent", lambda case: (judged(case),)),
        "return_report": by("deputy_general_manager", "look again"),
        "correct_judgement": by("service_agent", Judgement(liable=Liable.CUSTOMER), "it was theirs"),
        "reclassify": by("service_agent", Classification("not_quality", "other"), "wrongly put"),
        "dismiss": by("general_manager", "used against the manual"),
        "submit": by("service_agent", SORRY),
        "submit/goods": by("service_agent", BACK),
        "submit/money": by("service_agent", PAID),
        "revise": by("service_agent", SORRY),
        "recommend": by("sales_manager", "they are right"),
        "approve": by("general_manager", reason="as proposed"),
        "reject": by("general_manager", "not like this"),
        "return_back": by("general_manager", "work it over"),
        "answer": by("service_agent", Channel.LETTER, "We are sorry."),
        "clear": by("service_manager", "We are sorry.", "an ordinary word"),
        "decline": by("sales", "that is not enough"),
        "renew": by("service_agent", FORM),
        "object": by("sales", "the customer objects"),
        "sustain": by("deputy_general_manager", "we stand by it"),
        "reopen": by("deputy_general_manager", "look again"),
        "close": by("service_manager", "explained"),
        "withdraw": by("service_agent", "never mind"),
        "review": by("gm_office", "sales", "a lesson"),
        **papers(seller="sales", deputy="deputy_for_sales"),
        "approve_penalty": part(PENALTIES, "approve", "deputy_general_manager"),
        "drop_penalty": part(PENALTIES, "drop", "deputy_general_manager", "it was nobody's fault"),
        "notice_penalty": part(PENALTIES, "notice", "general_manager"),
        "carry_out_penalty": part(PENALTIES, "carry_out", "hr"),
        "publish_penalty": part(PENALTIES, "publish", "hr"),
        "improve": part(IMPROVEMENTS, "carry_out", "rnd", ImprovementMove.CARRY_OUT, "done"),
        "improve/verify": part(IMPROVEMENTS, "verify", "rnd", ImprovementMove.VERIFY, "it helps"),
        "improve/drop": part(IMPROVEMENTS, "drop", "deputy_general_manager", ImprovementMove.DROP, "no"),
        "improve/fail": part(IMPROVEMENTS, "fail", "rnd", ImprovementMove.FAIL, "it does not"),
    }


class TestByLevel(OfComplaints):
    """Complaints that whoever receives them settles, or hands up the line."""

    rulebook = "medical_centre"
    path = "levels"
    house_path = Path.LEVELS
    untold = (
        OF_DEPARTMENTS
        | ELSEWHERE
        | {f"complaint.{name}" for name in ("deduct", "discipline", "reminder", "not_done", "warning")}
    )
    absent = frozenset(
        """check accept involve contribute investigate inspect conclude report rule judge dismiss submit revise
        recommend approve reject return_back return_report correct_judgement renew object sustain reopen review
        improve approve_penalty drop_penalty notice_penalty carry_out_penalty publish_penalty""".split()
    ).union(_WAITS)
    #: The centre reviews no case once more.
    never: ClassVar = (
        OfComplaints.never | {("closed", "review"), ("settling", "review")} | {("handling", use) for use in _ON}
    )
    samples: ClassVar = {
        "receive": by("customer_service", FORM),
        "take_over": numbered("branch_director", lambda n: (past(n),)),
        "take_over/ended": numbered("branch_director", ended(DAMAGE)),
        "handle": by("health_manager", DAMAGE),
        "mark": by("health_manager", reason="they wrote to a paper"),
        "mark/harm": by("health_manager", harm=True, reason="a hand was hurt"),
        "assign": by("supervisor", "health_manager", reason="knows them"),
        "promise": by("health_manager", UNTIL, reason="they asked"),
        "remark": by("customer_service", "the lift is slow", "building"),
        "note": by("customer_service", "see the photograph", attachments=["photo-2"]),
        "prioritise": by("health_manager", "", reason="as others"),
        "escalate": by("health_manager", "beyond me"),
        "reclassify": by("health_manager", Classification("service", "other"), "wrongly put"),
        "answer": by("health_manager", Channel.LETTER, "We are sorry."),
        "handle_again": by("health_manager", FORM),
        "propose": by("health_manager", SORRY),
        "propose/goods": by("health_manager", BACK),
        "propose/both": by("health_manager", BOTH),
        "satisfy": by("health_manager"),
        "clear": by("branch_director", "We are sorry.", "an ordinary word"),
        "decline": by("customer_service", "that is not enough"),
        "close": by("health_manager", "explained"),
        "withdraw": by("customer_service", "never mind"),
        **papers(seller="customer_service", deputy="branch_director"),
    }
