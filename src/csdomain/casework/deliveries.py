"""Goods that come on a slip: what the slip lets in, and whether all of it came."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import attrs

from csdomain.kernel.rules import Rule, Text
from csdomain.kernel.rules.errors import RuleBroken, fact_labels, typed_in

fact_labels({"product": "产品", "quantity": "数量"})


class Line(Protocol):
    """So many pieces of one product and batch."""

    @property
    def product(self) -> str:
        """The id of the product."""
        ...

    @property
    def batch(self) -> str:
        """The batch, empty where there is none."""
        ...

    @property
    def quantity(self) -> int:
        """How many pieces."""
        ...


L = TypeVar("L", bound=Line)


class NotOnSlip(RuleBroken):
    """Goods of a product or batch that the slip does not name."""

    problem = Text("The slip does not name these goods.", "退货单上没有这些货品。")


class QuantityOverSlip(RuleBroken):
    """More pieces than the slip names, those that came before counted in."""

    problem = Text("More is delivered than the slip names.", "实退数量超过退货单数量。")


def check_delivery(rule: Rule, named: Sequence[L], before: Sequence[L], delivered: Sequence[L]) -> tuple[L, ...]:
    """All that has come once ``delivered`` is in, by the lines of the slip; refused by ``rule``.

    Raises :class:`NotOnSlip`, :class:`QuantityOverSlip`.
    """
    came = {(line.product, line.batch): line.quantity for line in before}
    limits = {(line.product, line.batch): line.quantity for line in named}
    for line in delivered:
        name = (line.product, line.batch)
        if name not in limits:
            known = "; ".join(f"{product} {batch}".strip() for product, batch in limits)
            accepted, product = Text(known, known), typed_in(line.product)
            raise NotOnSlip(rule, product=product, given=typed_in(line.batch), accepted=accepted)
        came[name] = came.get(name, 0) + line.quantity
        if came[name] > limits[name]:
            accepted = Text(f"at most {limits[name]} in all", f"合计至多 {limits[name]}")
            facts = {"product": line.product, "quantity": came[name], "limit": limits[name]}
            raise QuantityOverSlip(rule, **facts, accepted=accepted)
    there: list[tuple[Any, int | None]] = [(line, came.get((line.product, line.batch))) for line in named]
    return tuple(attrs.evolve(line, quantity=quantity) for line, quantity in there if quantity is not None)


def pieces(lines: Sequence[Line]) -> int:
    """How many pieces the lines hold."""
    return sum(line.quantity for line in lines)
