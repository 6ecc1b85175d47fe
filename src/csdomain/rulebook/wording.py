"""A change of house rules in words that a manager reads, in English and in Chinese (KRN-01)."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Context, Decimal
from typing import Any, Final

import attrs

from csdomain.kernel.calendar import values as calendar_values
from csdomain.kernel.rules import Language, Text
from csdomain.kernel.rules.errors import InvalidValue
from csdomain.kernel.values.actors import Action, Actor, ActorId, Permissions, Scope, matching, wider
from csdomain.kernel.values.durations import CalendarDays, ElapsedTime, MalformedDuration, WorkingDays, parse_duration
from csdomain.kernel.values.money import Money

from .changes import ChangeKind, Difference, Row, Step, Way
from .organisation import PERMISSIONS
from .sections import Label, Rulebook, Unit

#: What settings that any context may have are called; a section's own ``labels`` come first.
LABELS: Final[Mapping[str, Text]] = {
    "name": Text("name of the rulebook", "规则手册名称"),
    "complaints": Text("complaints", "投诉"),
    "*.number": Text("how forms are numbered", "单号格式"),
    "*.close_within": Text("time to close a case", "结案期限"),
    "*.warnings": Label("warnings before the deadline, at", "到期前预警", Unit.PERCENT),
    "*.overrun_to": Text("who is told of an overrun", "逾期报告对象"),
    "*.extra": Text("own fields of the form", "表单自定义字段"),
    "*.extra.*": Text("own field of the form, {1}", "表单自定义字段 {1}"),
}
_WEEK: Final[frozenset[str]] = frozenset(calendar_values.WEEKDAYS)
_YUAN: Final = {"CNY": "元"}
#: A number with more digits than this before or behind the point is shown as it is written.
_LONGEST: Final = 30
_EXACTLY: Final = Context(prec=4 * _LONGEST)
_SCOPES: Final = {
    Scope.OWN: Text("own records", "本人"),
    Scope.BRANCH: Text("records of the branch", "本分支"),
    Scope.ALL: Text("all records", "全部"),
}
_UNITS: Final[Mapping[Unit, tuple[str, str, str]]] = {
    Unit.PLAIN: ("", "", ""),
    Unit.PERCENT: ("%", "%", "%"),
    Unit.SHARE: ("%", "%", "%"),
    Unit.DAYS: (" day", " days", " 天"),
    Unit.MONTHS: (" month", " months", " 个月"),
}


@attrs.frozen
class _Amount:
    """A value that is more or less than another of its ``dimension``, in smallest units; ``time`` where it is long."""

    dimension: str
    size: Decimal
    time: bool = False


def said(difference: Difference, old: Rulebook, new: Rulebook) -> Text:
    """What ``difference`` means, in both languages: what it is about, and what becomes of it. [KRN-01]"""
    english, chinese = (_Words(language, old, new).of(difference) for language in _LANGUAGES)
    return Text(english, chinese)


_LANGUAGES: Final[tuple[Language, Language]] = ("en", "zh")


@attrs.frozen
class _Words:
    """The words of one language for changes from one book to another."""

    language: Language
    old: Rulebook
    new: Rulebook

    def say(self, en: str, zh: str) -> str:
        return zh if self.language == "zh" else en

    def of(self, difference: Difference) -> str:
        way = difference.way
        if len(way) == 3 and way[0] == PERMISSIONS.name and way[1] in ("roles", "positions"):
            return self._holder(str(way[1]), str(way[2]), None)
        if len(way) == 4 and way[:2] == (PERMISSIONS.name, "roles"):
            return self._holder("roles", str(way[2]), str(way[3]))
        label, unit = self._label(way)
        return label + self.say(": ", "：") + self._what(difference, unit)

    # --- what it is about
    def _label(self, way: Way) -> tuple[str, Unit]:
        """The label of the way, or of the longest beginning that has one, with the other steps behind it."""
        for length in range(len(way), 0, -1):
            found = self._labelled(way[:length])
            if found is not None:
                rest = [self._step(step) for step in way[length:]]
                unit = found.unit if isinstance(found, Label) and not rest else Unit.PLAIN
                return self.say(", ", "，").join([found(self.language), *rest]), unit
        return self.say(", ", "，").join(map(self._step, way)), Unit.PLAIN

    def _labelled(self, way: Way) -> Text | None:
        steps = [self._step(step) for step in way]
        section = next((s for s in (*self.new.sections, *self.old.sections) if s.name == way[0]), None)
        own = {} if section is None else section.labels
        for labels, about in ((own, steps[1:]), (LABELS, steps)):
            matches = [
                (len(stars), pattern, stars)
                for pattern in labels
                if (stars := _stars(pattern.split(".") if pattern else [], about)) is not None
            ]
            if matches:
                _, pattern, stars = min(matches)
                label = labels[pattern]
                return attrs.evolve(label, en=label.en.format(*stars), zh=label.zh.format(*stars))
        return None

    def _step(self, step: Step) -> str:
        if isinstance(step, Row):
            return f"{step.key} {self._value(step.value, Unit.PLAIN)}"
        return self.say(f"no. {step + 1}", f"第 {step + 1} 项") if isinstance(step, int) else step

    # --- what becomes of it
    def _what(self, difference: Difference, unit: Unit) -> str:
        before, after = difference.before, difference.after
        if len(difference.way) == 1 and difference.kind in (ChangeKind.ADDED, ChangeKind.REMOVED):
            added = difference.kind is ChangeKind.ADDED
            return self.say("turned on", "启用") if added else self.say("turned off", "停用")
        if difference.kind is ChangeKind.MOVED:
            order = self.say(", ", "、").join(map(self._step, after))
            return self.say(f"in another order: {order}", f"顺序调整为：{order}")
        if unit is Unit.HOURS and _hours(before) is not None and _hours(after) is not None:
            return self._changed(before or [], after or [], unit)
        if isinstance(before or after, dict):
            value = self._table(before or after, difference.way)
            if difference.kind is ChangeKind.ADDED:
                return self.say(f"new, with {value}", f"新增：{value}")
            if difference.kind is ChangeKind.REMOVED:
                return self.say(f"removed (it had {value})", f"删除（原有：{value}）")
        if difference.kind is ChangeKind.ADDED:
            value = self._value(after, unit)
            return self.say(f"now {value} (was not set)", _glued("设为", value) + "（原未设定）")
        if difference.kind is ChangeKind.REMOVED:
            value = self._value(before, unit)
            return self.say(f"no longer set (was {value})", _glued("不再设定（原为", value) + "）")
        return self._changed(before, after, unit)

    def _changed(self, before: Any, after: Any, unit: Unit) -> str:
        was, now = self._value(before, unit), self._value(after, unit)
        if was == now:
            return self.say(f"written in another way, still {now}", _glued("写法不同，仍为", now))
        if unit is Unit.HOURS and not (before and after):
            return self.say(f"now {now} (was {was})", _glued("改为", now) + _glued("（原为", was) + "）")
        one, other = _amount(before, unit), _amount(after, unit)
        if one is not None and other is not None and one.dimension == other.dimension and one.size != other.size:
            return self._moved(one, other, was, now, unit)
        listed = self._list(before, after, unit) if _scalars(before) and _scalars(after) and one is None else ""
        return listed or self.say(f"changed from {was} to {now}", _glued("由", was, "改为", now))

    def _moved(self, one: _Amount, other: _Amount, was: str, now: str, unit: Unit) -> str:
        more = other.size > one.size
        if one.time:
            verb = self.say("lengthened", "延长") if more else self.say("shortened", "缩短")
            return self.say(f"{verb} from {was} to {now}", _glued("由", was, f"{verb}为", now))
        verb = self.say("raised", "提高") if more else self.say("lowered", "降低")
        size = self._size(one.dimension, abs(_EXACTLY.subtract(other.size, one.size)), unit)
        step = f"{'+' if more else '-'}{size}"
        return self.say(f"{verb} from {was} to {now} ({step})", _glued("由", was, f"{verb}为", now) + f"（{step}）")

    def _size(self, currency: str, size: Decimal, unit: Unit) -> str:
        if currency:
            return self._money(_plain(size), currency)
        if unit in (Unit.PERCENT, Unit.SHARE):
            points = _plain(size.scaleb(2, _EXACTLY) if unit is Unit.SHARE else size)
            return self.say(f"{points} percentage point{'' if points == '1' else 's'}", f"{points} 个百分点")
        return self._number(size, unit)

    def _list(self, before: list[Any], after: list[Any], unit: Unit) -> str:
        """What came and what went; empty where only the number of equal values differs."""
        gone = [value for value in before if value not in after]
        come = [value for value in after if value not in before]
        if not gone and not come and len(before) == len(after) == len(set(after)):
            order = self._value(after, unit)
            return self.say(f"in another order: {order}", f"顺序调整为：{order}")
        parts = (
            [self.say(f"now also {self._value(come, unit)}", _glued("新增", self._value(come, unit)))] if come else []
        )
        parts += (
            [self.say(f"no longer {self._value(gone, unit)}", _glued("取消", self._value(gone, unit)))] if gone else []
        )
        return self.say("; ", "；").join(parts)

    # --- values
    def _value(self, value: Any, unit: Unit) -> str:
        if value is None or value in ("", [], {}):
            return self.say("closed", "休息") if unit is Unit.HOURS else self.say("nothing", "无")
        if isinstance(value, bool):
            return self.say("yes", "是") if value else self.say("no", "否")
        if isinstance(value, int | Decimal):
            return self._number(Decimal(value), unit) if _short(Decimal(value)) else str(value)
        if isinstance(value, list):
            return self.say(", ", "、").join(self._value(item, unit) for item in value)
        if isinstance(value, dict):
            return self._table(value, ())
        return self._text(value) if isinstance(value, str) else str(value)

    def _table(self, table: Mapping[str, Any], way: Way) -> str:
        """A table's settings in their order, weekdays from Monday, without the one by which a row is known anyway."""
        known = way[-1].key if way and isinstance(way[-1], Row) else ""
        parts = []
        for key in sorted(table, key=lambda key: calendar_values.WEEKDAYS.index(key) if key in _WEEK else -1):
            here, item = (*way, key), table[key]
            label = self._labelled(here) if way else None
            unit = label.unit if isinstance(label, Label) else Unit.PLAIN
            if isinstance(item, dict) and item:
                parts.append(f"{key} ({self._table(item, here if way else ())})")
            elif key != known:
                parts.append(f"{key} {self._value(item, unit)}")
        return self.say("; ", "；").join(parts) or self.say("nothing", "无")

    def _number(self, number: Decimal, unit: Unit) -> str:
        one, many, zh = _UNITS.get(unit, ("", "", ""))
        plain = _plain(number.scaleb(2, _EXACTLY) if unit is Unit.SHARE else number)
        return plain + self.say(one if plain == "1" else many, zh)

    def _text(self, text: str) -> str:
        money = _money(text)
        if money is not None:
            return self._money(_plain(money.amount), money.currency)
        duration = _duration(text)
        if duration is None:
            return text
        if isinstance(duration, CalendarDays | WorkingDays):
            working = isinstance(duration, WorkingDays)
            unit = "working day" if working else "day"
            said = self.say(_counted(duration.days, unit), f"{duration.days} {'个工作日' if working else '天'}")
            return said if duration.end_of_day else said + self.say(", same hour", "（至同一时刻）")
        minutes, working = duration.time // timedelta(minutes=1), not isinstance(duration, ElapsedTime)
        count, en, zh = (minutes, "minute", "分钟") if minutes % 60 else (minutes // 60, "hour", "小时")
        return self.say(
            _counted(count, f"working {en}" if working else en),
            f"{count} {'个工作' if working else '个' if zh == '小时' else ''}{zh}",
        )

    def _money(self, amount: str, currency: str) -> str:
        return f"{amount} {self.say(currency, _YUAN.get(currency, currency))}"

    # --- permissions
    def _holder(self, kind: str, name: str, pattern: str | None) -> str:
        """What a role or a position may do now and could not, and the reverse; only as far as ``pattern`` names it."""
        actions = self.old.actions | self.new.actions
        about = frozenset(actions if pattern is None else matching(pattern, actions))
        was, now = ({a: s for a, s in grants(book, kind, name).items() if a in about} for book in (self.old, self.new))
        label = self._label((PERMISSIONS.name, kind, name))[0]
        if kind == "roles":
            held = sorted(
                {p for book in (self.old, self.new) for p, r in book[PERMISSIONS].positions.items() if name in r}
            )
            who = self.say(", ", "、").join(held)
            label += (
                self.say(f" (held by {who})", f"（职位：{who}）")
                if held
                else self.say(" (held by nobody)", "（无职位）")
            )
        return label + (" " if self.language == "en" else "：") + self._grants(was, now)

    def _grants(self, was: Mapping[Action, Scope], now: Mapping[Action, Scope]) -> str:
        parts = []
        if come := sorted(now.keys() - was.keys()):
            listed = self._scoped(come, now)
            parts.append(self.say(f"may now also do {listed}", f"新增权限 {listed}"))
        if gone := sorted(was.keys() - now.keys()):
            listed = self._scoped(gone, was)
            parts.append(self.say(f"may no longer do {listed}", f"取消权限 {listed}"))
        for action in sorted(was.keys() & now.keys()):
            if was[action] is now[action]:
                continue
            a, b = _SCOPES[was[action]](self.language), _SCOPES[now[action]](self.language)
            if wider(was[action], now[action]) is now[action]:
                parts.append(self.say(f"may do {action} more widely, from {a} to {b}", f"{action} 范围由{a}扩大到{b}"))
            else:
                parts.append(self.say(f"may do {action} less widely, from {a} to {b}", f"{action} 范围由{a}缩小到{b}"))
        return self.say("; ", "；").join(parts) or self.say("may do the same as before", "权限不变")

    def _scoped(self, actions: Iterable[Action], scopes: Mapping[Action, Scope]) -> str:
        brackets = self.say(" ({})", "（{}）")
        return self.say(", ", "、").join(a + brackets.format(_SCOPES[scopes[a]](self.language)) for a in actions)


def grants(book: Rulebook, kind: str, name: str) -> Mapping[Action, Scope]:
    """What a role (``kind`` is ``roles``) or a position may do by ``book``, patterns worked out."""
    matrix = book[PERMISSIONS]
    roles = (name,) if kind == "roles" else matrix.positions.get(name, ())
    holder = Permissions(matrix.roles, {name: roles}, book.actions)
    return holder.resolve(Actor(ActorId("anyone"), "any", frozenset({name}))).grants


def _stars(pattern: list[str], steps: list[str]) -> tuple[str, ...] | None:
    """What the ``*`` of a pattern stand for in these steps; None where it does not fit."""
    if len(pattern) != len(steps) or any(p not in ("*", s) for p, s in zip(pattern, steps, strict=True)):
        return None
    return tuple(step for part, step in zip(pattern, steps, strict=True) if part == "*")


def _glued(*parts: str) -> str:
    """Chinese with other script set apart by a space, as it is printed."""
    text = ""
    for part in parts:
        text += " " + part if text and part and (text[-1].isascii() or part[0].isascii()) else part
    return text


def _scalars(value: object) -> bool:
    return isinstance(value, list) and not any(isinstance(item, dict | list) for item in value)


def _amount(value: object, unit: Unit) -> _Amount | None:
    if unit is Unit.HOURS:
        hours = _hours(value)
        return None if hours is None else _Amount("hours", Decimal(hours), time=True)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        number = Decimal(value)
        return _Amount("", number) if _short(number) else None
    if not isinstance(value, str):
        return None
    money = _money(value)
    if money is not None:
        return _Amount(money.currency, money.amount)
    duration = _duration(value)
    if duration is None:
        return None
    if isinstance(duration, CalendarDays | WorkingDays):
        return _Amount(f"{type(duration).__name__} {duration.end_of_day}", Decimal(duration.days), time=True)
    return _Amount(type(duration).__name__, Decimal(duration.time // timedelta(microseconds=1)), time=True)


def _hours(windows: object) -> int | None:
    """Minutes of opening in a list of windows; a day that is not listed is closed. None where it is no such list."""
    if windows is None:
        return 0
    if not isinstance(windows, list):
        return None
    try:
        return sum(closes - opens for opens, closes in calendar_values.hours(windows, "hours"))
    except InvalidValue:
        return None


def _money(text: str) -> Money | None:
    amount, space, currency = text.partition(" ")
    try:
        return Money.of(amount, currency) if space else None
    except InvalidValue:
        return None


def _duration(text: str) -> Any:
    try:
        return parse_duration(text)
    except MalformedDuration:
        return None


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _short(number: Decimal) -> bool:
    places = number.as_tuple().exponent
    return isinstance(places, int) and places >= -_LONGEST and number.adjusted() <= _LONGEST


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
