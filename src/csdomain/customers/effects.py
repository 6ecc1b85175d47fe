"""Who is told of what happens to customers' records and papers, and which clocks run."""

from collections.abc import Iterable
from typing import Final

from csdomain.frame.effects import Effects, Scene, timer
from csdomain.kernel.cases.effects import Effect
from csdomain.kernel.cases.events import TimerBreached

from . import events as e
from . import rules as r
from .model.customer import CUSTOMERS
from .model.handover import HANDOVERS, Handover
from .model.health import HEALTH_FILES
from .values import CUSTOMER_RULES, CustomerRules

EFFECTS: Final = Effects(CUSTOMERS, CUSTOMER_RULES)
HEALTH_EFFECTS: Final = Effects(HEALTH_FILES, CUSTOMER_RULES)
HANDOVER_EFFECTS: Final = Effects(HANDOVERS, CUSTOMER_RULES)
S = Scene[CustomerRules]


@EFFECTS.on(e.CustomerAssigned)
def _assigned(event: e.CustomerAssigned, s: S) -> Iterable[Effect]:
    representative = event.representative
    nth = len(s.case.tenures)  # the same one may be assigned again
    yield s.tell(event, "assigned", representative, nth, representative=representative)


@EFFECTS.on(e.CustomerOffered)
def _offered(event: e.CustomerOffered, s: S) -> Iterable[Effect]:
    who = event.representative
    yield s.tell(event, "offered", s.rules.manager, s.case.offers, representative=who)


# --- handovers
@HANDOVER_EFFECTS.on(e.HandoverFiled)
def _filed(event: e.HandoverFiled, s: S) -> Iterable[Effect]:
    yield s.tell(event, "filed", s.rules.manager, customer=event.customer)


@HANDOVER_EFFECTS.on(e.HandoverSigned)
def _signed(event: e.HandoverSigned, s: S) -> Iterable[Effect]:
    yield s.tell(event, "signed", s.rules.clerk, customer=event.customer)
    yield s.clock(event, timer(r.TENURE), s.rules.contact_within)


@HANDOVER_EFFECTS.on(e.HandoverTransferred)
def _transferred(event: e.HandoverTransferred, s: S) -> Iterable[Effect]:
    # The new representative is told of the customer itself.
    yield s.tell(event, "transferred", s.rules.manager, customer=event.customer)


@HANDOVER_EFFECTS.on(e.HandoverContacted)
def _contacted(event: e.HandoverContacted, s: S) -> Iterable[Effect]:
    yield s.stop(event, timer(r.TENURE))


@HANDOVER_EFFECTS.on(e.HandoverRefused, e.HandoverWithdrawn)
def _ended(event: e.HandoverRefused | e.HandoverWithdrawn, s: S) -> Iterable[Effect]:
    yield s.cancel(event)
    yield s.tell(
        event,
        "ended",
        s.case.giver if isinstance(event, e.HandoverRefused) else s.rules.manager,
        customer=event.customer,
    )


@HANDOVER_EFFECTS.fires(TimerBreached, r.TENURE)
def _not_contacted(handover: Handover, fired: TimerBreached, s: S) -> Iterable[Effect]:
    yield s.tell(fired, "not_contacted", s.rules.manager, customer=handover.customer)
