"""A complaint begins, and ends early, on SQLite: keys, refusals, conflicts, deadlines, the trail."""

import tempfile
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import csdomain
from csdomain.kernel.rules.errors import Conflict
from csdomain.kernel.store.kinds import Tally

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
    for move in desk.complaints.moves(filed.id, by=sales, at=monday)[:4]:
        print("        ", move.move.value.ljust(8), "yes" if move.allowed else "no ", move.why.en)

    # Sales checks the order. A role that may not accept is refused; nothing changes, and the refusal is on record.
    checked = desk.complaints.check(filed.id, "order SO-1187, paid", by=sales, at=monday)
    quality = csdomain.Classification("quality", "material")
    try:
        desk.complaints.accept(filed.id, quality, by=sales, at=monday)
    except csdomain.RuleBroken as refused:
        print("refused ", refused)
        assert refused.rule.id == "KRN-13"

    accepted = desk.complaints.accept(filed.id, quality, by=agent, at=monday, expected_version=checked.version)

    # Somebody who read the complaint before it was accepted comes too late.
    try:
        desk.complaints.investigate(filed.id, by=agent, at=monday, expected_version=checked.version)
    except Conflict as conflict:
        print("conflict", conflict)
        assert conflict.facts["actual"] == accepted.version

    # Friday: half of the time to close it is over, and that for looking into it has run out. The customer gives up.
    friday = datetime(2026, 11, 20, 16, 0, tzinfo=SHANGHAI)
    print("swept   ", desk.sweep(friday))
    desk.complaints.withdraw(filed.id, "the customer found the cause: a wrong lubricant", by=agent, at=friday)

# Another process, later: everything is there.
with csdomain.open(f"sqlite:///{database}", rulebook="after_sales") as desk:
    manager = desk.actor("u-02", branch="hq", positions=("service_manager",))
    for line in desk.complaints.trail(filed.id, by=manager):
        when = f"{line.at.astimezone(SHANGHAI):%d %b %H:%M}"
        print("trail   ", when, line.by, line.name, line.facts.get("percent", ""))
    deadlines = {deadline.timer: deadline for deadline in desk.complaints.deadlines(filed.id, by=manager, at=friday)}
    for name, deadline in deadlines.items():
        print("deadline", name, deadline.state.value, "with", deadline.used, "of", deadline.budget, "used")
    assert deadlines["CMP-05.sales_check"].state.value == "met"
    assert deadlines["CMP-05.rnd"].state.value == "breached"
    assert deadlines["CMP-04"].state.value == "cancelled"
    [row] = desk.complaints.tally(Tally(group_by=("state",), sums=("claimed",)), by=manager)
    assert (row.group, row.count, row.sums) == (("withdrawn",), 1, (32050,))
