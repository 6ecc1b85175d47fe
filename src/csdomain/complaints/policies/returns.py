"""Goods that come back: what a slip lets in (CMP-23), and whether all of it came (CMP-24)."""

from collections.abc import Sequence

from csdomain.complaints.rules import WAREHOUSE
from csdomain.complaints.values import Goods
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import RuleBroken, typed_in


class NotOnSlip(RuleBroken):
    """Goods of a product or batch that the slip does not name (CMP-23)."""

    default_rule = WAREHOUSE
    problem = Text("The slip does not name these goods.", "退货单上没有这些货品。")


class QuantityOverSlip(RuleBroken):
    """More pieces than the slip names, those that came before counted in (CMP-23)."""

    default_rule = WAREHOUSE
    problem = Text("More is delivered than the slip names.", "实退数量超过退货单数量。")


def check_delivery(named: Sequence[Goods], before: Sequence[Goods], delivered: Sequence[Goods]) -> tuple[Goods, ...]:
    """All that has come back once ``delivered`` is in, by the lines of the slip.

    Raises :class:`NotOnSlip`, :class:`QuantityOverSlip`. [CMP-23]
    """
    came = {(line.product, line.batch): line.quantity for line in before}
    limits = {(line.product, line.batch): line.quantity for line in named}
    for line in delivered:
        name = (line.product, line.batch)
        if name not in limits:
            known = "; ".join(f"{product} {batch}".strip() for product, batch in limits)
            raise NotOnSlip(product=typed_in(line.product), given=typed_in(line.batch), accepted=Text(known, known))
        came[name] = came.get(name, 0) + line.quantity
        if came[name] > limits[name]:
            accepted = Text(f"at most {limits[name]} in all", f"合计至多 {limits[name]}")
            raise QuantityOverSlip(product=line.product, quantity=came[name], limit=limits[name], accepted=accepted)
    return tuple(Goods(product, batch, came[product, batch]) for product, batch in limits if (product, batch) in came)


def returned_in_full(approved: int, returned: Sequence[Goods]) -> bool:
    """Whether as many pieces came back as were approved. [CMP-24]"""
    return sum(line.quantity for line in returned) == approved
