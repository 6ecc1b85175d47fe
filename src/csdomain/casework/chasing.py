"""Chasing: whoever was asked for a part is reminded until it is done, then their superior is told."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import attrs

from csdomain.frame.effects import Scene
from csdomain.frame.fields import Fields, InvalidSetting
from csdomain.kernel.cases.effects import Effect, StartTimer
from csdomain.kernel.cases.events import Event, TimerReminded
from csdomain.kernel.cases.occasions import Value
from csdomain.kernel.rules import Text
from csdomain.kernel.values.durations import Duration
from csdomain.rulebook import POSITION

_SETTINGS: Final = Fields(InvalidSetting)
#: What the settings of :class:`Chasing` are called, by their path in it.
LABELS: Final[Mapping[str, Text]] = {
    "every": Text("how often departments are reminded", "催办间隔"),
    "times": Text("how many times departments are reminded", "催办次数"),
    "superior": Text("who is told where reminders do not help", "催办无效时报告的上级"),
}


@attrs.frozen
class Chasing:
    """How often somebody who has not done their part is reminded, how many times, then the position that is told."""

    every: Duration
    times: int
    superior: str = attrs.field(validator=_SETTINGS.id, metadata=POSITION)

    def __attrs_post_init__(self) -> None:
        InvalidSetting.at_least(1, self.times, "times")


def chase(event: Event, s: Scene[Any], chasing: Chasing | None, name: str) -> Iterable[StartTimer]:
    """The clock of the first reminder of what ``name`` (``CMP-19.2``) counts; none where the house does not chase."""
    if chasing is not None:
        yield s.clock(event, f"{name}.1", chasing.every, reminder=True)


def remind(fired: TimerReminded, s: Scene[Any], chasing: Chasing, who: str, **facts: Value) -> Iterable[Effect]:
    """What follows when a reminder of what is still open is due: ``reminder`` to ``who`` and the next clock, or
    ``not_done`` to the superior after the last. Both say ``department``, how many ``times`` and the facts given."""
    name, _, count = fired.timer.rpartition(".")
    times, key = int(count), f"{fired.subject}/{fired.timer}"
    said: dict[str, Value] = {
        "number": s.case.number,
        "department": who,
        "times": min(times, chasing.times),
        **facts,
    }
    if times > chasing.times:  # nor was it done after the last reminder
        yield s.message(f"{key}/superior", fired, "not_done", chasing.superior, **said)
        return
    is_latest = times == chasing.times or s.place.calendar.deadline(fired.at, chasing.every) >= fired.found_at
    if is_latest:  # of several that a late sweep finds, one is sent, and says how many are due
        yield s.message(key, fired, "reminder", who, **said)
    yield s.clock(fired, f"{name}.{times + 1}", chasing.every, reminder=True)
