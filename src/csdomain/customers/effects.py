"""Who is told of what happens to customers' records and papers, and which clocks run."""

from collections.abc import Iterable
from typing import Final

from csdomain.frame.effects import Effects, Scene, timer
from csdomain.kernel.cases.effects import Effect, Fact, Message
from csdomain.kernel.cases.events import TimerBreached, TimerFired, TimerReminded
from csdomain.kernel.cases.timers import SYSTEM
from csdomain.kernel.store.ports import Unit

from . import events as e
from . import rules as r
from .model.connection import CONNECTIONS, SECRETS, Connection
from .model.correction import CORRECTIONS
from .model.customer import CUSTOMERS
from .model.handover import HANDOVERS, Handover
from .model.health import HEALTH_FILES
from .model.lead import LEADS
from .model.release import RELEASES
from .model.vehicle import VEHICLES
from .model.worklist import WORKLISTS
from .values import CUSTOMER_RULES, CustomerRules, Step

EFFECTS: Final = Effects(CUSTOMERS, CUSTOMER_RULES)
HEALTH_EFFECTS: Final = Effects(HEALTH_FILES, CUSTOMER_RULES)
HANDOVER_EFFECTS: Final = Effects(HANDOVERS, CUSTOMER_RULES)
RELEASE_EFFECTS: Final = Effects(RELEASES, CUSTOMER_RULES)
CORRECTION_EFFECTS: Final = Effects(CORRECTIONS, CUSTOMER_RULES)
LEAD_EFFECTS: Final = Effects(LEADS, CUSTOMER_RULES)
VEHICLE_EFFECTS: Final = Effects(VEHICLES, CUSTOMER_RULES)
CONNECTION_EFFECTS: Final = Effects(CONNECTIONS, CUSTOMER_RULES)
WORKLIST_EFFECTS: Final = Effects(WORKLISTS, CUSTOMER_RULES)
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
    withdrawn = isinstance(event, e.HandoverWithdrawn) and event.by != SYSTEM  # by people, not with a merged record
    to = s.rules.manager if withdrawn else event.giver
    yield s.tell(event, "ended", to, customer=event.customer)


@HANDOVER_EFFECTS.fires(TimerBreached, r.TENURE)
def _not_contacted(handover: Handover, fired: TimerBreached, s: S) -> Iterable[Effect]:
    yield s.tell(fired, "not_contacted", s.rules.manager, customer=handover.customer)


# --- releases and corrections
@RELEASE_EFFECTS.on(e.ReleaseAsked)
def _asked(event: e.ReleaseAsked, s: S) -> Iterable[Effect]:
    yield s.tell(event, "asked", s.rules.manager, customer=event.customer)


@RELEASE_EFFECTS.on(e.ReleaseSigned)
def _released(event: e.ReleaseSigned, s: S) -> Iterable[Effect]:
    yield s.tell(event, "signed", s.case.owner, customer=event.customer)


@RELEASE_EFFECTS.on(e.ReleaseEnded)
def _kept(event: e.ReleaseEnded, s: S) -> Iterable[Effect]:
    yield s.tell(event, "ended", s.case.owner, customer=event.customer)


@CORRECTION_EFFECTS.on(e.CorrectionReported)
def _reported(event: e.CorrectionReported, s: S) -> Iterable[Effect]:
    yield s.tell(event, "reported", s.rules.manager, customer=event.customer, field=event.field)


@CORRECTION_EFFECTS.on(e.CorrectionOrdered)
def _ordered(event: e.CorrectionOrdered, s: S) -> Iterable[Effect]:
    yield s.tell(event, "ordered", s.rules.clerk, customer=event.customer, field=event.field)


@CORRECTION_EFFECTS.on(e.CorrectionMended, e.CorrectionRefused)
def _answered(event: e.CorrectionMended | e.CorrectionRefused, s: S) -> Iterable[Effect]:
    yield s.tell(event, "ended", s.case.owner, customer=event.customer, field=event.field)


# --- leads
@LEAD_EFFECTS.on(e.LeadNoted)
def _noted(event: e.LeadNoted, s: S) -> Iterable[Effect]:
    yield s.tell(event, "noted", s.rules.sales)


@LEAD_EFFECTS.on(e.LeadClosed)
def _closed(event: e.LeadClosed, s: S) -> Iterable[Effect]:
    yield s.tell(event, "closed", s.case.noted_by)


# --- connections
@CONNECTION_EFFECTS.on(e.ConnectionReceived)
def _received(event: e.ConnectionReceived, s: S) -> Iterable[Effect]:
    # The manager hands both papers to the technician who installs.
    yield s.tell(event, "received", s.rules.manager, customer=event.customer)
    yield s.clock(event, timer(r.LISTED), s.rules.file_within)


@CONNECTION_EFFECTS.on(e.AccountOrdered)
def _account_ordered(event: e.AccountOrdered, s: S) -> Iterable[Effect]:
    if event.ordered > 1:
        yield s.stop(event, timer(r.ACCOUNT, event.ordered - 1), cancelled=True)
    yield s.tell(event, "order_account", s.rules.provisioning, event.ordered, customer=event.customer)


@CONNECTION_EFFECTS.on(e.AccountOpened)
def _account_opened(event: e.AccountOpened, s: S) -> Iterable[Effect]:
    yield s.tell(event, "account", event.customer, event.ordered, account=event.account)
    yield s.clock(event, timer(r.ACCOUNT, event.ordered), s.rules.sealed_for, reminder=True)


@CONNECTION_EFFECTS.on(e.StepTicked, e.ConnectionFiled)
def _filed_and_told(event: e.StepTicked | e.ConnectionFiled, s: S) -> Iterable[Effect]:
    if s.case.folder and Step.PHONE in s.case.done:
        yield s.stop(event, timer(r.LISTED))


@CONNECTION_EFFECTS.on(e.ConnectionCancelled)
def _cancelled(event: e.ConnectionCancelled, s: S) -> Iterable[Effect]:
    yield s.cancel(event)


@CONNECTION_EFFECTS.fires(TimerBreached, r.LISTED)
def _late(connection: Connection, fired: TimerBreached, s: S) -> Iterable[Effect]:
    yield s.tell(fired, "late", s.rules.manager, customer=connection.customer)


def _lapsed(unit: Unit, fired: TimerFired) -> Iterable[Effect]:
    """A secret that nobody delivered in time is destroyed: another one is ordered, it is never sent again. [CUS-12]"""
    if isinstance(fired, TimerReminded) and unit.register(SECRETS).drop(SECRETS["connection"].is_(fired.subject)):
        case = unit.of(CONNECTIONS).get(fired.subject)
        facts: dict[str, Fact] = {"connection": case.id, "number": "", "customer": case.customer}
        yield Message(f"{case.id}/{fired.timer}/lapsed", "connection.secret_lapsed", case.owner, facts)


CONNECTION_EFFECTS.handles(r.ACCOUNT, _lapsed)


# --- lists
@WORKLIST_EFFECTS.on(e.WorklistHanded)
def _handed(event: e.WorklistHanded, s: S) -> Iterable[Effect]:
    yield s.tell(event, "handed", s.rules.manager, customers=event.customers)


@WORKLIST_EFFECTS.on(e.WorklistDone)
def _done(event: e.WorklistDone, s: S) -> Iterable[Effect]:
    yield s.tell(event, "done", s.case.owner)
