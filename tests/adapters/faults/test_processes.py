"""Under faults, with real processes: many writers at once, death at every call, several sweepers and relays at once."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from signal import SIGKILL

import pytest

from adapters.faults.nursery import Nursery
from adapters.harness import SQL
from adapters.whole import STEPS
from csdomain.kernel.rules import AUDITED, NUMBERING, ONE_WRITER, PORTS, TIMERS
from csdomain.messaging.rules import OUTBOX
from csdomain.testing import MovableClock
from csdomain_adapters.sql.migrate import HEAD

LATER = (MovableClock().now() + timedelta(days=60)).isoformat()
MUCH_LATER = (MovableClock().now() + timedelta(days=61)).isoformat()
#: What is told of a complaint that was accepted, and the timers of it that run out.
TOLD = ("to_handle/1", "your_turn/1", "your_turn/2", "accepted/1")
LATE = ("CMP-04", "CMP-05.customer_service")


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as made:
        yield made


@pytest.fixture(params=SQL)
def url(request: pytest.FixtureRequest, clean_url: Callable[[str], str]) -> str:
    return clean_url(request.param)


# --- many writers -----------------------------------------------------------------------------------------------------


def check_sixteen_writers(nursery: Nursery, url: str, times: int) -> None:
    (id,) = nursery.one("prepare", url=url).value()
    ended = [e.value() for e in nursery.all("write", [{"url": url, "id": id, "times": times}] * 16)]
    assert [e["given_up"] for e in ended] == [[]] * 16, "none is given up"
    total = 16 * times
    assert sorted(n for e in ended for n in e["numbers"]) == list(range(1, total + 1)), "no number twice, none missing"
    found = nursery.one("read", url=url, id=id).value()
    assert (found["outcome"], found["version"]) == (str(total), total + 1)


@pytest.mark.rule(ONE_WRITER, NUMBERING)
def test_sixteen_writers_lose_no_update_and_no_number(nursery: Nursery, url: str) -> None:
    check_sixteen_writers(nursery, url, 4)


@pytest.mark.deep
@pytest.mark.rule(ONE_WRITER, NUMBERING)
def test_sixteen_writers_for_long(nursery: Nursery, url: str) -> None:
    check_sixteen_writers(nursery, url, 100)


@pytest.mark.rule(ONE_WRITER, NUMBERING)
def test_who_dies_while_counting_in_a_flow_leaves_all_of_it_or_nothing(nursery: Nursery, url: str) -> None:
    nursery.one("count_in_a_flow", url=url, times=1, turn=0).value()
    turns = [3, 7, 12, 18, 25, 33, 47, 60, 0, 0]
    ended = nursery.all("count_in_a_flow", [{"url": url, "times": 4, "turn": turn} for turn in turns])
    assert [e.signal for e in ended] == [SIGKILL if turn else 0 for turn in turns]
    held, owed, filed, numbers = nursery.one("counted", url=url).value()
    assert held == owed == filed == numbers
    assert filed >= 1 + 4 * turns.count(0), "who lives loses nothing"
    nursery.one("count_in_a_flow", url=url, times=1, turn=0).value()
    assert nursery.one("counted", url=url).value() == [filed + 1] * 4


@pytest.mark.rule(NUMBERING, ONE_WRITER)
def test_sixteen_counters_issue_numbers_in_one_row(nursery: Nursery, url: str) -> None:
    nursery.one("prepare", url=url, count=0).value()
    ended = nursery.all("receive", [{"url": url, "times": 2, "key": f"p{n}"} for n in range(16)])
    numbers = sorted(number for e in ended for number in e.value())
    assert numbers == [f"KS202603-{n:04}" for n in range(1, 33)]


@pytest.mark.rule(ONE_WRITER)
def test_of_sixteen_with_one_key_one_acts(nursery: Nursery, url: str) -> None:
    nursery.one("prepare", url=url, count=0).value()
    ended = nursery.all("receive", [{"url": url, "times": 1, "key": "same"}] * 16)
    assert {number for e in ended for number in e.value()} == {"KS202603-0001"}


@pytest.mark.rule(ONE_WRITER)
def test_two_who_lock_in_opposite_order_both_finish(nursery: Nursery, url: str, tmp_path: Path) -> None:
    one, two = nursery.one("prepare", url=url, count=2, state="checked").value()
    common = {"url": url, "folder": str(tmp_path)}
    ended = nursery.all(
        "lock_both",
        [
            {**common, "first": one, "second": two, "me": "a", "other": "b"},
            {**common, "first": two, "second": one, "me": "b", "other": "a"},
        ],
    )
    begun = [e.value() for e in ended]
    if url.startswith("postgresql"):
        assert max(begun) > 1, "the database broke a deadlock, and the whole use case ran again"
    for id in (one, two):
        found = nursery.one("read", url=url, id=id).value()
        assert (found["state"], found["version"]) == ("investigating", 4)


# --- death at every call ----------------------------------------------------------------------------------------------

#: Where a complaint stands before each use case of one.
BEFORE = {"accept": "checked", "close": "answered", "withdraw": "accepted"}


def die_at_every_call(
    nursery: Nursery, fresh: Callable[[], str], use_case: str, tmp_path: Path, *, stride: int = 1
) -> int:
    """Kill a process at each call of a use case; how many calls there were."""
    turn = 1
    while True:
        url = fresh()
        (id,) = nursery.one("prepare", url=url, state=BEFORE.get(use_case, "received")).value()
        before = nursery.one("dump", url=url).value()
        journal = tmp_path / "journal"
        journal.unlink(missing_ok=True)
        ended = nursery.one("die_in", url=url, use_case=use_case, id=id, turn=turn, journal=str(journal))
        assert ended.signal in (0, SIGKILL), ended
        found = nursery.one("aftermath", url=url, use_case=use_case, id=id).value()
        assert found["whole"] != before
        assert found["after"] in (before, found["whole"]), f"{use_case}: half-done at call {turn}"
        if journal.exists():
            assert found["after"] == found["whole"], f"{use_case}: answered at call {turn}, and the work is lost"
            assert journal.read_text() == found["answer"]
        assert (found["again"], found["at_last"]) == (found["answer"], found["whole"]), "the key acts once"
        if ended.signal == 0:
            assert turn > 1
            return turn
        turn += stride


@pytest.mark.rule(PORTS)
@pytest.mark.parametrize("backend", SQL)
def test_dying_in_an_upgrade_of_a_live_store_loses_nothing(
    nursery: Nursery, clean_url: Callable[[str], str], backend: str
) -> None:
    for revision, stride in (("0004", 113), (f"{int(HEAD) - 1:04}", 5)):

        def aged(revision: str = revision) -> str:
            url = clean_url(backend)
            nursery.one("age", url=url, revision=revision).value()
            return url

        undisturbed, turn = nursery.one("modernise", url=aged()).value(), 1
        while True:
            url = aged()
            ended = nursery.one("modernise", url=url, turn=turn)
            if not ended.signal:
                assert ended.value() == undisturbed
                break
            assert ended.signal == SIGKILL
            assert nursery.one("modernise", url=url).value() == undisturbed, f"from {revision}, dead at {turn}"
            turn += stride
        assert turn > stride


@pytest.mark.rule(ONE_WRITER, AUDITED)
@pytest.mark.parametrize("backend", SQL)
def test_dying_in_a_move_leaves_all_or_nothing(
    nursery: Nursery, clean_url: Callable[[str], str], backend: str, tmp_path: Path
) -> None:
    # Claim, select, update, timer, audit, outbox, finish: each before and after; and the commit.
    assert die_at_every_call(nursery, lambda: clean_url(backend), "accept", tmp_path) > 14


@pytest.mark.deep
@pytest.mark.rule(ONE_WRITER, AUDITED)
@pytest.mark.parametrize("backend", SQL)
@pytest.mark.parametrize("use_case", ["receive", "close", "withdraw", "together"])
def test_dying_in_any_use_case_leaves_all_or_nothing(
    nursery: Nursery, clean_url: Callable[[str], str], backend: str, use_case: str, tmp_path: Path
) -> None:
    assert die_at_every_call(nursery, lambda: clean_url(backend), use_case, tmp_path) > 10


def die_in_a_whole_complaint(nursery: Nursery, fresh: Callable[[], str], tmp_path: Path, *, stride: int) -> int:
    """Kill a process at every ``stride``-th call of a whole complaint; how often it died.

    After each death the store is as it was after some use case: the last that was answered, or the one that was at
    work and had committed. Another process then does them all again and comes to what an undisturbed one comes to.
    """
    url = fresh()
    nothing = nursery.one("dump", url=url).value()
    told = nursery.one("live_whole", url=url, journal=str(tmp_path / "undisturbed")).value()
    answers, shown = [answer for answer, _ in told], [nothing, *(everything for _, everything in told)]
    assert len(set(shown)) == len(STEPS) + 1
    deaths, turn = 0, 1
    while True:
        url, journal = fresh(), tmp_path / f"journal{turn}"
        ended = nursery.one("live_whole", url=url, journal=str(journal), turn=turn)
        assert ended.signal in (0, SIGKILL), ended
        acknowledged = journal.read_text().splitlines()
        assert acknowledged == answers[: len(acknowledged)]
        found = nursery.one("go_on", url=url).value()
        possible = shown[len(acknowledged) : len(acknowledged) + 2]
        assert found["after"] in possible, f"call {turn}: after {len(acknowledged)} answers"
        assert (found["answers"], found["at_last"]) == (answers, shown[-1]), f"call {turn}: it goes on to the end"
        if ended.signal == 0:
            return deaths
        deaths, turn = deaths + 1, turn + stride


@pytest.mark.rule(ONE_WRITER, AUDITED)
@pytest.mark.parametrize("backend", SQL)
def test_a_whole_complaint_outlives_deaths(
    nursery: Nursery, clean_url: Callable[[str], str], backend: str, tmp_path: Path
) -> None:
    assert die_in_a_whole_complaint(nursery, lambda: clean_url(backend), tmp_path, stride=89) >= 3


@pytest.mark.deep
@pytest.mark.rule(ONE_WRITER, AUDITED)
@pytest.mark.parametrize(("backend", "stride"), [(backend, 7 if backend == "mariadb" else 1) for backend in SQL])
def test_a_whole_complaint_outlives_every_death(
    nursery: Nursery, clean_url: Callable[[str], str], backend: str, stride: int, tmp_path: Path
) -> None:
    assert die_in_a_whole_complaint(nursery, lambda: clean_url(backend), tmp_path, stride=stride) > 300 / stride


def check_dying_in_a_sweep(nursery: Nursery, fresh: Callable[[], str], stride: int) -> None:
    turn = 1
    while True:
        url = fresh()
        ids = nursery.one("prepare", url=url, count=3, state="accepted").value()
        ended = nursery.one("sweep", url=url, at=LATER, batch=2, turn=turn)
        assert ended.signal in (0, SIGKILL), ended
        found = nursery.one("after_a_sweep", url=url, at=LATER).value()
        fired = Counter((subject, name) for subject, name, _ in found["fired"])
        assert fired == Counter({(id, "timer_breached"): 2 for id in ids} | {(id, "timer_warned"): 2 for id in ids})
        assert {key for key in found["waiting"] if key.endswith("/overdue")} == {
            f"{id}/{timer}/overdue" for id in ids for timer in LATE
        }
        if ended.signal == 0:
            return
        turn += stride


def check_sent(sent: Counter[str], states: dict[str, str], ids: list[str], asks: bool) -> None:
    """Each at most once at the gateway and none lost: where it cannot be asked, what may not have left is listed."""
    assert set(states) == {f"{id}/{message}" for id in ids for message in TOLD}
    assert max(sent.values()) == 1, "no message comes twice"
    lost = {key for key, state in states.items() if state != "sent"}
    assert {states[key] for key in lost} <= {"lost"}
    assert set(states) - set(sent) <= lost
    if asks:
        assert not lost


def check_dying_in_a_relay(
    nursery: Nursery, fresh: Callable[[], str], tmp_path: Path, count: int, *, asks: bool
) -> None:
    turn = 1
    while True:
        url = fresh()
        ids = nursery.one("prepare", url=url, count=count, state="accepted").value()
        spool = tmp_path / f"spool{turn}"
        spool.touch()
        ended = nursery.one("relay", url=url, at=LATER, spool=str(spool), turn=turn, asks=asks)
        assert ended.signal in (0, SIGKILL), ended
        states = nursery.one("after_a_relay", url=url, at=MUCH_LATER, spool=str(spool), asks=asks).value()
        check_sent(Counter(spool.read_text().split()), states, ids, asks)
        assert Counter(states.values())["lost"] <= 1, "only what was on its way is not known"
        if ended.signal == 0:
            assert set(states.values()) == {"sent"}
            return
        turn += 1


@pytest.mark.rule(OUTBOX)
@pytest.mark.parametrize("asks", [True, False])
@pytest.mark.parametrize("backend", SQL)
def test_f36_three_relays_outlive_eight_kills(
    nursery: Nursery, clean_url: Callable[[str], str], backend: str, asks: bool, tmp_path: Path
) -> None:
    url, spool = clean_url(backend), tmp_path / "spool"
    spool.touch()
    ids = nursery.one("prepare", url=url, count=20, state="accepted").value()
    begun, kills, turn = MovableClock().now() + timedelta(days=60), 0, 0
    while kills < 8:
        at = (begun + turn * timedelta(minutes=3)).isoformat()
        common = {"url": url, "at": at, "spool": str(spool), "asks": asks}
        jobs = [{**common, "turn": calls + turn} for calls in (9, 15, 22)]
        kills += sum(ended.signal == SIGKILL for ended in nursery.all("relay", jobs))
        turn += 1
        assert turn < 9, "they die while there is something to send"
    states = nursery.one("after_a_relay", url=url, at=MUCH_LATER, spool=str(spool), asks=asks).value()
    check_sent(Counter(spool.read_text().split()), states, ids, asks)


@pytest.mark.rule(OUTBOX)
def test_f36_a_slow_gateway_and_a_second_relay_send_nothing_twice(nursery: Nursery, url: str, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.touch()
    ids = nursery.one("prepare", url=url, count=50, state="accepted").value()
    common = {"url": url, "spool": str(spool)}
    ended = nursery.all("relay_slowly", [{**common, "after": after} for after in (0.0, 0.6, 1.3)])
    assert sum(e.value() for e in ended) == 200
    check_sent(Counter(spool.read_text().split()), nursery.one("waiting", url=url).value(), ids, asks=True)


@pytest.mark.rule(TIMERS, AUDITED)
@pytest.mark.parametrize("backend", SQL)
def test_dying_in_a_sweep_fires_each_timer_once(
    nursery: Nursery, clean_url: Callable[[str], str], backend: str
) -> None:
    check_dying_in_a_sweep(nursery, lambda: clean_url(backend), 5)


@pytest.mark.rule(AUDITED, OUTBOX)
@pytest.mark.parametrize("asks", [True, False])
@pytest.mark.parametrize("backend", SQL)
def test_f36_dying_in_a_relay_loses_no_message_and_sends_none_twice(
    nursery: Nursery, clean_url: Callable[[str], str], backend: str, asks: bool, tmp_path: Path
) -> None:
    check_dying_in_a_relay(nursery, lambda: clean_url(backend), tmp_path, 1, asks=asks)


@pytest.mark.deep
@pytest.mark.rule(TIMERS, AUDITED)
@pytest.mark.parametrize("backend", SQL)
def test_dying_at_every_call_of_the_jobs(
    nursery: Nursery, clean_url: Callable[[str], str], backend: str, tmp_path: Path
) -> None:
    check_dying_in_a_sweep(nursery, lambda: clean_url(backend), 1)
    check_dying_in_a_relay(nursery, lambda: clean_url(backend), tmp_path, 3, asks=True)


APRIL = MovableClock().now().replace(month=4, day=2)


def check_dying_beside_the_desk(nursery: Nursery, fresh: Callable[[], str], job: str, stride: int) -> int:
    """Kill a process at every ``stride``-th call of a job that follows; how often it died."""
    at = {"at": APRIL.isoformat()} if job == "plan" else {}
    later = {"at": (APRIL + timedelta(minutes=3)).isoformat()} if job == "plan" else {}  # once the lease ran out
    url, turn, whole = fresh(), 0, None
    while True:
        nursery.one("leavers", url=url).value()
        ended = nursery.one(job, url=url, turn=turn, **at)
        assert ended.signal in (0, SIGKILL), ended
        nursery.one(job, url=url, **later).value()
        found = nursery.one("followed", url=url).value()
        whole = found if whole is None else whole
        assert found == whole, f"call {turn}"
        assert (len(found["told"]), len(found["noted"]), found["ill"]) == (2, 2 * (job != "plan"), [0, 0])
        if turn and ended.signal == 0:
            return turn // stride
        url, turn = fresh(), turn + stride


@pytest.mark.rule(AUDITED, ONE_WRITER)
@pytest.mark.parametrize("job", ["carry_out", "plan"])
@pytest.mark.parametrize("backend", SQL)
def test_dying_in_what_follows_does_each_thing_once(
    nursery: Nursery, clean_url: Callable[[str], str], backend: str, job: str
) -> None:
    assert check_dying_beside_the_desk(nursery, lambda: clean_url(backend), job, 9) >= 3


@pytest.mark.deep
@pytest.mark.rule(AUDITED, ONE_WRITER)
@pytest.mark.parametrize("job", ["carry_out", "plan"])
@pytest.mark.parametrize("backend", SQL)
def test_dying_at_every_call_of_what_follows(
    nursery: Nursery, clean_url: Callable[[str], str], backend: str, job: str
) -> None:
    assert check_dying_beside_the_desk(nursery, lambda: clean_url(backend), job, 1) >= 30


@pytest.mark.rule(AUDITED, ONE_WRITER)
def test_three_planners_and_three_followers_outlive_their_kills(nursery: Nursery, url: str) -> None:
    nursery.one("leavers", url=url).value()
    kills = 0
    for turn in range(4):
        at = (APRIL + turn * timedelta(minutes=3)).isoformat()
        nursery.begin(
            [
                *(("carry_out", {"url": url, "turn": calls + 6 * turn}) for calls in (3, 5, 8)),
                *(("plan", {"url": url, "at": at, "turn": calls + 6 * turn}) for calls in (4, 6, 9)),
            ]
        )
        kills += sum(ended.signal == SIGKILL for ended in nursery.ended())
    assert kills >= 8
    nursery.one("carry_out", url=url).value()
    nursery.one("plan", url=url, at=(APRIL + timedelta(hours=1)).isoformat()).value()
    found = nursery.one("followed", url=url).value()
    assert (len(found["told"]), len(found["noted"]), found["ill"]) == (4, 2, [0, 0])


# --- several at once --------------------------------------------------------------------------------------------------


def check_four_at_once(nursery: Nursery, url: str, count: int, tmp_path: Path) -> None:
    ids = nursery.one("prepare", url=url, count=count, state="accepted").value()
    reports = [e.value() for e in nursery.all("sweep", [{"url": url, "at": LATER}] * 4)]
    assert [sum(column) for column in zip(*reports, strict=True)] == [2 * count, 2 * count, 0]
    fired = nursery.one("fired", url=url).value()
    assert len({tuple(event) for event in fired}) == len(fired) == 4 * count
    spools = [tmp_path / f"spool{n}" for n in range(4)]
    sent = nursery.all("relay", [{"url": url, "at": MUCH_LATER, "spool": str(spool)} for spool in spools])
    assert sum(e.value()[0] for e in sent) == 7 * count
    delivered = Counter(key for spool in spools if spool.exists() for key in spool.read_text().split())
    messages = [*TOLD, "CMP-04/warning/80/agent-1", *(f"{timer}/overdue" for timer in LATE)]
    assert delivered == Counter(f"{id}/{message}" for id in ids for message in messages)


@pytest.mark.rule(TIMERS, AUDITED, PORTS)
def test_four_sweepers_and_four_relays_do_each_thing_once(nursery: Nursery, url: str, tmp_path: Path) -> None:
    check_four_at_once(nursery, url, 12, tmp_path)


@pytest.mark.deep
@pytest.mark.rule(TIMERS, AUDITED, PORTS)
def test_four_sweepers_and_four_relays_for_long(nursery: Nursery, url: str, tmp_path: Path) -> None:
    check_four_at_once(nursery, url, 400, tmp_path)
