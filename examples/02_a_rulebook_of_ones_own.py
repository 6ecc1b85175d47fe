"""House rules of one's own: start from a shipped rulebook, override a few keys, and see faults named."""

import tempfile
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import csdomain
from csdomain.complaints.values import COMPLAINT_RULES
from csdomain.kernel.rules.errors import RulebookInvalid

OURS = """
name = "harbour_branch"
extends = "after_sales"

[organisation]
zone = "Europe/Lisbon"
calendar = "shop"

[calendars.shop]
zone = "Europe/Lisbon"
yearly_holidays = ["01-01", "04-25", "12-25"]
weekly = { mon = ["10:00-19:00"], tue = ["10:00-19:00"], wed = ["10:00-19:00"], sat = ["10:00-14:00"] }

[complaints]
number = "HB-{yyyy}-{seq:05}"
close_within = "3 working days"
extra = { channel = "text", repeat = "yes_no" }

[complaints.classes.wear]
quality = false
causes = ["torn", "worn"]
"""

folder = Path(tempfile.mkdtemp())
file = folder / "harbour.toml"
file.write_text(OURS, encoding="utf-8")

# What is not overridden comes from after_sales: roles, warnings, who hears of an overrun.
book = csdomain.load_rulebook(file)
print("loaded ", book.ref)
assert book[COMPLAINT_RULES].overrun_to == "service_manager"

with csdomain.open("memory:", rulebook=book) as desk:
    agent = desk.actor("u-1", branch="harbour", positions=("service_agent",))
    sales = desk.actor("u-2", branch="harbour", positions=("sales",))
    friday = datetime(2026, 11, 20, 11, 0, tzinfo=ZoneInfo("Europe/Lisbon"))
    form = csdomain.ComplaintForm(customer="c-1", demand="exchange", reason="torn", extra={"channel": "counter"})
    filed = desk.complaints.receive(form, by=agent, at=friday)
    desk.complaints.check(filed.id, "bought here on the 12th", by=sales, at=friday)
    desk.complaints.accept(filed.id, csdomain.Classification("wear", "torn"), by=agent, at=friday)
    deadlines = {deadline.timer: deadline for deadline in desk.complaints.deadlines(filed.id, by=agent, at=friday)}
    deadline = deadlines["CMP-04"]
    print("number ", filed.number)
    print(deadline.counted.text("en"))
    # Saturday, Monday and Tuesday are the three working days; the shop closes at seven.
    assert deadline.due_at == datetime(2026, 11, 24, 19, 0, tzinfo=ZoneInfo("Europe/Lisbon"))
    assert filed.number == "HB-2026-00001"

# A faulty book is refused whole, with every fault and where it is.
file.write_text(OURS.replace('"3 working days"', "3").replace("seq:05", "sequence").replace('"shop"', '"shed"'))
try:
    csdomain.load_rulebook(file)
except RulebookInvalid as refused:
    print(refused)
    faults = refused.faults
assert len(faults) == 3
