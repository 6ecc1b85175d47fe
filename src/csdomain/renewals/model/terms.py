"""What outlives the contract's body: each term with what became of it, and each sum that is earned by the day.

Terms follow from events alone (REN-08). What is earned is added to and never changed: who leaves in mid-term adds their
share with its early end, and takes off the share that would have run on (REN-11).
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

import attrs

from csdomain.frame.acts import Events
from csdomain.kernel.cases.events import Event
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.store.registers import Change, Mode, Register
from csdomain.kernel.values.money import Money
from csdomain.renewals import events as e
from csdomain.renewals.policies.pricing import Share, Taxed
from csdomain.renewals.policies.revenue import PaidTerm, Stop
from csdomain.renewals.values import Period

OPEN: Final = "open"
RENEWED: Final = "renewed"


@attrs.frozen(kw_only=True)
class Term:
    """A paid term of a contract, due on ``ends_on``: for how many vehicles then, and what became of it.

    ``owner`` is the representative at the end of the term.
    """

    contract: str
    term: int
    branch: str
    ends_on: date
    plan: str
    owner: str
    vehicles: int
    outcome: str = OPEN


TERMS: Final = Register(
    Term,
    "contract_term",
    Mode.STATE,
    ("contract", "term"),
    states=("owner", "vehicles", "outcome"),
    indexes=(("ends_on",),),
)


@attrs.frozen(kw_only=True)
class Earning:
    """So much is earned over the days of a term, or, with ``sign`` -1, is not after all. Amounts in minor units."""

    contract: str
    line: int
    branch: str
    owner: str
    sign: int
    starts_on: date
    ends_on: date
    paid_on: date
    gross: int
    tax: int
    stop_on: date | None = None
    refund: int = 0
    refund_tax: int = 0

    @classmethod
    def of(cls, contract: Any, line: int, term: PaidTerm, sign: int) -> "Earning":
        """The row of a paid term of a contract."""
        stop, amount = term.stop, term.amount
        return cls(
            contract=contract.id,
            line=line,
            branch=contract.branch,
            owner=contract.owner,
            sign=sign,
            starts_on=term.period.start,
            ends_on=term.period.end,
            paid_on=term.paid_on,
            gross=amount.gross.minor,
            tax=amount.tax.minor,
            stop_on=None if stop is None else stop.on,
            refund=0 if stop is None else stop.refund.gross.minor,
            refund_tax=0 if stop is None else stop.refund.tax.minor,
        )

    def term(self, currency: str) -> PaidTerm:
        """The paid term that the row stands for, all vehicles as one."""

        def taxed(gross: int, tax: int) -> Taxed:
            return Taxed(Money(gross, currency), Money(tax, currency))

        whole, paid = Period(self.starts_on, self.ends_on), taxed(self.gross, self.tax)
        stop = None if self.stop_on is None else Stop(self.stop_on, taxed(self.refund, self.refund_tax))
        return PaidTerm(whole, (Share("-", paid),), self.paid_on, paid.gross, whole, stop)


EARNINGS: Final = Register(Earning, "earning", Mode.APPEND, ("contract", "line"), indexes=(("ends_on",),))


def follow(unit: Unit, branch: str, events: Events) -> None:
    """Bring the terms of a contract up to what happened to it or to its renewal. [REN-08]"""
    rows = unit.register(TERMS)
    for event in events:
        if isinstance(event, e.TermBegan):
            rows.put([_begun(event, branch)])
        for change in _changes(event):
            rows.take(change.key, when=change.when, set=change.set)


def _begun(event: e.TermBegan, branch: str) -> Term:
    return Term(
        contract=event.subject,
        term=event.term,
        branch=branch,
        ends_on=event.ends_on,
        plan=event.plan,
        owner=event.owner,
        vehicles=event.vehicles,
    )


def _changes(event: Event) -> Iterable[Change]:
    undecided = TERMS["outcome"].is_(OPEN)
    if isinstance(event, e.TermBegan) and event.term > 1:
        yield Change((event.subject, event.term - 1), set={"outcome": RENEWED})
    if isinstance(event, e.RepresentativeChanged) and event.coming:
        yield Change((event.subject, event.coming), set={"owner": event.owner})
    if isinstance(event, e.VehiclesChanged) and event.coming:
        yield Change((event.subject, event.coming), set={"vehicles": event.vehicles})
    if isinstance(event, e.ContractLapsed):
        yield Change((event.subject, event.term), when=(undecided,), set={"outcome": "lapsed"})
    if isinstance(event, e.RenewalDeclined) and event.term:
        lapsed = TERMS["outcome"].among((OPEN, "lapsed", "declined"))
        yield Change((event.contract, event.term), when=(lapsed,), set={"outcome": "declined"})
