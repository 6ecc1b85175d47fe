"""``csdomain service``: jobs that wait to be dispatched, the daily check of the register, vouchers to print (SVC)."""

import csv
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import attrs
import typer

from csdomain.kernel.rules import Text
from csdomain.kernel.values.money import Money
from csdomain.rulebook import ORGANISATION
from csdomain.service_desk.service import WAITING_LONGEST
from csdomain.service_desk.values import InHand, MalformedJob

from . import files, stores
from .options import As, Book, Branch, Html, Position, Url, command
from .output import answer, as_json, table
from .settings import say, settings

app = typer.Typer(name="service")
Limit = Annotated[int, typer.Option(min=1, max=200, help="At most so many.")]
_ACCEPTED: Final = Text("CSV UTF-8: voucher, signed, minutes, fee", "CSV UTF-8 格式：voucher、signed、minutes、fee")


@command(app, "waiting")
def waiting(
    url: Url, actor: As, branch: Branch, position: Position, limit: Limit = 50, rulebook: Book = "after_sales"
) -> None:
    """List the jobs that wait to be dispatched, the oldest first (SVC-07)."""
    with stores.reading(url, rulebook) as found:
        by = found.house.actor(actor, branch, position)
        jobs = found.service_desk.waiting(attrs.evolve(WAITING_LONGEST, limit=limit), by=by, at=stores.now()).items
        zones = {job.branch: ZoneInfo(found.house.zone(job.branch)) for job in jobs}
    rows = [
        {
            "id": job.id,
            "number": job.number,
            "since": job.received_at.astimezone(zones[job.branch]).isoformat(),
            "kind": job.kind.value,
            "visits": len(job.visits),
            "branch": job.branch,
        }
        for job in jobs
    ]
    if settings.as_json:
        as_json({"jobs": rows})
        return
    heads = say("id, number, since, kind, visits, branch", "标识, 服务单号, 接报时间, 种类, 已上门次数, 分支")
    cells = [[str(cell) for cell in row.values()] for row in rows]
    table(say("Jobs to dispatch", "待派工的服务单"), heads.split(", "), cells)


@command(app, "check")
def check(
    url: Url,
    vouchers: Annotated[
        Path, typer.Argument(metavar="FILE", help="The vouchers on the desk, CSV: voucher, signed, minutes, fee.")
    ],
    actor: As,
    branch: Branch,
    position: Position,
    rulebook: Book = "after_sales",
) -> None:
    """Compare the register with the vouchers on the desk; nothing is kept. Exit code 1 where they differ (SVC-07)."""
    files.there(vouchers)
    with stores.reading(url, rulebook) as found:
        in_hand = _read(vouchers, found.house.rulebook[ORGANISATION].currency)
        by = found.house.actor(actor, branch, position)
        differences = found.service_desk.checks.differences(in_hand, by=by)
    rows = [{name: getattr(one, name) for name in ("voucher", "what", "register", "paper")} for one in differences]
    if settings.as_json:
        as_json({"vouchers": len(in_hand), "differences": rows})
    else:
        heads = say("voucher, what, register, paper", "凭单号, 差异, 登记簿, 凭单")
        title = say("Differences of register and vouchers", "登记簿与凭单的差异")
        table(title, heads.split(", "), [[str(cell) or "-" for cell in row.values()] for row in rows])
    if rows:
        raise typer.Exit(1)


def _read(path: Path, currency: str) -> list[InHand]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            if "voucher" not in (rows.fieldnames or ()):
                raise files.FileTrouble(file=path, why="voucher", accepted=_ACCEPTED)
            return [_voucher(row, currency) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise files.FileTrouble(file=path, why=type(error).__name__, accepted=_ACCEPTED) from error


def _voucher(row: dict[str, str | None], currency: str) -> InHand:
    said = {name: (row.get(name) or "").strip() for name in ("voucher", "signed", "minutes", "fee")}
    if said["signed"] not in ("yes", "no", "") or not (said["minutes"] or "0").isdecimal():
        accepted = Text("signed: yes or no; minutes: an integer", "signed 为 yes 或 no；minutes 为整数")
        raise MalformedJob(field="signed", given=said["voucher"], accepted=accepted)
    return InHand(
        voucher=said["voucher"],
        signed=said["signed"] == "yes",
        minutes=int(said["minutes"]) if said["minutes"] else None,
        fee=Money.of(said["fee"].removesuffix(currency).strip(), currency) if said["fee"] else None,
    )


@command(app, "voucher")
def voucher(
    url: Url,
    job: Annotated[str, typer.Argument(help="The id of a job.")],
    actor: As,
    branch: Branch,
    position: Position,
    html: Html = None,
    rulebook: Book = "after_sales",
) -> None:
    """Print the voucher of a job, as it stands in the register."""
    from csdomain_adapters.service_papers import printed

    database = stores.file_of(url)
    with (
        files.written(html, inputs=() if database is None else (database,)) as (page,),
        stores.reading(url, rulebook) as desk,
    ):
        by = desk.house.actor(actor, branch, position)
        made = printed(desk.service_desk, job, by=by, language=settings.language)
        if html is not None:
            page.write_text(made.html(), encoding="utf-8")
    answer(attrs.asdict(made), made.text())
