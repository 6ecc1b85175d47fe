"""The moves of a bill and of a payment (SVC-05, REN-06, REN-12, REN-13)."""

from enum import Enum, unique
from typing import Final

from csdomain.kernel.cases.lifecycle import Lifecycle, Row, steps

from . import rules as r


@unique
class BillState(Enum):
    """Where a bill stands: *collected* is what the customer may rely on, *paid* what finance has confirmed."""

    OPEN = "open"
    COLLECTED = "collected"
    PAID = "paid"
    CANCELLED = "cancelled"
    WRITTEN_OFF = "written_off"


@unique
class BillMove(Enum):
    """What can be done with a bill, and what follows from what is done with payments."""

    OPEN = "open"
    APPLY = "apply"
    TAKE_BACK = "take_back"
    REFUND = "refund"
    INVOICE = "invoice"
    LOWER = "lower"
    CANCEL = "cancel"
    WRITE_OFF = "write_off"
    CONFIRM = "confirm"
    COLLECT = "collect"
    PAY = "pay"
    REOPEN = "reopen"


_S, _M = BillState, BillMove
_LIVE: Final = (_S.OPEN, _S.COLLECTED, _S.PAID)
BILL_MOVES: Final = Lifecycle(
    "bill",
    BillState,
    BillState.OPEN,
    steps(
        "payments",
        Row(_M.OPEN, None, _S.OPEN, r.CHARGE, may="bill"),
        Row(_M.APPLY, _S.OPEN, None, r.AMOUNT),
        Row(_M.TAKE_BACK, _LIVE, None, r.AMOUNT, may="apply"),
        Row(_M.REFUND, _LIVE, None, r.AMOUNT),
        Row(_M.INVOICE, _LIVE, None, r.CHARGE),
        Row(_M.LOWER, _S.OPEN, None, r.CHARGE),
        Row(_M.CANCEL, _S.OPEN, _S.CANCELLED, r.CHARGE),
        Row(_M.WRITE_OFF, _S.OPEN, _S.WRITTEN_OFF, r.CHARGE),
        Row(_M.CONFIRM, (*_LIVE, _S.WRITTEN_OFF), None, r.CHARGE),
        Row(_M.COLLECT, _S.OPEN, _S.COLLECTED, r.CHARGE, may="apply"),
        Row(_M.PAY, (_S.OPEN, _S.COLLECTED), _S.PAID, r.CHARGE, may="apply"),
        Row(_M.REOPEN, (_S.COLLECTED, _S.PAID), _S.OPEN, r.CHARGE, may="apply"),
    ),
    ended=(_S.PAID, _S.WRITTEN_OFF),
)


@unique
class Way(Enum):
    """How a payment comes."""

    CASH = "cash"
    TRANSFER = "transfer"


@unique
class PaymentState(Enum):
    """Where a payment stands. *Pending* is cash in the hand that took it, or a transfer that was announced."""

    PENDING = "pending"
    HANDED_IN = "handed_in"
    CONFIRMED = "confirmed"
    FAILED = "failed"


@unique
class PaymentMove(Enum):
    """What can be done with a payment, and what follows from what is done with bills."""

    TAKE = "take"
    ANNOUNCE = "announce"
    RECEIVE = "receive"
    HAND_IN = "hand_in"
    CONFIRM = "confirm"
    FAIL = "fail"
    REFUND = "refund"
    CONTACT = "contact"
    USE = "use"
    FREE = "free"


_CASH: Final = frozenset({Way.CASH.value})
_TRANSFER: Final = frozenset({Way.TRANSFER.value})
_P, _PM = PaymentState, PaymentMove
PAYMENT_MOVES: Final = Lifecycle(
    "payment",
    PaymentState,
    PaymentState.PENDING,
    steps(
        "payments",
        Row(_PM.TAKE, None, _P.PENDING, r.CASH, paths=_CASH),
        Row(_PM.ANNOUNCE, None, _P.PENDING, r.CASH, paths=_TRANSFER),
        Row(_PM.RECEIVE, None, _P.PENDING, r.AMOUNT, may="confirm", paths=_TRANSFER),
        Row(_PM.HAND_IN, _P.PENDING, _P.HANDED_IN, r.CASH, paths=_CASH),
        Row(_PM.CONFIRM, _P.HANDED_IN, _P.CONFIRMED, r.AMOUNT, paths=_CASH),
        Row(_PM.CONFIRM, _P.PENDING, _P.CONFIRMED, r.AMOUNT, paths=_TRANSFER),
        Row(_PM.FAIL, _P.PENDING, _P.FAILED, r.AMOUNT, may="confirm", paths=_TRANSFER),
        Row(_PM.REFUND, _P.CONFIRMED, None, r.AMOUNT),
        Row(_PM.CONTACT, _P.CONFIRMED, None, r.NOTICE),
        # What was announced has not come: none of it is ever used.
        *(
            Row(move, sources, None, r.AMOUNT, may="apply", paths=paths)
            for move in (_PM.USE, _PM.FREE)
            for sources, paths in (((_P.PENDING, _P.HANDED_IN), _CASH), (_P.CONFIRMED, frozenset[str]()))
        ),
    ),
    ended=(_P.CONFIRMED,),
)
