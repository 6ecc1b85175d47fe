"""`csdomain case` and `csdomain clocks`: found, shown and masked as the desk's questions permit, in both languages."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import csdomain
from backends import SERVERS
from csdomain.complaints.case import COMPLAINTS
from csdomain.complaints.service import Complaints
from csdomain.kernel.cases.timers import pause
from csdomain.kernel.rules import PERMITTED, PERSONAL_DATA, TIMERS
from csdomain.kernel.rules.errors import ConnectionLost
from csdomain.kernel.values.money import Money
from csdomain.orders.values import Dose, Item
from csdomain.testing import (
    MovableClock,
    SequentialIds,
    accepted,
    agent,
    closed,
    complaint_form,
    no_holidays,
    received,
    snapshot,
)
from csdomain_adapters.cli import stores
from csdomain_adapters.cli.app import run as main

Run = Callable[..., tuple[int, str, str]]
AT = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
NUMBERS = ["KS202603-0001", "KS202603-0002", "KS202603-0003", "KS202603-0004"]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Four complaints: closed; accepted by agent-1; accepted by agent-2 in another branch; received."""
    clock, address = MovableClock(AT), f"sqlite:///{tmp_path_factory.mktemp('cases') / 'desk.db'}"
    with csdomain.open(address, clock=clock, ids=SequentialIds(), holidays=no_holidays()) as desk:
        closed(desk, complaint_form(customer="customer-7", claimed=Money.of("3200", "CNY"), product="[/b]engine"))
        clock.advance(timedelta(hours=1))
        accepted(desk, complaint_form(customer="customer-8", reason="it burns", order_number="SO-1"))
        clock.advance(timedelta(hours=1))
        accepted(desk, complaint_form(customer="customer-8"), by=agent(desk, "agent-2", branch="north"))
        clock.advance(timedelta(hours=1))
        received(desk, complaint_form(customer="customer-9"))
    return address


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str, position: str = "deputy_general_manager", actor: str = "u-1", branch: str = "hq") -> Any:
        code = main([*arguments, "--as", actor, "--branch", branch, "--position", position])
        out = capsys.readouterr()
        return code, out.out, out.err

    return call


def numbers(run: Run, url: str, *arguments: str, **who: str) -> list[str]:
    code, out, err = run("case", "list", url, *arguments, "--json", **who)
    assert (code, err) == (0, "")
    return [case["number"] for case in json.loads(out)["cases"]]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ((), NUMBERS),
        (("--number", NUMBERS[1]), NUMBERS[1:2]),
        (("--customer", "customer-8"), NUMBERS[1:3]),
        (("--customer", "customer-8", "--where", "branch=north"), NUMBERS[2:3]),
        (("--state", "accepted", "--state", "received"), NUMBERS[1:]),
        (("--where", "product=[/b]engine"), NUMBERS[:1]),
        (
            ("--where", "received_at>=2026-03-04T03:00Z", "--where", "received_at<2026-03-04T13:00:00+08:00"),
            NUMBERS[1:3],
        ),
        (("--where", "claimed>=320000"), NUMBERS[:1]),
        (("--where", "closed_at=", "--where", "grave=no"), NUMBERS[1:]),
        (("--open", "--sort", "-received_at"), NUMBERS[::-1]),
        (("--sort", "-number", "--limit", "2"), NUMBERS[:1:-1]),
        (("--customer", "nobody"), []),
        (("--number", ""), []),
    ],
)
def test_cases_are_found_by_their_columns(arguments: tuple[str, ...], found: list[str], url: str, run: Run) -> None:
    assert numbers(run, url, *arguments) == found


@pytest.mark.rule(PERMITTED)
def test_each_sees_what_they_may_read(url: str, run: Run) -> None:
    assert numbers(run, url, position="sales", branch="north") == NUMBERS[2:3]
    mine = numbers(run, url, "--mine", position="service_agent", actor="agent-2", branch="north")
    assert mine == NUMBERS[2:3]
    code, out, err = run("case", "show", url, NUMBERS[2], position="sales")
    assert (code, out, "no such record" in err) == (1, "", True)


def test_who_reads_a_pipe_gets_one_line_a_case(url: str, run: Run) -> None:
    lines = run("case", "list", url)[1].splitlines()
    assert [sum(number in line and "customer-" in line for line in lines) for number in NUMBERS] == [1] * 4


def test_who_may_read_nothing_is_told_so(url: str, run: Run, tmp_path: Path) -> None:
    book = tmp_path / "ours.toml"
    book.write_text('name = "ours"\nextends = "after_sales"\n[permissions.positions]\nvisitor = []\n', encoding="utf-8")
    for call in (("clocks",), ("case", "list")):
        code, out, err = run(*call, url, "--rulebook", str(book), position="visitor")
        assert (code, out, "complaints.read" in err) == (1, "", True)


def test_more_than_the_limit_is_said(url: str, run: Run) -> None:
    code, out, err = run("case", "list", url, "--limit", "3")
    assert (code, "There are more than 3" in err, NUMBERS[3] in out) == (0, True, False)
    assert json.loads(run("case", "list", url, "--limit", "3", "--json")[1])["more"] is True
    assert json.loads(run("case", "list", url, "--limit", "4", "--json")[1])["more"] is False


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--where", "colour=red"), "received_at"),
        (("--where", "product"), "column=value"),
        (("--where", "received_at>=2026-03-04"), "2026-10-08T09:00+08:00"),
        (("--where", "claimed>=much"), "120"),
        (("--where", "grave=perhaps"), "yes, no"),
        (("--state", "acepted"), "accepted"),
        (("--sort", "colour"), "received_at"),
        (("--kind", "complain"), "complaint"),
    ],
)
def test_what_cannot_be_asked_says_what_can(arguments: tuple[str, ...], words: str, url: str, run: Run) -> None:
    code, out, err = run("case", "list", url, *arguments)
    assert (code, out, len(err.splitlines()), words in err) == (1, "", 1, True)


@pytest.mark.rule(PERSONAL_DATA)
def test_who_and_what_was_said_is_masked_for_those_who_may_not_see_it(url: str, run: Run) -> None:
    case = json.loads(run("case", "list", url, "--json")[1])["cases"][1]
    for position, seen in (("deputy_general_manager", True), ("service_agent", False)):
        for call in (("list",), ("show", NUMBERS[1]), ("show", case["id"])):
            said = run("case", call[0], url, *call[1:], position=position)[1]
            assert ("customer-8" in said) is seen
            assert ("it burns" in said) is (seen and call[0] == "show")
        assert ("the order is ours" in run("case", "trail", url, NUMBERS[1], position=position)[1]) is seen


@pytest.mark.rule(PERSONAL_DATA)
def test_who_may_see_customers_of_one_branch_sees_no_others(sqlite_url: str, run: Run) -> None:
    with csdomain.open(sqlite_url, "medical_centre") as desk:
        for branch in ("hq", "north"):
            by = agent(desk, "agent-1", branch=branch, position="customer_service")
            received(desk, complaint_form(customer=f"customer-{branch}"), by=by, at=AT)
    reads_all = ("--position", "finance", "--rulebook", "medical_centre")
    code, out, _ = run("case", "list", sqlite_url, *reads_all, position="branch_director")
    assert (code, "customer-hq" in out, "customer-north" in out, "north" in out) == (0, True, False, True)


def test_a_case_is_shown_with_its_clocks_and_what_may_be_done(url: str, run: Run) -> None:
    code, out, _ = run("case", "show", url, NUMBERS[1], "--json", position="service_agent")
    shown = json.loads(out)
    assert (code, shown["case"]["state"], shown["case"]["order_number"]) == (0, "accepted", "SO-1")
    assert "attachments" not in shown["form"]
    assert {clock["timer"] for clock in shown["clocks"]} == {"CMP-04", "CMP-05.customer_service"}
    assert shown["open_ends"] == ["review"]
    assert {"investigate", "withdraw"} <= set(shown["moves"])
    out = run("case", "show", url, NUMBERS[0], "-l", "zh")[1]
    assert "3200.00 CNY" in out
    assert "索赔金额" in out
    code, out, _ = run("case", "trail", url, NUMBERS[1], "--json")
    moves = [line["move"] for line in json.loads(out)["trail"]]
    assert (code, moves) == (0, ["receive", "check", "accept"])
    found = {
        (move["part"], move["move"]): move
        for move in json.loads(run("case", "moves", url, NUMBERS[1], "--json", position="sales")[1])["moves"]
    }
    assert found["-", "accept"]["allowed"] is False
    assert found["-", "accept"]["why"]["zh"] == "需要权限 complaints.accept"  # as sales are told if they try
    assert found["-", "check"]["why"]["zh"] == "当前状态 accepted 不可"


def test_an_order_is_a_case_as_well(sqlite_url: str, run: Run) -> None:
    with csdomain.open(sqlite_url, "medical_centre") as desk:
        hq = desk.actor("hq-1", branch="hq", positions=("hq",))
        id = desk.orders.prescribe("customer-5", [Dose("fish_oil", Decimal(2))], by=hq, at=AT).id
        number = desk.orders.enter(id, [Item("fish_oil", 2)], by=hq, at=AT).number
    order = ("--kind", "order", "--rulebook", "medical_centre")
    code, out, _ = run("case", "list", sqlite_url, *order, position="hq")
    assert (code, number in out, "customer-5" in out) == (0, True, False)
    shown = json.loads(run("case", "show", sqlite_url, number, *order, "--json", position="hq")[1])
    assert (shown["case"]["state"], shown["case"]["total"][-3:], shown["form"]) == ("entered", "CNY", {})
    assert "sign" in shown["moves"]
    assert "yes" in run("case", "moves", sqlite_url, id, *order, position="hq")[1]
    assert json.loads(run("clocks", sqlite_url, *order[2:], "--json", position="hq")[1])["clocks"] == []


@pytest.mark.rule(TIMERS)
def test_clocks_are_listed_by_owner_with_what_is_overdue(url: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "now", lambda: AT + timedelta(days=4))

    def listed(*arguments: str, **who: str) -> list[tuple[str, str, str, bool]]:
        found = json.loads(run("clocks", url, *arguments, "--json", **who)[1])
        assert found["more"] is False
        return [(c["owner"], c["number"], c["timer"], c["overdue"]) for c in found["clocks"]]

    first = [("agent-1", NUMBERS[1], "CMP-05.customer_service", True), ("agent-1", NUMBERS[1], "CMP-04", False)]
    second = [("agent-2", NUMBERS[2], "CMP-05.customer_service", True), ("agent-2", NUMBERS[2], "CMP-04", False)]
    review = ("service_agent", NUMBERS[0], "CMP-20", False)
    received = ("agent-1", NUMBERS[3], "CMP-05.sales_check", True)
    assert listed() == [received, *first, *second, review]
    assert listed("--owner", "agent-2") == second
    assert listed(position="sales", branch="north") == second
    assert listed("--until", "2026-03-07T00:00:00+08:00") == [received, first[0], second[0]]
    monkeypatch.setattr(stores, "now", lambda: datetime(2026, 3, 6, 16, tzinfo=UTC))  # the deadline itself is in time
    assert not any(late for *_, timer, late in listed() if timer == "CMP-05.customer_service")
    monkeypatch.setattr(stores, "now", lambda: AT + timedelta(days=4))
    code, out, err = run("clocks", url, "-l", "zh")
    assert (code, "已逾期" in out, "6 个计时器，3 个已逾期" in err) == (0, True, True)
    code, _, err = run("clocks", url, "--until", "tomorrow")
    assert (code, "time with its zone" in err) == (1, True)


def test_a_clock_that_stands_still_is_never_overdue(sqlite_url: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with csdomain.open(sqlite_url, clock=MovableClock(AT), holidays=no_holidays()) as desk:
        id = accepted(desk).id
        timers = desk.store.look(lambda unit: unit.timers_of(id))
        running = next(timer for timer in timers if timer.name == "CMP-04")
        desk.store.run(lambda unit: unit.session.save_timer(pause(running, AT)[0]))
    monkeypatch.setattr(stores, "now", lambda: AT + timedelta(days=90))
    out = run("clocks", sqlite_url)[1]
    row = next(line for line in out.splitlines() if "CMP-04" in line)
    assert ("paused" in row, "overdue" in row) == (True, False)
    until = run("clocks", sqlite_url, "--until", "2026-12-31T00:00:00+08:00")[1]
    assert ("CMP-05" in until, "CMP-04" in until) == (True, False)


def test_a_case_whose_clocks_cannot_be_counted_hides_no_other(
    url: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = tmp_path / "renamed"
    book.mkdir()
    for name, text in (csdomain.desk.shipped("after_sales") or {}).items():
        text = text.replace("[calendars.office", "[calendars.bureau").replace(
            'calendar = "office"', 'calendar = "bureau"'
        )
        (book / name).write_text(text, encoding="utf-8")
    code, out, err = run("clocks", url, "--rulebook", str(book))
    assert (code, len(re.findall("KS202603-", out))) == (0, 6)  # deadlines stand where they stand
    assert run("case", "show", url, NUMBERS[1], "--rulebook", str(book))[0] == 0

    def lost(*_: object, **__: object) -> None:
        raise ConnectionLost(database="57P01")

    monkeypatch.setattr(Complaints, "clocks", lost)
    code, out, err = run("clocks", url)
    assert (code, out, "cannot be reached" in err) == (1, "", True)


def test_asking_writes_nothing(url: str, run: Run, tmp_path: Path) -> None:
    book = tmp_path / "ours.toml"
    book.write_text('name = "ours"\nextends = "after_sales"\n', encoding="utf-8")

    def state() -> object:
        with csdomain.open(url) as desk:
            ref = csdomain.load_rulebook(book).ref
            return snapshot(desk.store, [COMPLAINTS]), desk.store.look(lambda unit: unit.session.get_rulebook(ref))

    before = state()
    for call in (("case", "list"), ("clocks",), ("inbox",), ("figures", "complaints", "--month", "2026-03")):
        assert run(*call, url, "--rulebook", str(book))[0] == 0
    for call in (("show",), ("trail",), ("moves",)):
        assert run("case", *call, url, NUMBERS[0], "--rulebook", str(book))[0] == 0
    assert state() == before


def test_cases_are_searched_by_order_batch_product_handler_level_and_deadline(url: str, run: Run) -> None:
    assert numbers(run, url, "--order", "SO-1") == NUMBERS[1:2]
    assert numbers(run, url, "--batch", "2026-01", "--product", "engine") == NUMBERS[1:]
    assert numbers(run, url, "--handler", "nobody") == []
    assert numbers(run, url, "--level", "1") == NUMBERS
    assert numbers(run, url, "--level", "2") == []
    assert numbers(run, url, "--due-before", "2026-03-07T00:00:00+08:00") == NUMBERS[3:]
    assert numbers(run, url, "--due-before", "2026-03-07T00:00:01+08:00") == NUMBERS[1:]
    assert numbers(run, url, "--due-before", "2026-03-07T00:00:01+08:00", "--state", "received") == NUMBERS[3:]
    code, _, err = run("case", "list", url, "--due-before", "soon")
    assert (code, "time with its zone" in err) == (1, True)


def test_an_inbox_lists_what_waits_for_whom(url: str, run: Run) -> None:
    def found(*arguments: str, **who: str) -> list[tuple[str, list[str]]]:
        code, out, _ = run("inbox", url, *arguments, "--json", **who)
        assert code == 0
        return [(one["case"]["number"], [w["work"] for w in one["waits_for"]]) for one in json.loads(out)["cases"]]

    assert found(position="sales") == [(NUMBERS[3], ["check"])]
    assert found(position="service_agent", actor="agent-1") == [(NUMBERS[1], ["investigate"])]
    assert found("--of", "gm_office") == [(NUMBERS[0], ["review"])]
    assert found("--person", "agent-2") == [(NUMBERS[2], ["investigate"])]
    assert found("--person", "agent-2", "--in", "hq") == found("--of", "sales", "--level", "2") == []
    code, out, err = run("inbox", url, "-l", "zh", position="sales")
    assert (code, "待办事项" in out, NUMBERS[3] in out, err) == (0, True, True, "")
    assert "more than 1" not in run("inbox", url, "--limit", "1", position="sales")[2]


@pytest.mark.parametrize("backend", SERVERS)
def test_a_server_is_asked_as_a_file_is(backend: str, clean_url: Callable[[str], str], run: Run) -> None:
    address = clean_url(backend)
    with csdomain.open(address, clock=MovableClock(AT), holidays=no_holidays()) as desk:
        number = accepted(desk, complaint_form(customer="customer-8")).number
    assert numbers(run, address, "--customer", "customer-8", "--open", "--sort", "-received_at") == [number]
    clocks = json.loads(run("clocks", address, "--json")[1])["clocks"]
    assert [(clock["number"], clock["overdue"]) for clock in clocks] == [(number, True)] * 2
    for call in ("show", "trail", "moves"):
        assert number in run("case", call, address, number)[1]


def test_who_asks_may_stand_in_the_environment(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (("AS", "agent-2"), ("BRANCH", "north"), ("POSITION", "service_agent sales")):
        monkeypatch.setenv(f"CSDOMAIN_{name}", value)
    assert main(["case", "list", url, "--mine", "--json"]) == 0
    assert [case["number"] for case in json.loads(capsys.readouterr().out)["cases"]] == NUMBERS[2:3]
