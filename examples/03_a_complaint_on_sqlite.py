"""A complaint from the counter to the close, on SQLite: keys, refusals, conflicts, deadlines, the trail."""

import tempfile
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import csdomain
from csdomain.kernel.errors import Conflict
from csdomain.kernel.storage import Tally

SHANGHAI = ZoneInfo("Asia/Shanghai")
database = Path(tempfile.mkdtemp()) / "desk.db"

with csdomain.open(f"sqlite:///{database}", rulebook="after_sales") as desk:
    sales = desk.actor("u-04", branch="hq", positions=("sales",))
    agent = desk.actor("u-17", branch="hq", positions=("service_agent",))
    monday = datetime(2026, 11, 16, 9, 30, tzinfo=SHANGHAI)

    # The same key twice is one complaint, and the first receipt again.
    form = csdomain.ComplaintForm(
        customer="c-2041",
        demand="refund",
        reason="cracked",
        quantity=100,
        defective=5,
        claimed=csdomain.Money.of("320.50", "CNY"),
    )
    filed = desk.complaints.receive(form, by=sales, at=monday, key="counter-7")
    assert desk.complaints.receive(form, by=sales, at=monday, key="counter-7") == filed
    print("filed   ", filed.number)

    # What may be done next, and why the rest may not.
    for move in desk.complaints.moves(filed.id, by=agent):
        print("        ", move.move.value.ljust(8), "yes" if move.allowed else "no ", move.why.en)

    # A role that may not is refused; nothing changes, and the refusal is on record.
    try:
        desk.complaints.accept(filed.id, by=sales, at=monday)
    except csdomain.RuleBroken as refused:
        print("refused ", refused)
        assert refused.rule.id == "KRN-13"

    accepted = desk.complaints.accept(filed.id, by=agent, at=monday, expected=filed.version)

    # Somebody who read the complaint before it was accepted comes too late.
    try:
        desk.complaints.close(filed.id, "refunded", by=agent, at=monday, expected=filed.version)
    except Conflict as conflict:
        print("conflict", conflict)
        assert conflict.facts["actual"] == accepted.version

    friday = datetime(2026, 11, 20, 16, 0, tzinfo=SHANGHAI)
    print("swept   ", desk.sweep(friday))
    desk.complaints.close(filed.id, "refunded", by=agent, at=friday)

# Another process, later: everything is there.
with csdomain.open(f"sqlite:///{database}", rulebook="after_sales") as desk:
    manager = desk.actor("u-02", branch="hq", positions=("service_manager",))
    for line in desk.complaints.trail(filed.id, by=manager):
        when = f"{line.at.astimezone(SHANGHAI):%d %b %H:%M}"
        print("trail   ", when, line.by, line.name, line.facts.get("percent", ""))
    [deadline] = desk.complaints.deadlines(filed.id, by=manager, at=friday)
    print("deadline", deadline.state.value, "with", deadline.used, "of", deadline.budget, "used")
    assert deadline.state.value == "met"
    [row] = desk.complaints.tally(Tally(group_by=("state",), sums=("claimed",)), by=manager)
    assert (row.group, row.count, row.sums) == (("closed",), 1, (32050,))
