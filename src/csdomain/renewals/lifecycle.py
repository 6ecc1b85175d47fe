"""The moves of a contract and of a renewal (REN-04, REN-09, REN-10)."""

from enum import Enum, unique
from typing import Final

from csdomain.kernel.cases.lifecycle import Lifecycle, Row, steps

from . import rules as r


@unique
class ContractState(Enum):
    """Where a contract stands: paid, past its end with service still on, or lapsed and suspended."""

    SIGNED = "signed"
    RUNNING = "running"
    IN_GRACE = "in_grace"
    LAPSED = "lapsed"
    ENDED = "ended"


@unique
class ContractMove(Enum):
    """What can be done with a contract, and what follows from renewals and from the calendar."""

    SIGN = "sign"
    ASSIGN = "assign"
    ADD = "add_vehicles"
    REMOVE = "remove_vehicles"
    END = "end"
    RENEW = "renew"
    EXPIRE = "expire"
    LAPSE = "lapse"


_S, _M = ContractState, ContractMove
_OPEN: Final = (_S.SIGNED, _S.RUNNING, _S.IN_GRACE, _S.LAPSED)
CONTRACT_MOVES: Final = Lifecycle(
    "contract",
    ContractState,
    ContractState.SIGNED,
    steps(
        "renewals",
        Row(_M.SIGN, None, _S.SIGNED, r.VEHICLES_CHANGE),
        Row(_M.ASSIGN, _OPEN, None, r.WATCH),
        Row(_M.ADD, _OPEN, None, r.VEHICLES_CHANGE, may="change"),
        Row(_M.REMOVE, _OPEN, None, r.VEHICLES_CHANGE, may="change"),
        Row(_M.END, (_S.SIGNED, _S.IN_GRACE, _S.LAPSED), _S.ENDED, r.LAPSE),
        Row(_M.RENEW, _OPEN, _S.RUNNING, r.EXTENSION, may="record"),
        Row(_M.EXPIRE, _S.RUNNING, _S.IN_GRACE, r.LAPSE, may="record"),
        Row(_M.LAPSE, _S.IN_GRACE, _S.LAPSED, r.LAPSE, may="record"),
    ),
    ended=(_S.LAPSED,),
)


@unique
class RenewalState(Enum):
    """Where a renewal stands."""

    ASKED = "asked"
    WILLING = "willing"
    UNWILLING = "unwilling"
    PROPOSED = "proposed"
    FILLED = "filled"
    PAID = "paid"
    EXTENDED = "extended"
    RECORDED = "recorded"
    TOLD = "told"
    ABANDONED = "abandoned"


@unique
class RenewalMove(Enum):
    """What can be done with a renewal, in the order of the form."""

    ASK = "ask"
    AGREE = "agree"
    DECLINE = "decline"
    FILL = "fill"
    PROPOSE = "propose"
    APPROVE = "approve"
    REJECT = "reject"
    CONFIRM = "confirm"
    EXTEND = "extend"
    RECORD = "record"
    TELL = "tell"
    ABANDON = "abandon"
    REVERSE = "reverse"


_R, _RM = RenewalState, RenewalMove
RENEWAL_MOVES: Final = Lifecycle(
    "renewal",
    RenewalState,
    RenewalState.ASKED,
    steps(
        "renewals",
        Row(_RM.ASK, None, _R.ASKED, r.FORM),
        Row(_RM.AGREE, _R.ASKED, _R.WILLING, r.FORM, may="ask"),
        Row(_RM.DECLINE, (_R.ASKED, _R.WILLING), _R.UNWILLING, r.OUTCOME, may="ask"),
        Row(_RM.FILL, _R.WILLING, _R.FILLED, r.FORM, may="ask"),
        Row(_RM.PROPOSE, _R.WILLING, _R.PROPOSED, r.QUOTE, may="ask"),
        Row(_RM.APPROVE, _R.PROPOSED, _R.FILLED, r.QUOTE),
        Row(_RM.REJECT, _R.PROPOSED, _R.WILLING, r.QUOTE, may="approve"),
        Row(_RM.CONFIRM, _R.FILLED, _R.PAID, r.FORM),
        Row(_RM.EXTEND, _R.PAID, _R.EXTENDED, r.FORM),
        Row(_RM.RECORD, _R.EXTENDED, _R.RECORDED, r.FORM),
        Row(_RM.TELL, _R.RECORDED, _R.TOLD, r.FORM, may="ask"),
        Row(_RM.ABANDON, (_R.PROPOSED, _R.FILLED), _R.ABANDONED, r.OUTCOME, may="ask"),
        Row(_RM.REVERSE, _R.PAID, _R.ABANDONED, r.OUTCOME, may="confirm"),
    ),
)
#: A renewal that is under way: there is one of a contract at a time.
UNDER_WAY: Final = frozenset({_R.ASKED, _R.WILLING, _R.PROPOSED, _R.FILLED, _R.PAID, _R.EXTENDED})
