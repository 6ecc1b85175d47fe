"""The example of goods and a renewal: what it prints is what the desk answers, and what the rules say."""

import runpy
from pathlib import Path

import pytest

from csdomain.inventory.rules import ALLOCATION, RECEIVING
from csdomain.orders.rules import PAYMENT
from csdomain.renewals.rules import FORM

EXAMPLE = Path(__file__).parents[2] / "examples" / "08_goods_and_a_renewal.py"


@pytest.mark.rule(ALLOCATION, RECEIVING, PAYMENT, FORM)
def test_an_order_out_of_three_lots_and_twelve_months_that_give_fourteen(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    said = capsys.readouterr().out
    batches = {line.split()[1]: line.split(maxsplit=2)[2] for line in said.splitlines() if line.startswith("  batch ")}
    why = {batch: text.split(": ")[1].split(".")[0] for batch, text in batches.items() if "skipped" in text}
    assert why == {
        "A": "The lot has expired",
        "B": "The lot is quarantined",
        "C": "What is left is reserved for others",
        "G": "Lots before it were enough",
    }
    assert {batch: text for batch, text in batches.items() if batch not in why} == {
        "D": "2 bottles",
        "E": "3 bottles",
        "F": "2 bottles",
    }
    for line in (
        "refused     warehouse_keeper: ",
        "out of 3 lots: batches D, E, F",
        "in cash; paid: False",
        "by finance; paid: True",
        "12 months paid, 14 months of service",
        "refused     gps_administrator: ",
        "refused     finance: REN-06",
        "from 2026-03-05 to the day before 2027-05-05: 14 months",
    ):
        assert line in said
    order = [said.index(line) for line in ("refused     gps", "signed      by finance", "extended    by the admin")]
    assert order == sorted(order)
