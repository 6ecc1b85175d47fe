"""``csdomain renewals``: the contracts that end soon, for who renews them (REN-03)."""

from typing import Annotated

import attrs
import typer

from csdomain.renewals import months_after
from csdomain.renewals.service import ENDING
from csdomain.renewals.values import CONTRACT_RULES

from . import stores
from .options import As, Book, Branch, Position, Url, command, day
from .output import as_json, table
from .settings import say, settings

app = typer.Typer(name="renewals")
Limit = Annotated[int, typer.Option(min=1, max=200, help="At most so many.")]


@app.callback()
def _group() -> None:
    """A group, though it has one command."""


@command(app, "due")
def due(
    url: Url,
    actor: As,
    branch: Branch,
    position: Position,
    until: Annotated[
        str | None, typer.Option(help="Contracts that end before this day; by default as early as the house reminds.")
    ] = None,
    limit: Limit = 50,
    rulebook: Book = "fleet",
) -> None:
    """List the contracts that end soon, and count them by month, representative and amount (REN-03)."""
    with stores.reading(url, rulebook) as found:
        by, does = found.house.actor(actor, branch, position), found.renewals.contracts
        ahead = found.house.rulebook[CONTRACT_RULES].watch_months
        end = months_after(stores.now().date(), ahead) if until is None else day(until)
        months = does.due_by_month(end, by=by)
        contracts = does.due(end, attrs.evolve(ENDING, limit=limit), by=by).items
    rows = [
        {
            "id": contract.id,
            "number": contract.number,
            "ends_on": str(contract.ends_on),
            "state": contract.state.value,
            "representative": contract.owner,
            "vehicles": len(contract.vehicles),
            "amount": str(contract.price),
        }
        for contract in contracts
    ]
    counted = [{**attrs.asdict(row, recurse=False), "amount": str(row.amount)} for row in months]
    if settings.as_json:
        as_json({"until": str(end), "months": counted, "contracts": rows})
        return
    heads = say("month, representative, contracts, vehicles, last amount", "月份, 客户代表, 合同数, 车辆数, 上期金额")
    title = say(f"Contracts that end before {end}", f"{end} 之前到期的合同")
    table(title, heads.split(", "), [[str(cell) for cell in row.values()] for row in counted], right=2)
    heads = say(
        "id, number, ends on, state, representative, vehicles, last amount",
        "标识, 合同编号, 到期日, 状态, 客户代表, 车辆数, 上期金额",
    )
    table(say("Contracts", "合同"), heads.split(", "), [[str(cell) for cell in row.values()] for row in rows], right=5)
