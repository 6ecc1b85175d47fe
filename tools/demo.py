"""`make demo`: an event log replayed, a deadline over a public holiday, a quality complaint until it is settled, goods
bought and sent, a renewal."""

import argparse
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import csdomain
from csdomain.complaints.rules import ACCEPTANCE

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "examples" / "data"
STORY = ROOT / "examples" / "06_a_quality_complaint.py"
GOODS = ROOT / "examples" / "08_goods_and_a_renewal.py"
BUILD = ROOT / "build" / "demo"
SHANGHAI = ZoneInfo("Asia/Shanghai")


def title(text: str) -> None:
    # Flushed: what follows may be another process, which writes to the same place.
    print(f"\n\033[1m{text}\033[0m\n" if sys.stdout.isatty() else f"\n== {text}\n", flush=True)


def told(command: list[str]) -> None:
    """Run a part of the demo as a process; where it failed it has said why, and the demo ends with its code."""
    code = subprocess.run(command, check=False).returncode
    if code:
        raise SystemExit(code)


def replay(log: Path, mapping: Path) -> Path:
    title(f"1. Replay of {log.name}")
    page = BUILD / "replay.html"
    command = [
        sys.executable,
        "-m",
        "csdomain_adapters.cli",
        "replay",
        str(log),
        "--map",
        str(mapping),
        "--html",
        str(page),
    ]
    told(command)
    return page


def desk() -> Path:
    title("2. A complaint on SQLite, accepted the day before the National Day holiday")
    file = BUILD / "desk.db"
    for old in BUILD.glob("desk.db*"):
        old.unlink()
    with csdomain.open(f"sqlite:///{file}", rulebook="after_sales") as desk:
        agent = desk.actor("u-17", branch="hq", positions=("service_agent",))
        sales = desk.actor("u-04", branch="hq", positions=("sales",))

        def at(day: int, hour: int, month: int = 9) -> datetime:
            return datetime(2026, month, day, hour, tzinfo=SHANGHAI)

        form = csdomain.ComplaintForm(
            customer="c-2041",
            demand="refund",
            reason="five of a hundred bearings are cracked",
            quantity=100,
            defective=5,
            claimed=csdomain.Money.of("3200", "CNY"),
        )
        filed = desk.complaints.receive(form, by=sales, at=at(30, 10), key="demo")
        print(f"filed      {filed.number} by sales")
        desk.complaints.check(filed.id, "the order is ours, delivered in August", by=sales, at=at(30, 11))
        print("checked    by sales")
        fault = csdomain.Classification("not_quality", "transport")
        try:
            desk.complaints.accept(filed.id, fault, by=sales, at=at(30, 11))
        except csdomain.RuleBroken as refused:
            print(f"refused    {refused}")
        desk.complaints.accept(filed.id, fault, by=agent, at=at(30, 12))
        print("accepted   by customer service; the clock runs\n")
        running = desk.complaints.deadlines(filed.id, by=agent, at=at(30, 12))
        closing = next(deadline for deadline in running if deadline.timer == "CMP-04")
        last = (closing.due_at - timedelta(microseconds=1)).astimezone(SHANGHAI)
        print(closing.counted.text("en"))
        print(f"that is the end of {last:%Y-%m-%d}, by {ACCEPTANCE.id}: {ACCEPTANCE.text('en')}")
        print(closing.counted.text("zh"))
        print(f"即 {last:%Y-%m-%d} 日终，依 {ACCEPTANCE.id}：{ACCEPTANCE.text('zh')}", end="\n\n")
        hours = desk.calendar("office").explain(at(30, 12), timedelta(hours=16))
        print("the same start, with sixteen working hours instead of six days:")
        print(hours.text("en"))
        print(hours.text("zh"), end="\n\n")
        fired = desk.sweep(at(6, 20, month=10))
        print(f"swept      on 6 October: {fired.warned} warnings, {fired.breached} deadlines breached")
        desk.complaints.withdraw(filed.id, "the carrier paid", by=agent, at=at(6, 21, month=10))
        print("withdrawn  on the last evening: the carrier paid\n\nthe trail:")
        for line in desk.complaints.trail(filed.id, by=agent):
            what = line.move or f"{line.name} {line.facts.get('percent', '')}"
            print(f"  {line.at.astimezone(SHANGHAI):%m-%d %H:%M}  {line.by:7} {what:16} {line.source:9} {line.dest}")
        print("\nmessages that wait for the customer and the manager:")
        manager = desk.actor("u-03", branch="hq", positions=("service_manager",))
        for message in desk.messages.waiting(by=manager):
            print(f"  {message.to:16} {message.occasion}")
    return file


def story() -> Path:
    title("3. A quality complaint over 3,200 yuan, on a fresh desk (examples/06_a_quality_complaint.py)")
    file = BUILD / "quality.db"
    for old in BUILD.glob("quality.db*"):
        old.unlink()
    told([sys.executable, str(STORY), str(file)])
    return file


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log", default="", help="an event log of your own; the made-up one by default")
    parser.add_argument("--map", default="", help="how it maps onto a workflow")
    given = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    log = Path(given.log) if given.log else DATA / "help_desk_log.csv"
    if given.map:
        mapping = Path(given.map)
    else:
        mapping = DATA / ("helpdesk_italy_map.toml" if "italy" in log.name else "help_desk_map.toml")
    page = replay(log, mapping)
    databases = (desk(), story())
    title("4. Goods and a renewal, in memory (examples/08_goods_and_a_renewal.py)")
    told([sys.executable, str(GOODS)])
    title("Where to look")
    print(f"the replay as a page   {page}")
    print("the desks' databases  ", *databases)
    print("the code of this demo  tools/demo.py,", *(file.relative_to(ROOT) for file in (STORY, GOODS)))
    print("step by step           docs/tutorial/your-first-complaint-desk.md (zh-CN beside it)")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more at its end
        raise SystemExit(141) from None
