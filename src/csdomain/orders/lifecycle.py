"""The moves of an order and of its shipments (ORD-01, ORD-03, ORD-04)."""

from enum import Enum, unique
from typing import Final

from csdomain.kernel.cases.lifecycle import Lifecycle, Row, steps

from . import rules as r


@unique
class State(Enum):
    """Where an order stands."""

    PRESCRIBED = "prescribed"
    ENTERED = "entered"
    SIGNED = "signed"
    SHIPPING = "shipping"
    DELIVERED = "delivered"
    CLOSED = "closed"
    CANCELLED = "cancelled"


@unique
class Move(Enum):
    """What can be done with an order."""

    PRESCRIBE = "prescribe"
    ENTER = "enter"
    SIGN = "sign"
    PAY = "pay"
    OWE = "owe"
    SHIP = "ship"
    TAKE_BACK = "take_back"
    DELIVER = "deliver"
    CLOSE = "close"
    CANCEL = "cancel"


_S, _M = State, Move
#: The bill of a closed order may be paid and owed again.
_SIGNED: Final = (_S.SIGNED, _S.SHIPPING, _S.DELIVERED, _S.CLOSED)
ORDER_MOVES: Final = Lifecycle(
    "order",
    State,
    State.PRESCRIBED,
    steps(
        "orders",
        Row(_M.PRESCRIBE, None, _S.PRESCRIBED, r.ORDER),
        Row(_M.ENTER, (_S.PRESCRIBED, _S.ENTERED), _S.ENTERED, r.ORDER),
        Row(_M.SIGN, _S.ENTERED, _S.SIGNED, r.ORDER),
        Row(_M.PAY, _SIGNED, None, r.PAYMENT),
        Row(_M.OWE, _SIGNED, None, r.PAYMENT, may="pay"),
        Row(_M.SHIP, (_S.SIGNED, _S.SHIPPING), _S.SHIPPING, r.SHIPMENT),
        Row(_M.TAKE_BACK, (_S.SHIPPING, _S.DELIVERED), None, r.SHIPMENT),
        Row(_M.DELIVER, _S.SHIPPING, _S.DELIVERED, r.SHIPMENT, may="arrive"),
        Row(_M.CLOSE, _S.DELIVERED, _S.CLOSED, r.PAYMENT),
        Row(_M.CANCEL, (_S.PRESCRIBED, _S.ENTERED, _S.SIGNED), _S.CANCELLED, r.ORDER),
    ),
    ended=(_S.CLOSED,),
)


@unique
class ShipmentState(Enum):
    """Where a shipment stands (ORD-03)."""

    SENT = "sent"
    ARRIVED = "arrived"


@unique
class ShipmentMove(Enum):
    """What can be done with a shipment."""

    SEND = "send"
    ARRIVE = "arrive"


SHIPMENT_MOVES: Final = Lifecycle(
    "shipment",
    ShipmentState,
    ShipmentState.SENT,
    steps(
        "orders",
        Row(ShipmentMove.SEND, None, ShipmentState.SENT, r.SHIPMENT, may="ship"),
        Row(ShipmentMove.ARRIVE, ShipmentState.SENT, ShipmentState.ARRIVED, r.SHIPMENT),
    ),
)
