"""A quality complaint over 3,200 yuan, from the counter until nothing is open: every department, three refusals.

Usage: python examples/06_a_quality_complaint.py [DATABASE.db]

`make demo` tells it too, and a test holds it to what it says.
"""

import os
import sys
import tempfile
import textwrap
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs

import csdomain
from csdomain import (
    Channel,
    Classification,
    ComplaintForm,
    Desk,
    Finding,
    Goods,
    Judgement,
    Liable,
    Money,
    ProposedPenalty,
    Remedy,
    RuleBroken,
    Share,
)
from csdomain.complaints.lifecycle import ImprovementMove
from csdomain.kernel.papers.approvals import Outcome

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
REPORT: Final = "The furnace stood 40 degrees too high in the night of the 14th."
FIELDS: Final = {"granted": "they get", "compensation": "of it paid", "pieces": "pieces back", "text": "in words"}
MAY: Final = {Outcome.APPROVED: "approve", Outcome.RECOMMENDED: "recommend, no more", None: "do nothing"}
Say = Callable[[str, str], None]


def yuan(amount: int) -> Money:
    return Money.of(amount, "CNY")


@attrs.define
class Telling:
    """A case as it is told: the desk, the instant, and where the lines go."""

    desk: Desk
    say: Say
    now: datetime
    id: str = ""

    def by(self, position: str) -> csdomain.Actor:
        """Who holds a position. Here a person is called like the position."""
        return self.desk.actor(position, branch="hq", positions=(position,))

    def at(self, month: int, day: int, hour: int, minute: int = 0) -> None:
        """Time goes on; what fell due in between fires."""
        self.now = datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)
        fired = self.desk.sweep(self.now)
        assert (fired.breached, fired.failed) == (0, ())
        self.say("date", f"{self.now:%a %d %b, %H:%M}")

    def do(self, what: str, *given: Any, by: str, **more: Any) -> Any:
        """One use case of this case."""
        self.now += timedelta(minutes=5)
        return getattr(self.desk.complaints, what)(self.id, *given, by=self.by(by), at=self.now, **more)

    def refused(self, what: str, *given: Any, by: str) -> None:
        """One that the rules do not allow: the rule, the facts, and what would be accepted, in two languages."""
        try:
            self.do(what, *given, by=by)
        except RuleBroken as refused:
            self.say("refused", f"{by}: {refused.render('en')}")
            self.say("refused", refused.render("zh"))
        else:
            raise AssertionError(f"{what} went through")

    def asked(self, by: str) -> None:
        """Who decides, and what ``by`` may do."""
        explained = self.desk.complaints.approval(self.id, by=self.by(by), at=self.now)
        for line in explained.text("en").splitlines():
            self.say("why", line)
        self.say("why", f"so {by} may {MAY[explained.may]}")

    def copies(self, when: str) -> None:
        """Which copy of the return slip lies with whom."""
        slip = next(p for p in self.desk.complaints.papers(self.id, by=self.by("sales")) if p.kind == "return_slip")
        held = "   ".join(f"{copy.number}: {copy.holder or '-':<9}" for copy in slip.copies)
        self.say("paper", f"{when:<12} {held.rstrip()}")


def departments(t: Telling) -> None:
    t.say("title", "Through the departments")
    t.at(3, 2, 9, 30)
    form = ComplaintForm(
        customer="c-2041",
        demand="3,200 yuan back",
        reason="five of a hundred bearings are cracked",
        product="bearing 6204",
        batch="b-0114",
        quantity=100,
        defective=5,
        claimed=yuan(3200),
        samples=5,
    )
    filed = t.desk.complaints.receive(form, by=t.by("sales"), at=t.now)
    t.id = filed.id
    t.say("done", f"sales receives complaint {filed.number}: {form.reason}; {form.claimed} claimed")
    t.do("check", "the order is ours, delivered in February", by="sales")
    t.do("accept", Classification("quality", "material"), by="service_agent")
    t.say("done", "customer service accepts it as a quality fault; six days run")
    t.do("involve", ["production"], t.now + timedelta(days=2), by="service_agent")
    t.do("investigate", by="service_agent")
    t.at(3, 3, 15)
    reminded = [m for m in t.desk.messages.waiting(by=t.by("service_manager")) if m.occasion == "complaint.reminder"]
    assert len(reminded) == 1
    t.say("done", "production was reminded of its part this morning, and has done it")
    t.do("contribute", "production", "b-0114 was hardened in the night shift", word_of="foreman", by="service_agent")
    finding = Finding(True, "cracked in hardening", ("worker-7",), "an alarm at the furnace")
    t.do("inspect", finding, by="rnd")
    t.say("done", "R&D confirms the fault in the samples and proposes a countermeasure")
    t.at(3, 4, 9, 30)
    t.do("conclude", by="service_agent")
    t.do("report", REPORT, by="service_agent")
    t.do("rule", "Agreed. Take them back.", by="deputy_general_manager")
    t.say("done", "the investigation is reported; the deputy general manager rules on it")
    judgement = Judgement(
        liable=Liable.US,
        unit="production",
        persons=("worker-7",),
        disposal="scrap the rest of the batch",
        tracked=True,
        loss={"goods": yuan(3000), "freight": yuan(200)},
        shares=(Share("production", 3), Share("sales", 1)),
        penalties=(ProposedPenalty("worker-7", "warning"), ProposedPenalty("production")),
    )
    t.do("judge", judgement, by="service_agent")
    shared = ", ".join(f"{unit} {amount}" for unit, amount in judgement.borne("CNY").items())
    t.say("done", f"judged: ours; the loss is borne by {shared}; two penalties proposed, an improvement tracked")


def decision(t: Telling) -> None:
    t.say("title", "The wrong authority")
    remedy = Remedy(granted=yuan(3200), returns=(Goods("bearing 6204", "b-0114", 5),), text="taken back for a credit")
    t.do("submit", remedy, by="service_agent")
    t.say("done", "3,200 yuan are put forward; the sales manager tries to approve them")
    t.refused("approve", by="sales_manager")
    t.asked("sales_manager")
    t.do("recommend", "An old customer: I would grant it.", by="sales_manager")
    t.at(3, 4, 15)
    t.do("approve", by="deputy_general_manager")
    t.say("done", "the sales manager recommends, the deputy general manager approves")


def goods(t: Telling) -> None:
    t.say("title", "The goods come back: who holds which copy of the slip")
    slip = t.do("draw_slip", "our truck", by="sales").number
    t.copies("drawn up")
    t.do("sign_slip", slip, by="deputy_for_sales")
    t.copies("signed")
    t.at(3, 5, 9)
    t.do("take_in", slip, [Goods("bearing 6204", "b-0114", 4)], by="warehouse_keeper")
    t.copies("taken in")
    t.do("reconcile", slip, "V-311", by="finance")
    [case] = t.desk.complaints.discrepancies(by=t.by("finance")).items
    t.say("done", f"finance does not book: 5 approved, 4 came; {case.number} is listed as a discrepancy")
    t.do("resolve", slip, 4, "one was cut open for the finding", by="deputy_for_sales")
    t.do("reconcile", slip, "V-311", by="finance")
    t.say("done", f"the deputy clears it: one was cut open for the finding; finance books {slip} under V-311")


def notice(t: Telling) -> None:
    t.say("title", "What the customer is told")
    t.say("done", "sales pastes the report into the letter")
    t.refused("answer", Channel.LETTER, f"We are sorry. {REPORT}", by="sales")
    t.do("answer", Channel.LETTER, "We are sorry. The bearings are credited in full.", by="sales")
    told = t.desk.complaints.get(t.id, by=t.by("sales")).form.answer
    assert told is not None
    t.say("paper", f"notice to the customer, case {told.case}, {told.product}")
    for field, label in FIELDS.items():
        if (value := getattr(told, field)) is not None:
            t.say("paper", f"  {label:<12} {value}")


def second_form(t: Telling) -> None:
    t.say("title", "The customer does not accept: a second form")
    t.do("decline", "the line stood still for a day", by="sales")
    former = t.desk.complaints.get(t.id, by=t.by("service_agent")).form
    again = attrs.evolve(former.content, demand="2,000 yuan for the standstill", claimed=yuan(2000))
    form = t.do("renew", again, by="service_agent").number
    t.say("done", f"form {form} attaches {former.number}, with a clock of its own: 2,000 yuan for the standstill")
    t.at(3, 6, 9)
    t.do("investigate", by="service_agent")
    t.do("conclude", by="service_agent")
    t.do("report", "The standstill is in the customer's log.", by="service_agent")
    t.do("rule", "Pay for it.", by="deputy_general_manager")
    t.do("judge", Judgement(liable=Liable.US, unit="production", tracked=False), by="service_agent")
    t.do("submit", Remedy(granted=yuan(2000), compensation=yuan(2000), text="2,000 yuan paid"), by="service_agent")
    t.say("done", "2,000 alone would be the deputy's to decide; the case is 5,200 by now")
    t.refused("approve", by="deputy_general_manager")
    t.asked("general_manager")
    t.do("approve", by="general_manager")
    t.do("answer", Channel.LETTER, "We also pay 2,000 yuan for the day that your line stood still.", by="sales")
    t.do("close", "credited, and paid for the standstill", by="service_agent")
    case = t.desk.complaints.get(t.id, by=t.by("service_agent"))
    t.say(
        "done",
        f"the general manager approves; the customer is content; closed {'in' if case.in_time else 'not in'} time",
    )


def settling(t: Telling) -> None:
    t.say("title", "Closed is not settled")
    t.say("done", "open: " + ", ".join(t.desk.complaints.open_ends(t.id, by=t.by("service_agent"))))
    paper = t.do("draw_certificate", yuan(2000), by="sales").number
    t.do("sign_certificate", paper, by="deputy_for_sales")
    t.do("countersign_certificate", paper, by="sales")
    t.do("book_certificate", paper, "V-318", by="finance")
    t.say("done", f"certificate {paper} is signed by the deputy and by the customer; finance books it under V-318")
    t.at(3, 20, 14)
    t.do("improve", 1, ImprovementMove.CARRY_OUT, "alarm built in", by="rnd")
    t.say("done", "R&D has built the alarm into the furnace")
    t.at(4, 3, 10)
    t.do("review", "sales", by="gm_office")
    t.say("done", "the GM office reviews last month's cases: of sales and after-sales, sales is liable")
    for penalty in (1, 2):
        t.do("approve_penalty", penalty, by="deputy_general_manager")
    paper = t.do("notice_penalty", 2, by="general_manager").number
    t.do("carry_out_penalty", 2, by="hr")
    t.do("publish_penalty", 1, by="hr")
    t.say("done", f"personnel publishes the warning and carries out the deduction on notice {paper}")
    ended = t.do("improve", 1, ImprovementMove.VERIFY, "no cracks since", by="rnd")
    t.say("done", f"R&D verifies the improvement: nothing is open, the case is {ended.state}")


def trail(t: Telling) -> None:
    t.say("title", "The trail")
    for line in t.desk.complaints.trail(t.id, by=t.by("general_manager")):
        if line.move:
            change = line.dest if line.source in ("", line.dest) else f"{line.source} > {line.dest}"
            when = f"{line.at.astimezone(SHANGHAI):%d %b %H:%M}"
            t.say("trail", f"{when}  {line.by:<23} {line.move:<24} {change}")


def tell(url: str, say: Say) -> str:
    """The whole story on a desk at ``url``; the id of the case."""
    with csdomain.open(url, rulebook="after_sales") as desk:
        telling = Telling(desk, say, datetime(2026, 3, 2, tzinfo=SHANGHAI))
        for chapter in (departments, decision, goods, notice, second_form, settling, trail):
            chapter(telling)
        return telling.id


#: How each kind of line looks: its prefix, and its colour on a terminal.
LOOKS: Final = {
    "title": ("\n", "1"),
    "date": ("", "2"),
    "done": ("  ", ""),
    "refused": ("  x ", "31"),
    "why": ("    ", "36"),
    "paper": ("    ", "33"),
    "trail": ("  ", ""),
}
WIDTH: Final = 116


def show(kind: str, text: str) -> None:
    prefix, colour = LOOKS[kind]
    coloured = colour and sys.stdout.isatty() and "NO_COLOR" not in os.environ
    inside = " " * len(prefix)
    lines = (
        textwrap.fill(text, WIDTH, initial_indent=prefix, subsequent_indent=inside)
        if kind == "refused"
        else prefix + text
    )
    print(f"\033[{colour}m{lines}\033[0m" if coloured else lines)


if __name__ == "__main__":
    database = sys.argv[1] if len(sys.argv) > 1 else str(Path(tempfile.mkdtemp()) / "desk.db")
    tell(f"sqlite:///{database}", show)
