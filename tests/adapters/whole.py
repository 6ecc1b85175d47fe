"""A whole complaint through all departments, up to its monthly review: use cases one by one, and again.

Each has its own instant, its own key and its own ids, so that whoever does it, at whatever attempt, leaves the same.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from csdomain import Desk
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
from csdomain.desk import Services
from csdomain.kernel.store.ports import Receipt
from csdomain.kernel.values.ids import I, IdKind
from csdomain.kernel.values.money import Money
from csdomain.testing import MovableClock, SequentialIds, complaint_form, staff

BEGINNING: Final = MovableClock().now()
SLIP: Final = "TH202603-0001"
CERTIFICATE: Final = "ZK202603-0001"


def _money(yuan: int) -> Money:
    return Money.of(yuan, "CNY")


JUDGED: Final = Judgement(
    liable=Liable.US,
    unit="production",
    persons=("worker-7",),
    disposal="replace the batch",
    tracked=True,
    loss={"goods": _money(3000), "freight": _money(200)},
    shares=(Share("production", 2), Share("sales", 1)),
    penalties=(ProposedPenalty("worker-7", "warning"),),
)
GOODS: Final = (Goods("engine", "2026-01", 1),)
REMEDY: Final = Remedy(granted=_money(3200), compensation=_money(500), returns=GOODS, text="take back and compensate")
FOUND: Final = Finding(True, "cracked in hardening", ("worker-7",), "a new oven curve")

#: Who does each use case, and with what beside the complaint's id. The first fifteen close it.
STEPS: Final[Mapping[str, tuple[str, tuple[Any, ...]]]] = {
    "receive": ("sales", (complaint_form(claimed=_money(3200)),)),
    "check": ("sales", ("the order is ours",)),
    "accept": ("service_agent", (Classification("quality", "material"),)),
    "involve": ("service_agent", (["production"], BEGINNING + timedelta(days=2))),
    "investigate": ("service_agent", ()),
    "contribute": ("service_agent", ("production", "the oven ran too hot")),
    "inspect": ("rnd", (FOUND,)),
    "conclude": ("service_agent", ()),
    "report": ("service_agent", ("the batch was hardened too fast",)),
    "rule": ("deputy_general_manager", ("agreed",)),
    "judge": ("service_agent", (JUDGED,)),
    "submit": ("service_agent", (REMEDY,)),
    "approve": ("deputy_general_manager", ()),
    "answer": ("sales", (Channel.PHONE, "We take the engine back and pay 500 yuan.")),
    "close": ("service_agent", ("settled with the customer",)),
    "draw_slip": ("sales", ("truck",)),
    "sign_slip": ("deputy_for_sales", (SLIP,)),
    "take_in": ("warehouse_keeper", (SLIP, GOODS)),
    "reconcile": ("finance", (SLIP, "V1")),
    "draw_certificate": ("sales", (_money(500),)),
    "sign_certificate": ("deputy_for_sales", (CERTIFICATE,)),
    "countersign_certificate": ("sales", (CERTIFICATE,)),
    "book_certificate": ("finance", (CERTIFICATE, "V2")),
    "review": ("gm_office", ("production",)),
}


class StepIds:
    """Ids that count from where the present use case has its own."""

    def __init__(self) -> None:
        self._ids = SequentialIds()

    def begin(self, step: str) -> None:
        """The ids of a use case."""
        self._ids = SequentialIds(1_000_000 + 1000 * list(STEPS).index(step))

    def new(self, kind: IdKind[I], /) -> I:
        """The next."""
        return self._ids.new(kind)


def instant(step: str) -> datetime:
    """When a use case happens."""
    return BEGINNING + timedelta(minutes=5 * list(STEPS).index(step))


def step_of(desk: Desk, ids: StepIds, *, since: timedelta = timedelta()) -> Callable[..., Receipt]:
    """A function that does one use case on ``desk``, or ``within`` a unit of it; so much later than usual."""
    people = staff(desk)

    def do(step: str, id: str, *, key: str | None = None, within: Services | None = None) -> Receipt:
        ids.begin(step)
        who, given = STEPS[step]
        command = getattr((within or desk).complaints, step)
        at = instant(step) + since
        more = {"word_of": "foreman"} if step == "contribute" else {}
        done: Receipt = command(*([] if step == "receive" else [id]), *given, by=people[who], at=at, key=key, **more)
        return done

    return do
