"""What happens to bills and payments. Amounts are in minor units."""

from datetime import date

import attrs

from csdomain.frame.acts import Told, stamped


# --- bills
@attrs.frozen(kw_only=True)
class BillMoved(Told):
    """Something happened to a bill of ``customer``: for the ``purpose`` of the case ``about``."""

    customer: str = stamped()
    about: str = stamped("subject")
    purpose: str = stamped()


@attrs.frozen(kw_only=True)
class BillOpened(BillMoved):
    """Something is owed: ``due``."""

    due: int


@attrs.frozen(kw_only=True)
class MoneyMoved(BillMoved):
    """Something happened to so much of a payment that is used for the bill."""

    payment: str
    amount: int


@attrs.frozen(kw_only=True)
class MoneyApplied(MoneyMoved):
    """So much of a payment was used for the bill (REN-06)."""


@attrs.frozen(kw_only=True)
class MoneyTakenBack(MoneyMoved):
    """So much of a payment is used for the bill no more (REN-06)."""


@attrs.frozen(kw_only=True)
class MoneyConfirmed(MoneyMoved):
    """Finance has confirmed a payment of which so much is used for the bill."""


@attrs.frozen(kw_only=True)
class BillCollected(BillMoved):
    """What was taken covers the bill; finance has not confirmed all of it yet (SVC-05)."""


@attrs.frozen(kw_only=True)
class BillPaid(BillMoved):
    """What finance has confirmed covers the bill (REN-04, ORD-04)."""


@attrs.frozen(kw_only=True)
class BillReopened(BillMoved):
    """Something of the bill is owed again."""


@attrs.frozen(kw_only=True)
class BillInvoiced(BillMoved):
    """Finance has invoiced what is due (SVC-05)."""

    invoice: str
    amount: int


@attrs.frozen(kw_only=True)
class BillLowered(BillMoved):
    """Less is owed: after an invoice by the credit note ``note`` (SVC-05)."""

    note: str
    amount: int


@attrs.frozen(kw_only=True)
class BillCancelled(BillMoved):
    """Nothing of the bill is owed, nothing was collected or invoiced."""


@attrs.frozen(kw_only=True)
class BillWrittenOff(BillMoved):
    """What is left of the bill will not come."""

    amount: int


# --- payments
@attrs.frozen(kw_only=True)
class PaymentMoved(Told):
    """Something happened to a payment of ``customer``; ``owner`` took it, or recorded what was announced."""

    customer: str = stamped()
    owner: str = stamped()


@attrs.frozen(kw_only=True)
class CashTaken(PaymentMoved):
    """Cash was taken; ``owner`` holds it (REN-13)."""

    amount: int


@attrs.frozen(kw_only=True)
class CashHandedIn(PaymentMoved):
    """The cash is with finance (REN-13)."""


@attrs.frozen(kw_only=True)
class TransferAnnounced(PaymentMoved):
    """The customer will transfer money to our account at ``bank`` (REN-13)."""

    amount: int
    bank: str


@attrs.frozen(kw_only=True)
class TransferReceived(TransferAnnounced):
    """Money came that nobody had announced (REN-06)."""


@attrs.frozen(kw_only=True)
class TransferFailed(PaymentMoved):
    """The money that was announced did not come."""


@attrs.frozen(kw_only=True)
class PaymentConfirmed(PaymentMoved):
    """Finance has the money since ``value_on`` (REN-04, REN-12)."""

    amount: int
    value_on: date


@attrs.frozen(kw_only=True)
class PaymentUsed(PaymentMoved):
    """So much of it is used for a bill (REN-06)."""

    bill: str
    amount: int


@attrs.frozen(kw_only=True)
class PaymentFreed(PaymentUsed):
    """So much of it is used for a bill no more, and is credit again (REN-06)."""


@attrs.frozen(kw_only=True)
class PaymentRefunded(PaymentMoved):
    """So much of it goes back to the customer: the ``nth`` time."""

    nth: int
    amount: int


@attrs.frozen(kw_only=True)
class CustomerContacted(PaymentMoved):
    """The customer was told in person that the money has come (REN-12)."""
