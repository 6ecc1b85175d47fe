"""``csdomain customers``: customers found by any one field, by what whoever asks may read."""

from typing import Annotated

import typer

from . import stores
from .options import As, Book, Branch, Position, Url, command
from .output import as_json, table
from .settings import say, settings

app = typer.Typer(name="customers")
Limit = Annotated[int, typer.Option(min=1, max=200, help="At most so many.")]


@app.callback()
def _group() -> None:
    """A group, though it has one command."""


@command(app, "find")
def find(
    url: Url,
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="Part of a name, phone, address, e-mail, number, remark.")
    ],
    actor: As,
    branch: Branch,
    position: Position,
    limit: Limit = 20,
    rulebook: Book = "after_sales",
) -> None:
    """Find customers by any one field, the best match first."""
    with stores.reading(url, rulebook) as found:
        by = found.house.actor(actor, branch, position)
        hits = [hit.customer for hit in found.customers.search(text, by=by, limit=limit)]
    rows = [
        {
            "id": customer.id,
            "file_number": customer.number,
            "name": customer.profile.name,
            "company": customer.profile.company,
            "phones": list(customer.profile.phones),
            "representative": customer.owner,
            "state": customer.state.value,
            "branch": customer.branch,
        }
        for customer in hits
    ]
    if settings.as_json:
        as_json({"customers": rows})
        return
    heads = say(
        "id, file number, name, company, phones, representative, state, branch",
        "标识, 档案编号, 姓名, 公司, 电话, 客户代表, 状态, 分支",
    ).split(", ")
    cells = [[", ".join(cell) if isinstance(cell, list) else cell or "-" for cell in row.values()] for row in rows]
    table(say("Customers", "客户"), heads, cells)
