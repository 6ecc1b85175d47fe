"""A consumer of events that is killed anywhere and started again: nothing lost, at least once, in order (KRN-11)."""

from collections.abc import Callable, Iterator
from pathlib import Path
from signal import SIGKILL

import pytest

from adapters.faults.nursery import Nursery
from csdomain.kernel.rules import AUDITED

BACKENDS = ("sqlite", "postgresql")
#: Three complaints, received and checked.
EVENTS = 6


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as made:
        yield made


def check(mirror: Path) -> list[int]:
    """The positions that came a second time. Raises AssertionError where an event is missing or out of order."""
    had = [line.split() for line in mirror.read_text().splitlines()]
    once = {id: int(position) for position, id in had}
    assert list(once.values()) == list(range(1, EVENTS + 1)), "each in order, the first time it came"
    positions = [int(position) for position, _ in had]
    falls = [i for i in range(1, len(positions)) if positions[i] <= positions[i - 1]]
    assert len(falls) <= 1, "it begins again once, where the cursor was"
    return positions[: len(positions) - EVENTS]


@pytest.mark.rule(AUDITED)
@pytest.mark.parametrize("backend", BACKENDS)
def test_dying_between_two_events_loses_none(
    nursery: Nursery, clean_url: Callable[[str], str], backend: str, tmp_path: Path
) -> None:
    for handled in (1, 4, EVENTS):
        url = clean_url(backend)
        nursery.one("prepare", url=url, count=3, state="checked").value()
        mirror = tmp_path / f"mirror{handled}"
        assert nursery.one("follow", url=url, mirror=str(mirror), handled=handled).signal == SIGKILL
        assert nursery.one("follow", url=url, mirror=str(mirror)).value() == EVENTS
        assert check(mirror) == list(range(1, handled + 1)), "what was handled and not yet noted comes again"
        assert nursery.one("follow", url=url, mirror=str(mirror)).value() == 0


@pytest.mark.rule(AUDITED)
@pytest.mark.parametrize("backend", BACKENDS)
def test_dying_at_any_call_on_the_database_loses_none(
    nursery: Nursery, clean_url: Callable[[str], str], backend: str, tmp_path: Path
) -> None:
    turn, killed = 1, 0
    while True:
        url = clean_url(backend)
        nursery.one("prepare", url=url, count=3, state="checked").value()
        mirror = tmp_path / f"mirror{turn}"
        ended = nursery.one("follow", url=url, mirror=str(mirror), turn=turn)
        assert ended.signal in (0, SIGKILL), ended
        nursery.one("follow", url=url, mirror=str(mirror)).value()
        check(mirror)
        if not ended.signal:
            break
        killed += 1
        turn += 4
    assert killed >= 5
