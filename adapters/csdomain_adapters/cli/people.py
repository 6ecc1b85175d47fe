"""``csdomain customers``: customers found by any one field, and taken over out of a table of another system."""

import csv
from pathlib import Path
from typing import Annotated, Final

import typer

from csdomain.customers.service import RowFault
from csdomain.kernel.rules import Text

from . import files, stores
from .options import As, Book, Branch, Position, Url, command
from .output import answer, as_json, error_data, note, progress, rendered, table
from .settings import say, settings

app = typer.Typer(name="customers")
Limit = Annotated[int, typer.Option(min=1, max=200, help="At most so many.")]


#: What an import takes; a spreadsheet on Windows calls it so.
_ACCEPTED: Final = Text("CSV UTF-8, with a line of names", "CSV UTF-8 格式，首行为栏目名")


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


@command(app, "import")
def import_(
    url: Url,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file in UTF-8 with a line of names: ref, name.")],
    actor: As,
    branch: Branch,
    position: Position,
    rulebook: Book = "after_sales",
) -> None:
    """Take over customers out of a CSV file. Begun again, it goes on; rows that are refused are named."""
    files.there(file)
    with stores.desk(url, rulebook) as found, file.open(encoding="utf-8-sig", newline="") as lines:
        by = found.house.actor(actor, branch, position)
        try:
            given = csv.DictReader(lines)
            if not given.fieldnames:
                raise files.FileTrouble(file=file, why="empty", accepted=_ACCEPTED)
            rows = ({name or "": value or "" for name, value in row.items()} for row in given)
            with progress(say("customers", "客户")) as advance:
                report = found.customers.import_rows(rows, by=by, at=stores.now(), progress=advance)
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise files.FileTrouble(file=file, why=type(error).__name__, accepted=_ACCEPTED) from error
    for fault in report.failed:
        note(f"{fault.row}: {rendered(fault.error)}")
    text = say(f"{report.new} new, {report.there} there", f"新增 {report.new}，已有 {report.there}")
    answer({"new": report.new, "there": report.there, "failed": [_fault(one) for one in report.failed]}, text)
    if report.failed:
        raise typer.Exit(1)


def _fault(fault: RowFault) -> dict[str, object]:
    return {"row": fault.row, **error_data(fault.error)}
