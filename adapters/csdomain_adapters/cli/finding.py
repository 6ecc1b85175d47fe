"""Cases of any kind for the command: found by their columns, shown by them, with the clocks that run on them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs

from csdomain.casework.worklists import Waiting
from csdomain.contexts import contexts
from csdomain.desk import Services
from csdomain.frame.questions import Questions, cases_of, reaching
from csdomain.kernel.cases.lifecycle import PossibleMove
from csdomain.kernel.cases.timers import LIVE, TimerState
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import DomainError, NotFound, StoreFailure
from csdomain.kernel.store.kinds import Comparison, Field, MalformedQuery, Query, Where
from csdomain.kernel.values.actors import Action, Actor
from csdomain.kernel.values.ids import MalformedId
from csdomain.kernel.values.money import Money
from csdomain.kernel.values.personal import PersonalKind, exported, mask, masked
from csdomain.rulebook import SectionMissing

from .output import rendered
from .settings import say, settings

_PAGE: Final = 200
_CLOCKS: Final = 10_000
_TICK: Final = timedelta(microseconds=1)
_CONDITION: Final = re.compile(r"(?P<column>\w+)(?P<sign>>=|<|=)(?P<value>.*)", re.DOTALL)
_COMPARES: Final = {"=": Comparison.IS, ">=": Comparison.FROM, "<": Comparison.BELOW}
#: Columns that hold minor units of the case's currency, and those that say who somebody is.
_AMOUNTS: Final = frozenset({"claimed", "granted", "lost", "total"})
_PERSONAL: Final = frozenset({"customer"})
#: What a list shows of a kind that has them.
_LISTED: Final = ("state", "customer", "owner", "branch", "received_at", "class_name", "product", "grave")
_NAMES: Final[Mapping[str, Text]] = {
    "id": Text("id", "标识"),
    "number": Text("number", "单号"),
    "state": Text("state", "状态"),
    "customer": Text("customer", "客户"),
    "owner": Text("owner", "处理人"),
    "branch": Text("branch", "分支"),
    "version": Text("version", "版本"),
    "rulebook": Text("rulebook", "规则手册"),
    "received_at": Text("received", "收件时间"),
    "closed_at": Text("closed", "结案时间"),
    "closed_month": Text("month of closing", "结案月份"),
    "class_name": Text("class", "类别"),
    "cause": Text("cause", "原因"),
    "unit": Text("liable unit", "责任单位"),
    "product": Text("product", "产品"),
    "grave": Text("grave", "严重"),
    "in_time": Text("in time", "按期"),
    "reviewed": Text("reviewed", "已审视"),
    "claimed": Text("claimed", "索赔金额"),
    "granted": Text("granted", "核定金额"),
    "lost": Text("lost", "损失金额"),
    "total": Text("total", "合计"),
    "paid": Text("paid", "已付款"),
    "refill_on": Text("refill on", "补货日"),
    "demand": Text("demand", "要求"),
    "reason": Text("reason", "原因"),
    "order_number": Text("order number", "订单号"),
    "batch": Text("batch", "批号"),
    "specification": Text("specification", "规格"),
    "quantity": Text("quantity", "数量"),
    "defective": Text("defective", "不良数"),
    "shipped_on": Text("shipped on", "出货日期"),
    "samples": Text("samples", "样品数"),
    "attachments": Text("attachments", "附件"),
    "handler": Text("named", "指派的人"),
    "level": Text("level", "层级"),
    "desks": Text("waits for", "待办者"),
    "urgency": Text("urgency", "紧急度"),
    "open_remarks": Text("open remarks", "未办意见"),
    "queue": Text("in the queue of", "在办人"),
    "discrepancies": Text("discrepancies", "差异"),
}


def clock_heads() -> tuple[str, ...]:
    """The heads of a table of clocks."""
    if settings.language == "zh":
        return ("处理人", "案件", "计时器", "期限", "剩余", "状态")
    return ("owner", "case", "clock", "due", "left", "state")


def written(value: object, zone: ZoneInfo) -> str:
    """A value for a person: instants in the branch's zone, flags as words."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return say("yes", "是") if value else say("no", "否")
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(sep=" ", timespec="minutes")
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {written(one, zone)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(written(one, zone) for one in value)
    return str(value)


@attrs.frozen
class Clock:
    """A clock that runs or stands still; ``due_at`` moves on while it stands still."""

    owner: str
    case: str
    name: str
    timer: str
    due_at: datetime
    at: datetime
    state: TimerState
    zone: ZoneInfo

    @property
    def late(self) -> bool:
        """Whether its deadline is over."""
        return self.state is TimerState.RUNNING and self.due_at < self.at

    def data(self) -> dict[str, object]:
        """The clock for a program."""
        return {
            "owner": self.owner,
            "case": self.case,
            "number": self.name,
            "timer": self.timer,
            "due_at": self.due_at.isoformat(),
            "overdue": self.late,
            "state": self.state.value,
        }

    def row(self) -> list[str]:
        """The clock for a person."""
        state = say("overdue", "已逾期") if self.late else _STATES[self.state](settings.language)
        left = "-" if self.state is TimerState.PAUSED else _span(self.due_at - self.at)
        return [self.owner or "-", self.name, self.timer, written(self.due_at, self.zone), left, state]


_STATES: Final = {TimerState.RUNNING: Text("running", "运行中"), TimerState.PAUSED: Text("paused", "已暂停")}


def _span(span: timedelta) -> str:
    minutes = abs(span) // timedelta(minutes=1)
    days, hours = divmod(minutes // 60, 24)
    text = say(f"{days} d {hours} h", f"{days} 天 {hours} 小时") if days else say(f"{hours} h", f"{hours} 小时")
    if not days:
        text += say(f" {minutes % 60} min", f" {minutes % 60} 分")
    return f"-{text}" if span < timedelta(0) else text


@attrs.frozen
class Desk:
    """The cases of one kind, for whoever asks."""

    services: Services
    service: Questions[Any]
    by: Actor

    # --- conditions
    @property
    def columns(self) -> Mapping[str, type]:
        """The columns of the kind, and what they hold."""
        built_in: dict[str, type] = {
            name: int if name == "version" else str for name in cases_of(self.service).kind.BUILT_IN
        }
        return {**built_in, **{field.name: field.kind for field in cases_of(self.service).kind.fields}}

    def condition(self, text: str) -> Where[Any]:
        """A condition as it is written on the command line. Raises MalformedQuery."""
        found = _CONDITION.fullmatch(text)
        if found is None:
            raise MalformedQuery(given=text, accepted=Text("column=value, column>=value, column<value", "列=值"))
        name, value = cases_of(self.service).kind.column(found["column"]), found["value"]
        if not value and found["sign"] == "=":
            return Where(name, Comparison.ABSENT)
        return Where(name, _COMPARES[found["sign"]], _typed(name, self.columns[name], value))

    def equal(self, column: str, value: str) -> Where[Any]:
        """Those whose column holds a text. Raises MalformedQuery."""
        return Where(cases_of(self.service).kind.column(column), Comparison.IS, value)

    def due_before(self, instant: datetime) -> Where[Any]:
        """Those with a running clock that is due before an instant, the soonest ten thousand clocks."""
        found = self.service.clocks(by=self.by, until=instant - _TICK, limit=_CLOCKS)
        return Where("id", Comparison.AMONG, tuple(sorted({clock.case for clock in found})))

    def in_states(self, states: Sequence[str]) -> list[Where[Any]]:
        """Those in one of the states; nothing where none is named. Raises MalformedQuery."""
        known = [state.value for state in cases_of(self.service).commands.table.states]
        for state in states:
            if state not in known:
                raise MalformedQuery(state=state, accepted=Text(", ".join(known), ", ".join(known)))
        return [Where("state", Comparison.AMONG, tuple(states))] if states else []

    def running(self) -> Where[Any]:
        """Those that are not at their end."""
        table = cases_of(self.service).commands.table
        return Where("state", Comparison.AMONG, tuple(s.value for s in table.states if s not in table.final))

    # --- one case
    def get(self, case: str) -> Any:
        """A case by its id or its number. Raises NotFound, NotPermitted."""
        try:
            return self.service.get(cases_of(self.service).kind.id.check(case), by=self.by)
        except MalformedId:
            found = self.service.find(Query((Where("number", Comparison.IS, case),)), by=self.by).items
        if not found:
            raise NotFound(number=case)
        return found[0]

    def zone(self, case: Any) -> ZoneInfo:
        """The zone of the case's branch."""
        return ZoneInfo(self.services.house.zone(case.branch))

    def reveals(self, case: Any) -> bool:
        """Whether whoever asks may see the personal columns of the case (KRN-14)."""
        cases = cases_of(self.service)
        actor = self.services.house.resolve(self.by)
        return bool(reaching(actor, case, cases.kind).may(Action(f"{cases.context}.personal")))

    def data(self, case: Any) -> dict[str, Any]:
        """The columns of a case for a program; amounts as text with their currency."""
        kind = cases_of(self.service).kind
        found: dict[str, Any] = {name: getattr(case, name) for name in kind.BUILT_IN} | kind.row(case)
        for name, value in found.items():
            if value is not None and name in _AMOUNTS:
                found[name] = str(Money(value, case.currency))
            elif name in _PERSONAL and not self.reveals(case):
                found[name] = mask(PersonalKind.OTHER, value)
            elif isinstance(value, date):
                found[name] = value.isoformat()
        return found

    def form(self, case: Any) -> dict[str, Any]:
        """What is filled in on the present form of a kind that has one, personal fields masked; no columns again."""
        content = getattr(getattr(case, "form", None), "content", None)
        if content is None:
            return {}
        found = (exported if self.reveals(case) else masked)(content)
        return {name: value for name, value in found.items() if getattr(content, name) and name not in self.columns}

    def lines(self, case: Any) -> list[list[str]]:
        """The columns of a case for a person."""
        shown, raw = self.data(case), cases_of(self.service).kind.row(case)
        times = {name: value for name, value in raw.items() if isinstance(value, datetime)}
        zone = self.zone(case)
        return [[_name(name), written(value, zone)] for name, value in {**shown, **times}.items()]

    def form_lines(self, case: Any) -> list[list[str]]:
        """The present form for a person."""
        return [[_name(name), written(value, self.zone(case))] for name, value in self.form(case).items()]

    def table(self, cases: Sequence[Any]) -> tuple[list[str], list[list[str]]]:
        """Heads and rows of a list of cases for a person."""
        names = [name for name in _LISTED if name in self.columns]
        rows = [dict(zip(self.data(case), (line[1] for line in self.lines(case)), strict=True)) for case in cases]
        firsts = [case.number or case.id for case in cases]
        cells = [[first, *(row[name] for name in names)] for first, row in zip(firsts, rows, strict=True)]
        return [_name("number"), *map(_name, names)], cells

    def open_ends(self, case: Any) -> list[str]:
        """What still has to come to its end, of a kind that says so."""
        asked = getattr(self.service, "open_ends", None)
        return [] if asked is None else list(asked(case.id, by=self.by))

    def moves(self, case: Any, at: datetime) -> list[tuple[str, PossibleMove[Any]]]:
        """What may be done with the case and its parts then, and why the rest may not; the case itself has none."""
        parts = [("-", move) for move in self.service.moves(case.id, by=self.by, at=at)]
        asked = getattr(self.service, "part_moves", None)
        for found in [] if asked is None else asked(case.id, by=self.by, at=at):
            name, listed = found if isinstance(found, tuple) else (found.part, found.moves)
            parts += [(name, move) for move in listed]
        return parts

    def trail(self, case: Any) -> list[dict[str, Any]]:
        """What happened to the case, for a program."""
        reveals = self.reveals(case)
        return [
            {
                "at": line.at,
                "by": line.by,
                "move": line.move or line.name,
                "from": line.source,
                "to": line.dest,
                "reason": line.reason if reveals else mask(PersonalKind.OTHER, line.reason),
            }
            for line in self.service.trail(case.id, by=self.by)
        ]

    def clocks(self, case: Any, at: datetime) -> tuple[list[Clock], list[str]]:
        """The clocks of a case that run or stand still, and why they cannot be counted where they cannot.

        Raises StoreFailure.
        """
        try:
            found = self.service.deadlines(case.id, by=self.by, at=at)
        except StoreFailure:
            raise
        except DomainError as error:
            return [], [f"{case.number or case.id}: {rendered(error)}"]
        name, zone = case.number or case.id, self.zone(case)
        running = [c for c in found if c.state in LIVE]
        return [Clock(case.owner, case.id, name, c.timer, c.due_at, at, c.state, zone) for c in running], []


def _name(column: str) -> str:
    return _NAMES.get(column, Text(column, column))(settings.language)


def _typed(column: str, kind: type, text: str) -> object:
    """The text as a value of its column. Raises MalformedQuery."""
    try:
        if kind is bool:
            return {"yes": True, "true": True, "no": False, "false": False}[text.lower()]
        if kind is datetime and (at := datetime.fromisoformat(text)).utcoffset() is not None:
            return at
        if kind is not datetime:
            return date.fromisoformat(text) if kind is date else kind(text)
    except (KeyError, ValueError):
        pass
    examples: dict[type, str] = {bool: "yes, no", int: "120", date: "2026-10-08", datetime: "2026-10-08T09:00+08:00"}
    raise MalformedQuery(column=column, given=text, accepted=Text(examples[kind], examples[kind]))


def kinds(services: Services) -> dict[str, Questions[Any]]:
    """The services of cases that have a number and a state, by the name of their kind."""
    asked = (services.service(context.name) for context in contexts(services.house.rulebook.parts))
    found = [service for service in asked if isinstance(service, Questions)]
    return {cases_of(s).kind.table: s for s in found if {"number", "state"} <= {field.name for field in _fields(s)}}


def _fields(service: Questions[Any]) -> Iterable[Field[Any, Any]]:
    found: Iterable[Field[Any, Any]] = cases_of(service).kind.fields
    return found


def of_kind(services: Services, kind: str, by: Actor) -> Desk:
    """The cases of a kind. Raises NotFound."""
    known = kinds(services)
    if kind not in known:
        names = ", ".join(known)
        raise NotFound(kind=kind, accepted=Text(names, names))
    return Desk(services, known[kind], by)


def each(desk: Desk, where: Sequence[Where[Any]], *, sort: str = "id", mine: bool = False) -> Iterator[Any]:
    """The cases that fit all conditions, page by page."""
    ask = desk.service.queue if mine else desk.service.find
    column, descending = sort.removeprefix("-"), sort.startswith("-")
    query: Query[Any] = Query(tuple(where), order_by=column, descending=descending, limit=_PAGE)
    while True:
        page = ask(query, by=desk.by)
        yield from page.items
        if page.next is None:
            return
        query = attrs.evolve(query, after=page.next)


def running_clocks(
    services: Services, by: Actor, at: datetime, *, until: datetime | None, owner: str | None, limit: int
) -> tuple[list[Clock], bool]:
    """The clocks of the running cases that ``by`` may read, by owner and deadline, the soonest ``limit`` of each kind
    of case; and whether there are more.

    With ``until`` only those that breach by then: one that stands still breaches at no known time. Raises NotPermitted
    where ``by`` may read no kind of case, SectionMissing where the rulebook takes none.
    """
    listed: list[Clock] = []
    more = False
    every = list(kinds(services).values())
    if not every:
        names = ", ".join(context.name for context in contexts() if context.cases)
        raise SectionMissing(section=names, rulebook=services.house.rulebook.ref)
    actor = services.house.resolve(by)
    # Of a kind that nobody asked for by name no refusal is put on the audit.
    for service in [one for one in every if actor.may(cases_of(one).read)] or every[:1]:
        found = service.clocks(by=by, until=until, owner=owner, limit=limit + 1)
        more = more or len(found) > limit
        for c in found[:limit]:
            zone = ZoneInfo(services.house.zone(c.branch))
            listed.append(Clock(c.owner, c.case, c.number or c.case, c.timer, c.due_at, at, c.state, zone))
    return sorted(listed, key=lambda clock: (clock.owner, clock.due_at, clock.case, clock.timer)), more


def waiting(
    services: Services, by: Actor, at: datetime, *, level: int | None, **whose: str | None
) -> Iterator[Waiting[Any]]:
    """What waits for ``by`` or for those named, page by page; levels are counted from 1."""
    query: Query[Any] | None = Query(limit=_PAGE)
    place = None if level is None else level - 1
    while query is not None:
        page = services.complaints.inbox(query, by=by, at=at, level=place, **whose)
        yield from page.items
        query = None if page.next is None else attrs.evolve(query, after=page.next)
