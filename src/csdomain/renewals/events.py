"""What happens to contracts and renewals. Amounts are in minor units, dates those of the contract's zone."""

from datetime import date
from typing import ClassVar

import attrs

from csdomain.frame.acts import Told, stamped


# --- contracts
@attrs.frozen(kw_only=True)
class ContractMoved(Told):
    """Something happened to a contract of ``customer``; ``owner`` is the representative."""

    number: str = stamped()
    customer: str = stamped()
    owner: str = stamped()


@attrs.frozen(kw_only=True)
class ContractSigned(ContractMoved):
    """A contract for so many vehicles; its service begins with the first renewal form that is paid (REN-10)."""

    vehicles: int


@attrs.frozen(kw_only=True)
class TermBegan(ContractMoved):
    """The ``term``-th paid term of the contract: days from ``starts_on`` up to, and without, ``ends_on`` (REN-05)."""

    term: int
    plan: str
    starts_on: date
    ends_on: date
    paid_on: date
    vehicles: int
    amount: int
    tax: int


@attrs.frozen(kw_only=True)
class ContractTakenOver(TermBegan):
    """A contract of another system, in its present term."""


@attrs.frozen(kw_only=True)
class RepresentativeChanged(ContractMoved):
    """Somebody else looks after the contract: ``owner``, after ``before`` (REN-03, REN-08).

    ``coming`` is the term that is still to come due, 0 where there is none.
    """

    before: str
    coming: int


@attrs.frozen(kw_only=True)
class VehiclesChanged(ContractMoved):
    """Vehicles joined or left for the ``change``-th time: the contract has ``vehicles`` now (REN-10).

    ``coming`` is the term that is still to come due, 0 where there is none.
    """

    coming: int
    change: int
    vehicles: int
    amount: int


@attrs.frozen(kw_only=True)
class VehiclesAdded(VehiclesChanged):
    """Vehicles joined; ``amount`` is due for the rest of the term."""


@attrs.frozen(kw_only=True)
class VehiclesRemoved(VehiclesChanged):
    """Vehicles left; ``amount`` is due to the customer, of which ``credited`` is credit: finance gives back the rest.

    Schema 1 had no credit.
    """

    schema: ClassVar[int] = 2

    credited: int = 0


@attrs.frozen(kw_only=True)
class ContractExpired(ContractMoved):
    """The ``term``-th term ended without another: service runs on for the days of grace (REN-05, REN-09)."""

    term: int


@attrs.frozen(kw_only=True)
class ContractLapsed(ContractMoved):
    """The days of grace after the ``term``-th term are over: the service is suspended (REN-09)."""

    term: int


@attrs.frozen(kw_only=True)
class ContractEnded(ContractMoved):
    """The contract is over for good."""


# --- renewals
@attrs.frozen(kw_only=True)
class RenewalMoved(Told):
    """Something happened to a renewal of a contract of ``customer``; ``owner`` asked the customer."""

    number: str = stamped()
    contract: str = stamped()
    customer: str = stamped()
    owner: str = stamped()


@attrs.frozen(kw_only=True)
class RenewalAsked(RenewalMoved):
    """The customer is asked whether the contract is to be renewed (REN-04)."""


@attrs.frozen(kw_only=True)
class RenewalAgreed(RenewalMoved):
    """The customer renews and pays in cash, or by transfer from ``bank`` (REN-04)."""

    bank: str


@attrs.frozen(kw_only=True)
class RenewalDeclined(RenewalMoved):
    """The customer does not renew after the ``term``-th term, for what ``code`` says (REN-07)."""

    code: str
    term: int


@attrs.frozen(kw_only=True)
class DiscountProposed(RenewalMoved):
    """A discount needs consent, for the ``nth`` time: ``off`` of the list price, ``total`` would be paid (REN-02)."""

    nth: int
    total: int
    off: int


@attrs.frozen(kw_only=True)
class DiscountRejected(RenewalMoved):
    """The ``nth`` discount, ``off`` the list price, is not granted: the form is filled in otherwise (REN-02)."""

    nth: int
    off: int


@attrs.frozen(kw_only=True)
class RenewalFilled(RenewalMoved):
    """The form is drawn up and the bill opened: ``months`` of service for ``total`` (REN-04)."""

    total: int
    months: int


@attrs.frozen(kw_only=True)
class DiscountApproved(RenewalFilled):
    """As :class:`RenewalFilled`, with a discount of ``off`` that was granted (REN-02)."""

    off: int


@attrs.frozen(kw_only=True)
class PaymentSigned(RenewalMoved):
    """Finance has the money since ``paid_on`` and has signed for the days up to, and without, ``until`` (REN-04)."""

    paid_on: date
    since: date
    until: date


@attrs.frozen(kw_only=True)
class ServiceExtended(RenewalMoved):
    """The service runs until then, and the administrator has signed (REN-04)."""

    until: date


@attrs.frozen(kw_only=True)
class RenewalRecorded(RenewalMoved):
    """The contract has its next term, the administrator a copy of the form (REN-04)."""

    term: int
    before: date
    until: date
    months: int


@attrs.frozen(kw_only=True)
class CustomerTold(RenewalMoved):
    """The customer was told by phone that the service is extended (REN-04)."""


@attrs.frozen(kw_only=True)
class RenewalAbandoned(RenewalMoved):
    """Nothing comes of the renewal, for what ``code`` says; what was paid is credit (REN-07)."""

    code: str


@attrs.frozen(kw_only=True)
class RenewalReversed(RenewalAbandoned):
    """As :class:`RenewalAbandoned`, after finance had signed: the service is not extended to ``until`` (REN-07)."""

    since: date
