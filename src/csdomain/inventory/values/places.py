"""Places: where goods lie, come from and go to, as texts (INV-12).

Real ones hold goods and never fall below 0: ``wh/<warehouse>/<zone>/<spot>``, ``qt/<warehouse>`` (quarantine),
``out/<shipment>``, ``tr/<transfer>``, ``who/<actor>``, ``veh/<vehicle>``. Virtual ones are where goods come from
and go: ``sup/<supplier>``, ``cus/<document>``, ``gone/<why>``, ``src/opening``.
"""

from typing import Final

from csdomain.inventory.rules import LEDGER
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import InvalidValue
from csdomain.kernel.store.kinds import TEXT_LONGEST, storable

REAL: Final = ("wh", "qt", "out", "tr", "who", "veh")
VIRTUAL: Final = ("sup", "cus", "gone", "src")
OPENING: Final = "src/opening"
VARIANCE: Final = "gone/variance"
DESTROYED: Final = "gone/destroyed"
LOST: Final = "gone/lost"


class WrongPlace(InvalidValue):
    """Not a place of the ledger, or one where the goods cannot be (INV-12)."""

    default_rule = LEDGER
    problem = Text("This is not a place for goods.", "这不是有效的库位。")


def place(kind: str, *parts: str) -> str:
    """The place of that kind: ``place("wh", "hq", "cold", "A1")``. Raises WrongPlace."""
    for part in parts:
        if not isinstance(part, str) or "/" in part or not part.isprintable():
            raise WrongPlace(accepted=Text("names of printable characters without /", "不含 / 的可见字符"))
    return check_place("/".join((kind, *parts)))


def check_place(where: str) -> str:
    """``where`` if it is a place. Raises WrongPlace."""
    kind, _, rest = where.partition("/") if isinstance(where, str) else ("", "", "")
    if kind not in (*REAL, *VIRTUAL) or not rest or not storable(where, TEXT_LONGEST):
        kinds = ", ".join((*REAL, *VIRTUAL))
        raise WrongPlace(accepted=Text(f"a place of the kinds {kinds}", f"库位类别 {kinds}"))
    return where


def is_real(where: str) -> bool:
    """Whether goods lie there, so that it never falls below 0."""
    return where.partition("/")[0] in REAL


def warehouse_of(where: str) -> str | None:
    """The warehouse of whose shelves a place is one; None for every other place."""
    kind, _, rest = where.partition("/")
    return rest.partition("/")[0] if kind == "wh" else None
