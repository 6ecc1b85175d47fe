"""What every context owes, and the service desk with it: one sample of each command."""

from datetime import date, timedelta
from functools import partial
from typing import Any, ClassVar, Final

import pytest

from adapters.harness import BACKENDS
from csdomain.casework.sanctions import SanctionState
from csdomain.kernel.rules import AUDITED, MOVES, ONE_WRITER, PERMITTED, PERSONAL_DATA, PORTS, TIME
from csdomain.service_desk.context import CONTEXT
from csdomain.service_desk.lifecycle import State
from csdomain.service_desk.model.job import Job
from csdomain.service_desk.model.past import PAST, PastJob
from csdomain.service_desk.service import CHECK_CASES, JOB_CASES, TRIAL_CASES
from csdomain.service_desk.values import OCCASIONS, InHand, Kind, Work
from csdomain.testing.cases import CaseContract, by, numbered, with_case
from csdomain.testing.kit import BEGINNING
from csdomain.testing.stands import use_of
from service_desk.counter import WHO, FakeTill, calling, hand, trip, yuan

pytestmark = pytest.mark.rule(MOVES, PERMITTED, AUDITED, ONE_WRITER, PORTS, TIME, PERSONAL_DATA)
LATER: Final = BEGINNING + timedelta(days=20)


class AtTheDesk(CaseContract):
    """What the kinds of case have in common."""

    rulebook = "after_sales"
    backends = BACKENDS
    hand = staticmethod(hand)

    @pytest.fixture
    def open_desk(self, desks: Any) -> Any:
        return lambda backend: desks(backend, rulebook=self.rulebook)

    def does(self, desk: Any) -> Any:
        return desk.of(CONTEXT, till=lambda _: FakeTill())


def past(there: int, **more: Any) -> tuple[PastJob]:
    numbers: dict[str, Any] = {
        "number": f"OLD-{there}",
        "voucher": f"V-{there}",
        "received_at": BEGINNING - timedelta(days=9),
    }
    return (PastJob(call=calling(), **numbers, **more),)


def stands(state: State, there: int) -> tuple[PastJob]:
    """A job of another system with all that one has in that state."""
    at = BEGINNING - timedelta(days=8)
    has: dict[str, Any] = {"technician": "service_agent", "expected": at, "arrived_at": at, "reason": "not at home"}
    has |= {"work": Work(done="a new roller", began=at, ended=at), "signed_by": "Mrs Wang", "signed_at": at}
    has |= {"countersigned_by": "deputy", "countersigned_at": at}
    fee = {"fee": yuan(150)} if "work" in PAST[state] else {}
    return past(there, state=state, **fee, **{name: has[name] for name in PAST[state]})


def worked(job: Job) -> tuple[Any, ...]:
    at = (job.visits[-1].arrived_at if job.visits else None) or job.moved_at
    return (Work(done="a new roller", began=at, ended=at), yuan(150) if job.kind is Kind.PAID else None)


def asked(job: Job, *states: SanctionState) -> int:
    found = [place for place, one in enumerate(job.trips, 1) if one.state in states]
    return found[0] if found else 1


def left_of(check: Any) -> int:
    return next((n for n, one in enumerate(check.differences, 1) if not one.cleared_by), 1)


def untold(*told: str) -> frozenset[str]:
    return frozenset(occasion.name for occasion in OCCASIONS) - set(told)


TO_DECIDE: Final = SanctionState.SUBMITTED


class TestJobs(AtTheDesk):
    """Jobs with a voucher."""

    cases = JOB_CASES
    path = "voucher"
    absent = frozenset({"advise", "answer"})
    samples: ClassVar = {
        "receive": by("service_agent", calling()),
        "receive/away": numbered("service_agent", lambda _: (calling(out_of_town=True),)),
        "receive/free": numbered("service_agent", lambda _: (calling(Kind.FREE),)),
        "take_over": numbered("service_manager", past),
        "take_over/going": numbered(
            "service_manager", lambda there: past(there, technician="service_agent", expected=BEGINNING)
        ),
        **{
            f"take_over/{state.value}": numbered("service_manager", partial(stands, state))
            for state in PAST
            if state not in (State.RECEIVED, State.DISPATCHED)
        },
        "classify": by("service_manager", Kind.CONTRACT, "HT-1", "has a contract"),
        "ask_trip": by("service_agent", trip("service_manager")),
        "change_trip": with_case("service_agent", lambda job: (1, trip("service_manager", town="Lijiang"))),
        "approve_trip": with_case("deputy_general_manager", lambda job: (asked(job, TO_DECIDE),)),
        "refuse_trip": with_case("deputy_general_manager", lambda job: (asked(job, TO_DECIDE), "by phone")),
        "withdraw_trip": with_case(
            "service_agent", lambda job: (asked(job, TO_DECIDE, SanctionState.APPROVED), "not needed")
        ),
        "dispatch": by("service_manager", "service_manager", LATER, "urgent"),
        "call_off": by("service_manager", "ill"),
        "arrive": by("service_manager"),
        "unsettle": by("service_manager", "no part", "bring one", date(2026, 9, 1)),
        "enter": with_case("service_manager", worked),
        "settle": by("service_manager", "Mrs Wang"),
        "leave_unsigned": by("service_manager", "not at home"),
        "close_unsigned": by("deputy_general_manager", "moved away"),
        "countersign": by("deputy_general_manager"),
        "archive": by("service_agent"),
        "collect": by("service_agent", yuan(50)),
        "book_cost": by("service_agent", "travel", yuan(80), "by train"),
        "request_purchase": by("service_manager", "a roller", yuan(60)),
        "cancel": by("service_agent", "works again"),
    }
    ids = frozenset({"Call.customer", "Call.cover", "Product.model", "Trip.technician", "Trip.town"}) | {
        *("PastJob.number", "PastJob.voucher", "PastJob.technician", "PastJob.countersigned_by"),
        *("dispatch.technician", "book_cost.what"),
        *("classify.cover",),
    }
    prepares = frozenset({"enter"})
    untold = frozenset(
        {"job.cancelled", "job.question", "job.unanswered", "register_check.differences", "trial.ending"}
    )

    def apart(self, case: Any) -> bool:
        away: bool = case.out_of_town
        return away


class TestAdvice(AtTheDesk):
    """Free advice."""

    cases = JOB_CASES
    path = "advice"
    absent = frozenset(use_of(name) for name in TestJobs.samples) - {"cancel"}
    untold = untold("job.question", "job.unanswered")
    samples: ClassVar = {
        "advise": by("service_agent", WHO, "Which paper does it take?"),
        "advise/customer": numbered("service_agent", lambda _: (WHO, "Which paper does it take?", "customer-1")),
        "answer": by("service_agent", "Any of 80 g."),
        "cancel": by("service_agent", "asked twice"),
    }
    ids = frozenset({"advise.customer"})


class TestChecks(AtTheDesk):
    """The daily check."""

    cases = CHECK_CASES
    samples: ClassVar = {
        "check": by("service_agent", [InHand(voucher="PZ-2", signed=True), InHand(voucher="PZ-9")]),
        "clear": with_case("service_agent", lambda check: (left_of(check), "found again")),
    }
    ids = frozenset({"InHand.voucher"})
    untold = untold("register_check.differences")

    def apart(self, case: Any) -> int:
        left: int = case.left
        return left

    def does(self, desk: Any) -> Any:
        return super().does(desk).checks


class TestTrials(AtTheDesk):
    """Free trials."""

    cases = TRIAL_CASES
    samples: ClassVar = {
        "grant": by("service_agent", "customer-1", "P-200", date(2026, 3, 5), date(2026, 4, 5), date(2026, 3, 6)),
        "extend": with_case("service_agent", lambda trial: (trial.until + timedelta(days=9), "was away")),
        "end": by("service_agent", "bought", "two of them"),
    }
    ids = frozenset({"grant.customer", "grant.product", "end.outcome"})
    untold = untold("trial.ending")

    def does(self, desk: Any) -> Any:
        return super().does(desk).trials
