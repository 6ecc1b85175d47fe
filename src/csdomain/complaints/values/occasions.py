"""What is told of complaints, and to whom: the occasions for which the house writes its texts (MSG-01)."""

from collections.abc import Mapping
from typing import Final

from csdomain.frame.effects import occasions
from csdomain.kernel.cases.occasions import Placeholder

_T, _N, _M, _I = Placeholder.TEXT, Placeholder.NUMBER, Placeholder.MONEY, Placeholder.INSTANT
_OVERDUE: Final = {"timer": _T}
_PART: Final = {"department": _T, "times": _N}

_TO_CUSTOMERS: Final[Mapping[str, Mapping[str, Placeholder]]] = {
    "accepted": {},
    "promised": {"until": _I},
    "answered": {"channel": _T},
    "closed": {},
}
_INTERNAL: Final[Mapping[str, Mapping[str, Placeholder]]] = {
    "to_handle": {},
    "your_turn": {"work": _T},
    "warning": {"timer": _T, "percent": _N},
    "grave": {},
    "harm": {},
    "assigned": {},
    "to_inspect": {},
    "jointly": {},
    "part_wanted": {"until": _I},
    "reminder": _PART,
    "not_done": _PART,
    "to_rule": {},
    "to_decide": {"total": _M},
    "declined": {},
    "memorandum": {"memorandum": _T},
    "escalated": {},
    "discrepancy": {"slip": _T},
    "remark": {},
    "collect": {},
    "overdue": _OVERDUE,
    "reviews": {"month": _T, "cases": _N},
    "left_behind": {"actor": _T, "cases": _N},
    # Orders to other parts of the house (D9).
    "expect_return": {"slip": _T},
    "compare_return": {"slip": _T, "pieces": _N},
    "book_discount": {"certificate": _T, "amount": _N},
    "deduct": {"penalty": _N, "amount": _N},
    "discipline": {"penalty": _N, "kind": _T},
}
#: What is told inside the house names the branch: two directors hold the same position (CMP-18).
OCCASIONS: Final = occasions(
    "complaint", _TO_CUSTOMERS, {name: {"branch": _T, **more} for name, more in _INTERNAL.items()}
)
INTERNAL: Final = frozenset(_INTERNAL)
#: What is told only where complaints go through departments: by level, nobody is asked for a part.
OF_DEPARTMENTS: Final = frozenset(
    f"complaint.{name}"
    for name in ("to_inspect", "jointly", "part_wanted", "to_rule", "to_decide", "collect", "memorandum")
)
