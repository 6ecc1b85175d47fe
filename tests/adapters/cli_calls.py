"""Calls of the command in this process, its streams in any encoding, and for every command what it must be given."""

import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

import csdomain
from csdomain.kernel.rules import Language
from csdomain.service_desk.values import Call, Contact, Kind, Product
from csdomain.testing import MovableClock, SequentialIds, accepted, closed, complaint_form, no_holidays, staff
from csdomain_adapters.cli.app import run, tree

GATEWAYS = """
[channels]
sms = ["twilio"]
[gateways.twilio]
account = "AC1"
token = "file:FOLDER/token"
sender = "+15005550006"
"""
MAP = """
name = "Helpdesk"
[columns]
case = "ticket"
activity = "what"
time = "when"
[time]
zone = "UTC"
format = "%Y-%m-%d %H:%M"
[calendar]
zone = "UTC"
[calendar.weekly]
tue = ["09:00-18:00"]
[workflow]
states = ["open", "closed"]
initial = "open"
final = ["closed"]
[[workflow.moves]]
name = "take"
to = "open"
[[workflow.moves]]
name = "close"
from = "open"
to = "closed"
[activities]
"Taken" = "take"
"Closed" = "close"
"""
LOG = "ticket,what,when\n客–1,Taken,2026-04-07 09:00\n客–1,Closed,2026-04-07 10:00\n客–1,Closed,2026-04-07 11:00\n"
POSITIONS = {
    "customers": "service_manager", "messages": "service_manager", "renewals": "service_manager", "stock": "hq",
    "service": "service_manager"
}  # fmt: skip
BOOK = 'name = "ours"\nextends = "after_sales"\n[complaints]\nclose_within = "4 days"\n'
#: When the running complaint of the database was accepted.
AT = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)


@attrs.frozen
class House:
    """A folder with one of everything that a command may be given."""

    folder: Path
    url: str
    number: str
    ref: str
    message: str
    count: str
    job: str

    @property
    def values(self) -> Mapping[str, Sequence[str]]:
        """What a parameter is given, by its name. A new parameter that a command must have gets a line here."""
        return {
            "url": [self.url],
            "log": [str(self.folder / "log.csv")],
            "map_": [str(self.folder / "map.toml")],
            "files": [str(self.folder / "ours.toml")],
            "rulebook": [str(self.folder / "ours.toml")],
            "old": ["after_sales"],
            "new": [str(self.folder / "ours.toml")],
            "lifecycle": ["complaint"],
            "ref": [self.ref],
            "file": [str(self.folder / "customers.csv")],
            "key": [str(self.folder / "ours.toml")],
            "case": [self.number],
            "month": ["2026-03"],
            "text": ["王"],
            "message": [self.message],
            "gateway": ["twilio"],
            "product": ["fish_oil"],
            "id": [self.count],
            "job": [self.job],
            "vouchers": [str(self.folder / "vouchers.csv")],
            "gateways": [str(self.folder / "gateways.toml")],
            "reports": [str(self.folder / "receipts.txt")],
            "actor": ["office-1"],
            "branch": ["hq"],
            "position": ["deputy_general_manager"],
        }

    def arguments(self, path: Sequence[str], **other: Sequence[str] | None) -> list[str]:
        """A call of a command with what it must have; ``other`` values by the name of a parameter, None for none."""
        given = [*path, *(["--once"] if tuple(path) == ("work",) else [])]  # else it does not end
        for parameter in leaf(path).params:
            if parameter.name in other:
                values = other[parameter.name]
            elif parameter.required:
                values = self.values[parameter.name]
            else:
                continue
            if parameter.name == "position" and path[0] in POSITIONS and parameter.name not in other:
                values = [POSITIONS[path[0]]]  # who decides on complaints has no business with these
            for value in values or ():
                given += [value] if parameter.param_type_name == "argument" else [parameter.opts[0], value]
        return given


def house(folder: Path) -> House:
    """Make the folder: a log with its map, a rulebook, a database with closed and running complaints."""
    (folder / "log.csv").write_text(LOG, encoding="utf-8")
    (folder / "map.toml").write_text(MAP, encoding="utf-8")
    (folder / "customers.csv").write_text("ref,name,phones,addresses\nK-1,王,138123,北京\n", encoding="utf-8")
    (folder / "ours.toml").write_text(BOOK, encoding="utf-8")
    url = f"sqlite:///{folder / 'desk.db'}"
    (folder / "token").write_text("of-twilio", encoding="utf-8")
    (folder / "gateways.toml").write_text(GATEWAYS.replace("FOLDER", str(folder)), encoding="utf-8")
    (folder / "receipts.txt").touch()
    with csdomain.open(url, clock=MovableClock(), ids=SequentialIds(), holidays=no_holidays()) as desk:
        for product in ("engine", "客–户"):
            closed(desk, complaint_form(customer="customer-77", product=product))
        case = accepted(desk, complaint_form(customer="customer-78"), at=AT)
        call = Call(kind=Kind.INTERNAL, contact=Contact(name="王"), product=Product(model="P-1"), problem="卡纸")
        job = desk.service_desk.receive(call, by=staff(desk)["service_agent"], at=AT)
        voucher = desk.service_desk.get(job.id, by=staff(desk)["service_agent"]).voucher
    (folder / "vouchers.csv").write_text(f"voucher,signed,minutes,fee\n{voucher},no,,\n", encoding="utf-8")
    with csdomain.open(url, "medical_centre", clock=MovableClock(), holidays=no_holidays()) as desk:
        people, at = staff(desk), desk.clock.now()
        desk.inventory.products.list("fish_oil", "fish oil", "piece", "normal", by=people["product_manager"], at=at)
        count = desk.inventory.counts.freeze(["fish_oil"], by=people["warehouse_keeper"], at=at).id
    with csdomain.open(url, "fleet") as desk:  # a book that the database keeps and no case goes by
        return House(folder, url, case.number, desk.house.rulebook.ref, f"{case.id}/accepted/1", count, job.id)


def leaves() -> list[tuple[str, ...]]:
    """Every command by its names, found in the tree that Typer makes."""

    def below(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        inner = getattr(command, "commands", None)
        if inner is None:
            yield path
        else:
            for name, one in inner.items():
                yield from below(one, (*path, name))

    return list(below(tree(), ()))


def leaf(path: Sequence[str], language: Language = "en") -> Any:
    """A command by its names."""
    found = tree(language)
    for name in path:
        found = found.commands[name]
    return found


@attrs.frozen
class Said:
    """What a call came to."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The lines of standard error that are not empty."""
        return [line for line in self.err.splitlines() if line.strip()]


@attrs.frozen
class Calls:
    """Calls of the command with streams of one's own."""

    patch: pytest.MonkeyPatch

    def __call__(self, arguments: Sequence[str], encoding: str = "utf-8") -> Said:
        out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        err = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="backslashreplace")
        with self.patch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = run(arguments)
        return Said(code, _read(out), _read(err))


def _read(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with what is in it; SQLite's own files beside a database come and go."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in sorted(folder.rglob("*"))
        if not path.name.endswith(("-wal", "-shm"))
    }
