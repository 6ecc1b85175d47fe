"""What is printed and what the command shows of the stock (INV-06, INV-09, INV-10, INV-12…14)."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import csdomain
from csdomain.inventory import rules as r
from csdomain.inventory.commands.destructions import Unsound
from csdomain.kernel.rules.errors import NotFound
from csdomain.testing import MovableClock, SequentialIds
from csdomain_adapters.cli.app import run
from csdomain_adapters.stock_papers import printed

from .warehouse import OIL, T0, Warehouse


def told(house: Warehouse) -> dict[str, str]:
    """A warehouse with one paper of each sort; their ids."""
    house.product(specification="60粒", fragile=True)
    lot = house.put(9, expires=date(2027, 1, 1), cost=250)
    papers = {"shipment": house.send(4)}
    papers["count"] = house.stock.counts.freeze([OIL], **house.by()).id
    house.stock.counts.count(papers["count"], 1, 5, **house.by())
    papers["destruction"] = house.stock.destructions.propose([Unsound(lot, 2, "")], "wet <b>", **house.by()).id
    house.stock.destructions.approve(papers["destruction"], **house.by(house.supervisor))
    house.stock.destructions.destroy(papers["destruction"], "burnt", ["ann", "bob"], **house.by())
    asked = house.stock.requisitions.ask("tech-1", house.wanted(1), "rep-1", **house.by()).id
    house.stock.requisitions.approve(asked, **house.by(house.director))
    house.stock.requisitions.issue(asked, **house.by())
    return papers


@pytest.mark.rule(r.SHIPPING, r.STOCKTAKE, r.DESTRUCTION)
def test_papers_say_what_must_stand_on_them_in_both_languages() -> None:
    house = Warehouse()
    papers = told(house)
    for kind, said in (
        ("shipment", ["ord-1", "60粒", "2027-01-01", "4"]),
        ("count", ["wh/hq/normal/", "warehouse_keeper", "5"]),
        ("destruction", ["burnt", "ann, bob", "5.00", "wet <b>"]),
    ):
        for language in ("en", "zh"):
            paper = printed(house.stock, papers[kind], by=house.keeper, language=language)
            text, html = paper.text(), paper.html()
            assert paper.title in text
            assert ("ragile" in text or "易碎" in text) is (kind == "shipment")
            for one in said:
                assert one in text
                assert one.replace("<b>", "&lt;b&gt;") in html
            assert "______" in text
    sheet = printed(house.stock, papers["count"], by=house.keeper)
    assert "5" in sheet.rows[0]
    with pytest.raises(NotFound):
        printed(house.stock, "ord_1", by=house.keeper)


def answered(capsys: pytest.CaptureFixture[str], *line: str) -> Any:
    assert run([*line, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.rule(r.LEDGER, r.EQUIPMENT, r.WARNINGS)
def test_the_command_shows_the_stock(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    how: dict[str, Any] = {"clock": MovableClock(T0), "ids": SequentialIds()}
    with csdomain.open(url, "medical_centre", **how) as desk:
        papers = told(Warehouse(desk))
    who = ("--as", "ann", "--branch", "hq", "--position", "hq")
    (row,) = answered(capsys, "stock", "on-hand", url, *who)["on_hand"]
    assert row == {"warehouse": "hq", "product": OIL, "quantity": 2, "cost_minor": 500}
    moves = answered(capsys, "stock", "card", url, OIL, *who)["movements"]
    assert [move["quantity"] for move in moves] == [9, 4, 4, 2, 2, 1]
    (held,) = answered(capsys, "stock", "held", url, *who)["held"]
    assert (held["place"], held["quantity"]) == ("who/tech-1", 1)
    found = answered(capsys, "stock", "warnings", url, *who)
    assert set(found) == {"low", "expiring", "idle", "suggested"}
    page = tmp_path / "note.html"
    assert answered(capsys, "stock", "paper", url, papers["shipment"], *who, "--html", str(page))["rows"]
    assert "ord-1" in page.read_text("utf-8")
    for line in (("on-hand", url), ("card", url, OIL), ("held", url), ("warnings", url)):
        assert run(["stock", *line, *who, "--language", "zh"]) == 0
        assert OIL in capsys.readouterr().out
    assert run(["stock", "held", url, "--as", "ann", "--branch", "north", "--position", "warehouse_keeper"]) == 1
