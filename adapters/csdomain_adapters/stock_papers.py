"""Papers of the warehouse to print: delivery note, stocktake sheet, destruction record (INV-06, INV-09, INV-10)."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Final
from unicodedata import east_asian_width

import attrs

from csdomain.inventory.model.papers import COUNT, DESTRUCTION, SHIPMENT, Goods
from csdomain.inventory.service import Inventory
from csdomain.kernel.rules import Language, Text
from csdomain.kernel.rules.errors import NotFound
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.money import Money

from .pages import page, table

_HEAD: Final = (
    Text("product", "品名"),
    Text("specification", "规格"),
    Text("batch", "批号"),
    Text("serial", "序列号"),
    Text("expires", "有效期"),
    Text("unit", "单位"),
)
_FRAGILE: Final = Text(
    "Fragile: pack each piece by itself, fill the gaps, mark the box.", "易碎品：单件包装、填充空隙、外箱标识。"
)


@attrs.frozen
class Printed:
    """A paper as it is printed: title, what it says of itself, lines, and who signs."""

    language: Language
    title: str
    facts: Sequence[tuple[str, str]]
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    signs: Sequence[str]

    def text(self) -> str:
        """As plain text of a fixed width."""
        widths = [max(map(_width, column)) for column in zip(self.head, *self.rows, strict=True)]
        lines = ["  ".join(_padded(*cell) for cell in zip(row, widths, strict=True)) for row in (self.head, *self.rows)]
        facts = [f"{name}: {value}" for name, value in self.facts if value]
        signs = [f"{name}: ______________" for name in self.signs]
        parts = ([self.title], facts, [line.rstrip() for line in lines], signs)
        return "\n\n".join("\n".join(part) for part in parts if part) + "\n"

    def html(self) -> str:
        """As one page that a browser prints."""
        facts = "".join(f"<p>{escape(name)}: {escape(value)}</p>" for name, value in self.facts if value)
        signs = "".join(f"<p>{escape(name)}: ______________</p>" for name in self.signs)
        parts = [f"<h1>{escape(self.title)}</h1>", facts, table(self.head, self.rows, left=2), signs]
        return page(self.title, parts, self.language)


def printed(stock: Inventory, id: str, *, by: Actor, language: Language = "en") -> Printed:
    """The paper of a shipment, a stocktake or a destruction. Raises NotFound, NotPermitted."""
    known: dict[str, Callable[..., Printed]] = {
        SHIPMENT.prefix: _delivery_note,
        COUNT.prefix: _sheet,
        DESTRUCTION.prefix: _record,
    }
    made = known.get(id.partition("_")[0])
    if made is None:
        names = Text("a shipment, count or destruction", "发货单、盘点单或销毁单")
        raise NotFound(kind="paper", accepted=names)
    return made(stock, id, by, language)


def _delivery_note(stock: Inventory, id: str, by: Actor, language: Language) -> Printed:
    paper = stock.shipments.get(id, by=by)
    say = _say(language)
    facts = [
        (say("number", "单号"), paper.number),
        (say("for", "对应单据"), paper.about),
        (say("tracking", "运单号"), paper.tracking),
        (say("packing", "包装"), _FRAGILE(language) if paper.fragile else ""),
    ]
    found = stock.goods([line.lot for line in paper.lines], by=by)
    rows = [[*_cells(found[line.lot]), str(line.quantity)] for line in paper.lines]
    head, signs = [*_head(language), say("quantity", "数量")], [say("received by", "收货人"), say("date", "日期")]
    return Printed(language, say("Delivery note", "发货单"), facts, head, rows, signs)


def _sheet(stock: Inventory, id: str, by: Actor, language: Language) -> Printed:
    """What the ledger says is not on it: who counts must not know."""
    paper = stock.counts.get(id, by=by)
    say = _say(language)
    found = stock.goods([line.lot for line in paper.lines], by=by)
    rows = [
        [
            str(number),
            line.place,
            *_cells(found[line.lot]),
            "" if line.counted is None else str(line.counted),
            line.counted_by,
            line.checked_by,
        ]
        for number, line in enumerate(paper.lines, start=1)
    ]
    more = say("counted, by, checked by", "清点数, 清点人, 复核人").split(", ")
    head = [say("line", "行"), say("place", "库位"), *_head(language), *more]
    signs = [say("counted by", "清点人"), say("checked by", "复核人"), say("date", "日期")]
    return Printed(
        language, say("Stocktake sheet", "盘点表"), [(say("number", "单号"), paper.number)], head, rows, signs
    )


def _record(stock: Inventory, id: str, by: Actor, language: Language) -> Printed:
    paper = stock.destructions.get(id, by=by)
    say, currency = _say(language), by_currency(stock)
    facts = [
        (say("number", "单号"), paper.number),
        (say("reason", "原因"), paper.reason),
        (say("state", "状态"), paper.state.value),
        (say("approved by", "核准人"), paper.approved_by),
        (say("method", "方式"), paper.method),
        (say("witnesses", "见证人"), ", ".join(paper.witnesses)),
        (say("value", "金额"), str(Money(paper.value, currency))),
    ]
    found = stock.goods([line.lot for line in paper.lines], by=by)
    rows = [[*_cells(found[x.lot]), str(x.quantity), str(Money(x.cost, currency))] for x in paper.lines]
    head = [*_head(language), say("quantity", "数量"), say("value", "金额")]
    signs = [say("destroyed by", "销毁人"), *[say("witness", "见证人")] * 2, say("date", "日期")]
    return Printed(language, say("Destruction record", "销毁记录"), facts, head, rows, signs)


def by_currency(stock: Inventory) -> str:
    """The currency of the house."""
    from csdomain.frame.questions import house_of
    from csdomain.rulebook import ORGANISATION

    return house_of(stock).rulebook[ORGANISATION].currency


def _cells(goods: Goods) -> list[str]:
    expires = "" if goods.expires is None else goods.expires.isoformat()
    return [goods.name, goods.specification, goods.batch, goods.serial, expires, goods.unit]


def _head(language: Language) -> list[str]:
    return [each(language) for each in _HEAD]


def _say(language: Language) -> Callable[[str, str], str]:
    return lambda en, zh: Text(en, zh)(language)


def _width(text: str) -> int:
    return sum(2 if east_asian_width(each) in "WF" else 1 for each in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
