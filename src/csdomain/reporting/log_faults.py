"""What can be wrong with a log, its rows and its map; each has a name, and says where (RPT-06)."""

from collections.abc import Mapping
from enum import Enum, unique
from typing import Final

import attrs

from csdomain.kernel.rules import Language, Text
from csdomain.kernel.rules.errors import DomainError, InvalidValue, hide, show

from .rules import REPLAY


class LogInvalid(InvalidValue):
    """Root of what is wrong with a log as a whole; ``file`` says which (RPT-06)."""

    default_rule = REPLAY
    problem = Text("This log cannot be replayed.", "此日志无法重放。")


class UnreadableLog(LogInvalid):
    """A file that cannot be opened, or that is not text in the encoding that the map says (RPT-06)."""

    problem = Text("The log cannot be read.", "无法读取日志。")


class EmptyLog(LogInvalid):
    """A log without any event (RPT-06)."""

    problem = Text("The log has no events.", "日志中没有事件。")


class MissingColumn(LogInvalid):
    """Columns that the map names and the log does not have (RPT-06)."""

    problem = Text("The log lacks columns that the map names.", "日志缺少映射文件所列的列。")


class AmbiguousColumn(LogInvalid):
    """A column that the map names and the log has more than once (RPT-06)."""

    problem = Text("A column that the map names is there more than once.", "映射文件所列的列在日志中出现多次。")


class RowInvalid(InvalidValue):
    """Root of what is wrong with one row of a log; ``line`` says which (RPT-06)."""

    default_rule = REPLAY
    problem = Text("This row of the log cannot be replayed.", "日志的这一行无法重放。")


class MalformedRow(RowInvalid):
    """A row that is not the CSV that the header announces (RPT-06)."""

    problem = Text("This row is not as the header says.", "此行与表头不符。")


class MissingField(RowInvalid):
    """A row without a case, an activity or a time (RPT-06)."""

    problem = Text("A field of this row is empty.", "此行缺少字段。")


class UnparsableTime(RowInvalid):
    """A time that is not in the format of the map, or that clocks of the zone never showed (RPT-06)."""

    problem = Text("This is not a time.", "无法识别此时间。")


class UnmappedActivity(RowInvalid):
    """An activity that the map neither gives a move nor ignores (RPT-06)."""

    problem = Text("The map does not know this activity.", "映射文件中没有此活动。")


class OutOfOrder(RowInvalid):
    """An event that is earlier than the one before it in its case (RPT-06)."""

    problem = Text("This event is earlier than the one before it in its case.", "此事件早于同一案件的前一事件。")


class AfterTheEnd(RowInvalid):
    """An event of a case that has reached a final state (RPT-06)."""

    problem = Text("The case had come to its end before this event.", "案件在此事件之前已经结束。")


class UnfittingMove(RowInvalid):
    """A move that the workflow does not have from the state that the case is in (RPT-06)."""

    problem = Text("The workflow has no such move from this state.", "流程在此状态下没有这一流转。")


class BeyondCalendar(RowInvalid):
    """An event at which the calendar cannot tell working time: a year whose holidays are not known (RPT-06)."""

    problem = Text("The calendar does not reach to this event.", "日历未覆盖此事件的时间。")


@unique
class Reason(Enum):
    """Why an event was not replayed."""

    MALFORMED_ROW = "malformed_row"
    MISSING_FIELD = "missing_field"
    UNPARSABLE_TIME = "unparsable_time"
    UNMAPPED_ACTIVITY = "unmapped_activity"
    OUT_OF_ORDER = "out_of_order"
    AFTER_THE_END = "after_the_end"
    UNFITTING_MOVE = "unfitting_move"
    BEYOND_CALENDAR = "beyond_calendar"

    @property
    def text(self) -> Text:
        """The reason for people."""
        return _SAID[self]


_SAID: Final[Mapping[Reason, Text]] = {
    Reason.MALFORMED_ROW: Text("row not as the header says", "行与表头不符"),
    Reason.MISSING_FIELD: Text("field missing", "缺少字段"),
    Reason.UNPARSABLE_TIME: Text("time cannot be read", "时间无法识别"),
    Reason.UNMAPPED_ACTIVITY: Text("activity not in the map", "活动未映射"),
    Reason.OUT_OF_ORDER: Text("out of order in its case", "案件内时间倒退"),
    Reason.AFTER_THE_END: Text("after the end of its case", "案件结束之后"),
    Reason.UNFITTING_MOVE: Text("move does not fit the state", "流转与状态不符"),
    Reason.BEYOND_CALENDAR: Text("the calendar does not reach to it", "日历未覆盖"),
}
_ERRORS: Final[Mapping[Reason, type[RowInvalid]]] = {
    Reason.MALFORMED_ROW: MalformedRow,
    Reason.MISSING_FIELD: MissingField,
    Reason.UNPARSABLE_TIME: UnparsableTime,
    Reason.UNMAPPED_ACTIVITY: UnmappedActivity,
    Reason.OUT_OF_ORDER: OutOfOrder,
    Reason.AFTER_THE_END: AfterTheEnd,
    Reason.UNFITTING_MOVE: UnfittingMove,
    Reason.BEYOND_CALENDAR: BeyondCalendar,
}


@attrs.frozen
class Fault:
    """One event that was not replayed: the line it begins on, why, and what would have been accepted.

    ``state`` is where the case stood, empty where it had not been opened; ``given`` is the value that was refused.
    """

    line: int
    reason: Reason
    case: str = ""
    activity: str = ""
    state: str = ""
    given: str = ""
    accepted: Text | None = None

    def error(self) -> DomainError:
        """The fault as the error that a strict replay raises."""
        facts = {name: getattr(self, name) for name in ("line", "case", "activity", "state", "given")}
        return _ERRORS[self.reason](accepted=self.accepted, **{name: fact for name, fact in facts.items() if fact})

    def text(self, language: Language = "en") -> str:
        """The fault on one line, for people."""
        return self.error().render(language).partition(": ")[2]

    def as_data(self) -> dict[str, object]:
        """The fault for programs."""
        return {
            "line": self.line,
            "reason": self.reason.value,
            "case": show(self.case),
            "activity": show(self.activity),
            "state": self.state,
            "given": show(self.given),
            "accepted": None if self.accepted is None else self.accepted.en,
        }


class MapInvalid(InvalidValue):
    """A map was refused; ``faults`` names each fault with its key path (RPT-06, KRN-01)."""

    default_rule = REPLAY
    problem = Text("The map of the log was refused.", "日志映射文件被拒绝。")

    def __init__(self, faults: tuple[str, ...], *, name: str = "") -> None:
        super().__init__(name=name, faults=faults)

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong, each with ``@`` and the path of its key."""
        faults = self.facts["faults"]
        return faults if isinstance(faults, tuple) else ()

    def render(self, language: Language = "en") -> str:
        head = f"{self.rule.id}: {type(self).problem(language)} ({self.facts['name']})"
        return "\n  ".join([head, *map(hide, self.faults)])
