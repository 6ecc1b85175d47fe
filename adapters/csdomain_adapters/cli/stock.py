"""``csdomain stock``: what is on hand, a product's card, who holds what, warnings, papers to print."""

from collections.abc import Sequence
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import attrs
import typer

from . import stores
from .files import written
from .options import As, Book, Branch, Html, Position, Url, command
from .output import answer, as_json, table
from .settings import say, settings

app = typer.Typer(name="stock")


def _told(name: str, title: str, heads: str, rows: Sequence[dict[str, Any]]) -> None:
    """Rows for a program, or as a table for people."""
    if settings.as_json:
        as_json({name: rows})
    else:
        cells = [["-" if cell in (None, "") else str(cell) for cell in row.values()] for row in rows]
        table(title, heads.split(", "), cells)


@command(app, "on-hand")
def on_hand(url: Url, actor: As, branch: Branch, position: Position, rulebook: Book = "medical_centre") -> None:
    """Quantity and cost by warehouse and product, expired and reserved goods included."""
    with stores.reading(url, rulebook) as desk:
        found = desk.inventory.on_hand(by=desk.house.actor(actor, branch, position))
    rows = [
        {"warehouse": house, "product": product, "quantity": quantity, "cost_minor": cost}
        for (house, product), (quantity, cost) in sorted(found.items())
    ]
    heads = say("warehouse, product, quantity, cost (minor units)", "库房, 产品, 数量, 成本（最小货币单位）")
    _told("on_hand", say("On hand", "库存"), heads, rows)


@command(app, "card")
def card(
    url: Url,
    product: Annotated[str, typer.Argument(help="The code of the product.")],
    actor: As,
    branch: Branch,
    position: Position,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 200,
    rulebook: Book = "medical_centre",
) -> None:
    """Every movement of a product, the oldest first."""
    with stores.reading(url, rulebook) as desk:
        by = desk.house.actor(actor, branch, position)
        moves = desk.inventory.card(product, by=by, limit=limit).items
        zone = ZoneInfo(desk.house.zone(branch))
    rows = [
        {
            "at": move.at.astimezone(zone).isoformat(),
            "quantity": move.quantity,
            "lot": move.lot,
            "from": move.source,
            "to": move.dest,
            "reason": move.reason,
            "document": move.document,
            "by": move.by,
        }
        for move in moves
    ]
    heads = say("at, quantity, lot, from, to, reason, document, by", "时间, 数量, 批次, 从, 到, 原因, 单据, 经办人")
    _told("movements", say(f"Stock card: {product}", f"库存卡：{product}"), heads, rows)


@command(app, "held")
def held(url: Url, actor: As, branch: Branch, position: Position, rulebook: Book = "medical_centre") -> None:
    """Who holds what: goods with people and in vehicles."""
    with stores.reading(url, rulebook) as desk:
        found = desk.inventory.held(by=desk.house.actor(actor, branch, position))
    rows = [{"place": row.place, "product": row.product, "lot": row.lot, "quantity": row.quantity} for row in found]
    _told(
        "held", say("Who holds what", "领用在外"), say("with, product, lot, quantity", "持有处, 产品, 批次, 数量"), rows
    )


@command(app, "warnings")
def warnings(url: Url, actor: As, branch: Branch, position: Position, rulebook: Book = "medical_centre") -> None:
    """What is low, expires soon or lies idle, and what could be transferred."""
    with stores.reading(url, rulebook) as desk:
        by = desk.house.actor(actor, branch, position)
        found = desk.inventory.warnings(by=by, at=stores.now())
    expiring = [{**attrs.asdict(one), "expires": one.expires.isoformat()} for one in found.expiring]
    parts: dict[str, list[dict[str, Any]]] = {
        "low": [attrs.asdict(one) for one in found.low],
        "expiring": expiring,
        "idle": [{"warehouse": house, "product": product} for house, product in found.idle],
        "suggested": [attrs.asdict(one) for one in found.suggested],
    }
    if settings.as_json:
        as_json(parts)
        return
    for name, title, heads in (
        (
            "low",
            say("Low", "低于安全库存"),
            say("warehouse, product, free, safety level", "库房, 产品, 可用, 安全库存"),
        ),
        (
            "expiring",
            say("Expiring", "临近到期"),
            say("warehouse, product, lot, quantity, expires", "库房, 产品, 批次, 数量, 有效期"),
        ),
        ("idle", say("Idle", "长期未动"), say("warehouse, product", "库房, 产品")),
        (
            "suggested",
            say("Suggested transfers", "建议调拨"),
            say("product, from, to, quantity", "产品, 从, 到, 数量"),
        ),
    ):
        _told(name, title, heads, parts[name])


@command(app, "paper")
def paper(
    url: Url,
    id: Annotated[str, typer.Argument(help="The id of a shipment, a count or a destruction.")],
    actor: As,
    branch: Branch,
    position: Position,
    html: Html = None,
    rulebook: Book = "medical_centre",
) -> None:
    """Print a delivery note, a stocktake sheet or a destruction record."""
    from csdomain_adapters.stock_papers import printed

    database = stores.file_of(url)
    with (
        written(html, inputs=() if database is None else (database,)) as (page,),
        stores.reading(url, rulebook) as desk,
    ):
        by = desk.house.actor(actor, branch, position)
        made = printed(desk.inventory, id, by=by, language=settings.language)
        if html is not None:
            page.write_text(made.html(), encoding="utf-8")
    answer(attrs.asdict(made), made.text())
