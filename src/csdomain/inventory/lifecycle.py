"""The moves of products, shelves and the papers of the warehouse."""

from enum import Enum, unique
from typing import Final

from csdomain.kernel.cases.lifecycle import Lifecycle, Row, steps

from . import rules as r


@unique
class ProductState(Enum):
    """Whether a product is taken into stock."""

    LISTED = "listed"
    RETIRED = "retired"


@unique
class ProductMove(Enum):
    """What can be done with a product."""

    LIST = "list"
    PRICE = "set_price"
    RETIRE = "retire"
    TAKE_OVER = "take_over"


_P, _PM = ProductState, ProductMove
PRODUCT_MOVES: Final = Lifecycle(
    "product",
    _P,
    _P.LISTED,
    steps(
        "inventory",
        Row(_PM.LIST, None, _P.LISTED, r.PRODUCTS, may="purchase"),
        Row(_PM.PRICE, _P.LISTED, None, r.PRODUCTS, may="purchase"),
        Row(_PM.RETIRE, _P.LISTED, _P.RETIRED, r.PRODUCTS, may="purchase"),
        Row(_PM.TAKE_OVER, _P.LISTED, None, r.LEDGER, may="take_over"),
    ),
)


@unique
class ShelfState(Enum):
    """A shelf is open as long as its warehouse is there: no work of somebody that would have to end."""

    OPEN = "open"


@unique
class ShelfMove(Enum):
    """What can be done with the goods on a shelf. It is there as soon as goods or a decision need it."""

    OPEN = "open"
    RESERVE = "reserve"
    RELEASE = "release"
    MOVE = "move"
    QUARANTINE = "quarantine"
    CLEAR = "clear"


_S, _SM = ShelfState, ShelfMove
SHELF_MOVES: Final = Lifecycle(
    "shelf",
    _S,
    _S.OPEN,
    steps(
        "inventory",
        Row(_SM.OPEN, None, _S.OPEN, r.LEDGER, may="keep"),
        Row(_SM.RESERVE, _S.OPEN, None, r.RESERVATIONS),
        Row(_SM.RELEASE, _S.OPEN, None, r.RESERVATIONS, may="reserve"),
        Row(_SM.MOVE, _S.OPEN, None, r.ZONES, may="keep"),
        Row(_SM.QUARANTINE, _S.OPEN, None, r.QUARANTINE, may="keep"),
        Row(_SM.CLEAR, _S.OPEN, None, r.QUARANTINE, may="clear"),
    ),
    ended=(_S.OPEN,),
)


@unique
class PurchaseState(Enum):
    """Where a purchase stands."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    ORDERED = "ordered"
    ARRIVED = "arrived"
    ACCEPTED = "accepted"
    AWAITED = "awaited"
    ENTERED = "entered"
    CLOSED = "closed"
    CANCELLED = "cancelled"


@unique
class PurchaseMove(Enum):
    """What can be done with a purchase."""

    REQUEST = "request"
    PROPOSE = "propose"
    APPROVE = "approve"
    REFUSE = "refuse"
    ORDER = "order"
    ARRIVE = "arrive"
    ACCEPT_AS_KEEPER = "accept_as_keeper"
    ACCEPT_AS_BUYER = "accept_as_buyer"
    ACCEPT = "accept"
    ENTER = "enter"
    COMPLETE = "complete"
    SEND_BACK = "send_back"
    CLOSE = "close"
    CANCEL = "cancel"


_B, _BM = PurchaseState, PurchaseMove
PURCHASE_MOVES: Final = Lifecycle(
    "purchase",
    _B,
    _B.REQUESTED,
    steps(
        "inventory",
        Row(_BM.REQUEST, None, _B.REQUESTED, r.RECEIVING, may="purchase"),
        Row(_BM.PROPOSE, None, _B.REQUESTED, r.PROPOSAL, may="purchase"),
        Row(_BM.APPROVE, _B.REQUESTED, _B.APPROVED, r.LIMITS),
        Row(_BM.REFUSE, _B.REQUESTED, _B.REFUSED, r.RECEIVING, may="approve"),
        Row(_BM.ORDER, _B.APPROVED, _B.ORDERED, r.RECEIVING, may="purchase"),
        Row(_BM.ARRIVE, (_B.ORDERED, _B.AWAITED), _B.ARRIVED, r.RECEIVING, may="keep"),
        Row(_BM.ACCEPT_AS_KEEPER, _B.ARRIVED, None, r.RECEIVING, may="keep"),
        Row(_BM.ACCEPT_AS_BUYER, _B.ARRIVED, None, r.RECEIVING, may="purchase"),
        Row(_BM.ACCEPT, _B.ARRIVED, _B.ACCEPTED, r.RECEIVING, may="keep"),
        Row(_BM.ENTER, _B.ACCEPTED, _B.AWAITED, r.LOTS, may="keep"),
        Row(_BM.COMPLETE, _B.AWAITED, _B.ENTERED, r.RECEIVING, may="keep"),
        Row(_BM.SEND_BACK, _B.ARRIVED, _B.AWAITED, r.RECEIVING, may="keep"),
        Row(_BM.CLOSE, _B.AWAITED, _B.CLOSED, r.RECEIVING, may="purchase"),
        Row(_BM.CANCEL, (_B.REQUESTED, _B.APPROVED, _B.ORDERED, _B.ARRIVED), _B.CANCELLED, r.RECEIVING, may="purchase"),
    ),
)


@unique
class ShipmentState(Enum):
    """Where a shipment stands."""

    PICKED = "picked"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


@unique
class ShipmentMove(Enum):
    """What can be done with a shipment."""

    PICK = "pick"
    SHIP = "ship"
    DELIVER = "deliver"
    CANCEL = "cancel"


_H, _HM = ShipmentState, ShipmentMove
SHIPMENT_MOVES: Final = Lifecycle(
    "stock_shipment",
    _H,
    _H.PICKED,
    steps(
        "inventory",
        Row(_HM.PICK, None, _H.PICKED, r.SHIPPING, may="keep"),
        Row(_HM.SHIP, _H.PICKED, _H.SHIPPED, r.SHIPPING, may="keep"),
        Row(_HM.DELIVER, _H.SHIPPED, _H.DELIVERED, r.SHIPPING, may="keep"),
        Row(_HM.CANCEL, _H.PICKED, _H.CANCELLED, r.SHIPPING, may="keep"),
    ),
)


@unique
class TransferState(Enum):
    """Where a transfer stands."""

    APPLIED = "applied"
    APPROVED = "approved"
    REFUSED = "refused"
    SENT = "sent"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


@unique
class TransferMove(Enum):
    """What can be done with a transfer."""

    APPLY = "apply"
    GRANT = "grant"
    REFUSE = "refuse"
    SEND = "send"
    RECEIVE = "receive"
    WRITE_OFF = "write_off"
    CLOSE = "close"
    WITHDRAW = "withdraw"


_T, _TM = TransferState, TransferMove
TRANSFER_MOVES: Final = Lifecycle(
    "transfer",
    _T,
    _T.APPLIED,
    steps(
        "inventory",
        Row(_TM.APPLY, None, _T.APPLIED, r.TRANSFERS),
        Row(_TM.GRANT, _T.APPLIED, _T.APPROVED, r.TRANSFERS, may="approve"),
        Row(_TM.REFUSE, _T.APPLIED, _T.REFUSED, r.TRANSFERS, may="approve"),
        Row(_TM.SEND, _T.APPROVED, _T.SENT, r.TRANSFERS, may="keep"),
        Row(_TM.RECEIVE, _T.SENT, None, r.TRANSFERS, may="keep"),
        Row(_TM.WRITE_OFF, _T.SENT, None, r.LIMITS, may="approve"),
        Row(_TM.CLOSE, _T.SENT, _T.CLOSED, r.TRANSFERS, may="keep"),
        Row(_TM.WITHDRAW, (_T.APPLIED, _T.APPROVED), _T.WITHDRAWN, r.TRANSFERS, may="apply"),
    ),
)


@unique
class CountState(Enum):
    """Where a stocktake stands."""

    FROZEN = "frozen"
    APPROVED = "approved"
    BOOKED = "booked"
    DROPPED = "dropped"


@unique
class CountMove(Enum):
    """What can be done with a stocktake."""

    FREEZE = "freeze"
    COUNT = "count"
    CHECK = "check"
    APPROVE = "approve"
    BOOK = "book"
    DROP = "drop"


_C, _CM = CountState, CountMove
COUNT_MOVES: Final = Lifecycle(
    "count",
    _C,
    _C.FROZEN,
    steps(
        "inventory",
        Row(_CM.FREEZE, None, _C.FROZEN, r.STOCKTAKE, may="count"),
        Row(_CM.COUNT, _C.FROZEN, None, r.STOCKTAKE),
        Row(_CM.CHECK, _C.FROZEN, None, r.STOCKTAKE, may="count"),
        Row(_CM.APPROVE, (_C.FROZEN, _C.APPROVED), _C.APPROVED, r.LIMITS),
        Row(_CM.BOOK, _C.APPROVED, _C.BOOKED, r.STOCKTAKE, may="count"),
        Row(_CM.DROP, (_C.FROZEN, _C.APPROVED), _C.DROPPED, r.STOCKTAKE, may="count"),
    ),
)


@unique
class DestructionState(Enum):
    """Where a destruction stands."""

    LISTED = "listed"
    APPROVED = "approved"
    DESTROYED = "destroyed"
    WITHDRAWN = "withdrawn"


@unique
class DestructionMove(Enum):
    """What can be done with a destruction."""

    PROPOSE = "propose"
    APPROVE = "approve"
    DESTROY = "destroy"
    WITHDRAW = "withdraw"


_D, _DM = DestructionState, DestructionMove
DESTRUCTION_MOVES: Final = Lifecycle(
    "destruction",
    _D,
    _D.LISTED,
    steps(
        "inventory",
        Row(_DM.PROPOSE, None, _D.LISTED, r.DESTRUCTION, may="keep"),
        Row(_DM.APPROVE, _D.LISTED, _D.APPROVED, r.LIMITS),
        Row(_DM.DESTROY, _D.APPROVED, _D.DESTROYED, r.DESTRUCTION, may="keep"),
        Row(_DM.WITHDRAW, (_D.LISTED, _D.APPROVED), _D.WITHDRAWN, r.DESTRUCTION, may="keep"),
    ),
)


@unique
class RequisitionState(Enum):
    """Where a requisition stands."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    ISSUED = "issued"
    CLOSED = "closed"


@unique
class RequisitionMove(Enum):
    """What can be done with a requisition."""

    ASK = "ask"
    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    ISSUE = "issue"
    USE = "use"
    GIVE_BACK = "give_back"
    WRITE_OFF = "write_off"
    CLOSE = "close"


_R, _RM = RequisitionState, RequisitionMove
REQUISITION_MOVES: Final = Lifecycle(
    "requisition",
    _R,
    _R.ASKED,
    steps(
        "inventory",
        Row(_RM.ASK, None, _R.ASKED, r.EQUIPMENT, may="apply"),
        Row(_RM.APPROVE, _R.ASKED, _R.APPROVED, r.EQUIPMENT),
        Row(_RM.REFUSE, _R.ASKED, _R.REFUSED, r.EQUIPMENT, may="approve"),
        Row(_RM.WITHDRAW, (_R.ASKED, _R.APPROVED), _R.WITHDRAWN, r.EQUIPMENT, may="apply"),
        Row(_RM.ISSUE, _R.APPROVED, _R.ISSUED, r.EQUIPMENT, may="keep"),
        Row(_RM.USE, _R.ISSUED, None, r.EQUIPMENT, may="apply"),
        Row(_RM.GIVE_BACK, _R.ISSUED, None, r.EQUIPMENT, may="keep"),
        Row(_RM.WRITE_OFF, _R.ISSUED, None, r.LIMITS, may="approve"),
        Row(_RM.CLOSE, _R.ISSUED, _R.CLOSED, r.EQUIPMENT, may="keep"),
    ),
)


@unique
class ZoneState(Enum):
    """Whether the climate of a storage zone is within its limits."""

    WITHIN = "within"
    OUT = "out"
    CLOSED = "closed"


@unique
class ZoneMove(Enum):
    """What can be done with a storage zone."""

    OPEN = "open"
    RECORD = "record"
    LEAVE = "leave"
    RETURN = "return_"
    CLOSE = "close"


_Z, _ZM = ZoneState, ZoneMove
ZONE_MOVES: Final = Lifecycle(
    "zone",
    _Z,
    _Z.WITHIN,
    steps(
        "inventory",
        Row(_ZM.OPEN, None, _Z.WITHIN, r.ZONES, may="keep"),
        Row(_ZM.RECORD, (_Z.WITHIN, _Z.OUT), None, r.ZONES, may="keep"),
        Row(_ZM.LEAVE, _Z.WITHIN, _Z.OUT, r.ZONES, may="keep"),
        Row(_ZM.RETURN, _Z.OUT, _Z.WITHIN, r.ZONES, may="keep"),
        Row(_ZM.CLOSE, (_Z.WITHIN, _Z.OUT), _Z.CLOSED, r.ZONES, may="keep"),
    ),
)
