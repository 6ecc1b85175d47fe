"""What csdomain says when it refuses: one root, named subclasses, data as fields, text for people in two languages.

An error tells what was refused, by which rule, with which values, and what would be accepted. It never holds personal
data: values go through :func:`show`, which masks what looks like a phone number, an e-mail address or an identity
number.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from itertools import islice
from typing import ClassVar, Final

import attrs

from .rules import HOUSE_RULES, MOVES, ONE_WRITER, PERMITTED, PORTS, TIME, Language, Rule, Text

#: What facts are called in Chinese: those of the kernel's errors, and what :func:`fact_labels` adds.
LABELS: Final[dict[str, str]] = {
    "action": "操作权限",
    "actor": "操作人",
    "actual": "实际",
    "amount": "金额",
    "at": "时间",
    "authority": "权限者",
    "band": "档",
    "definite": "确定",
    "expected": "预期",
    "faults": "错误",
    "field": "字段",
    "found": "发现",
    "given": "所给",
    "id": "编号",
    "key": "键",
    "kind": "种类",
    "known": "已知",
    "lifecycle": "流程",
    "limit": "上限",
    "maximum": "最大",
    "minimum": "最小",
    "missing": "缺少",
    "move": "流转",
    "name": "名称",
    "number": "单号",
    "outcome": "结果",
    "placeholder": "占位符",
    "role": "角色",
    "scope": "范围",
    "signed": "已签核",
    "state": "状态",
    "subject": "对象",
    "timer": "计时器",
    "use_case": "用例",
    "why": "缘由",
    "year": "年份",
    "zone": "时区",
}


def fact_labels(labels: Mapping[str, str]) -> None:
    """Say what facts of a context's errors are called in Chinese; one that has no label is shown by its name.

    Raises ValueError, and adds none, where a fact is called otherwise already: one fact has one word everywhere.
    """
    for fact, word in labels.items():
        if LABELS.get(fact, word) != word:
            raise ValueError(f"{fact}: called {LABELS[fact]} already, not {word}")
    LABELS.update(labels)


_LIKE_PERSONAL: Final = re.compile(
    r"(?P<kept>(?<![0-9A-Za-z])[a-z]{2,8}_[0-7][0-9a-hjkmnp-tv-z]{25}(?![0-9A-Za-z])"  # an id of ours
    r"|(?<![0-9A-Za-z])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9A-Za-z])"  # a UUID
    r"|(?<!\d)(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9](?!\d))"  # a date
    r"|[\w.+!#$%&'*/=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"  # e-mail
    # A phone, identity or card number, or several in a row: 11 digits or more, however grouped. Decimals are not.
    r"|(?:(?<![0-9A-Za-z])|(?<=\\[nrt]))(?<!\d\.)\+?\(?\d(?:[\s()‐-―-]{0,2}\d){10,}[Xx]?(?![0-9A-Za-z])(?!\.\d)"
    # A mobile number, also right after a letter; and whatever number of 11 digits is grouped by dots, say.
    r"|(?<!\d)(?<!\d\.)1[3-9]\d(?:[\s()‐-―.·/_-]{0,2}\d{4}){2}(?!\d)(?!\.\d)"
    r"|(?<![0-9A-Za-z.])\+?\(?(?=(?:[).·/_]{0,2}\d){11})\d{1,5}\)?(?:[.·/_]\d{2,5}){2,5}(?![0-9A-Za-z])"
)
_HIDDEN: Final = "•••"
_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}")
_NAMED: Final = re.compile(r"\{([a-z_]+)\}")
_LONGEST: Final = 200
#: No more of a text is looked at, whatever its length.
_WINDOW: Final = 6 * _LONGEST
_LONGEST_INTEGER: Final = 512
#: So many items of a collection are shown, and so much of what would be accepted.
_ITEMS: Final = 20
_ACCEPTED_LONGEST: Final = 1000


class Figure:
    """A value that is no personal data however long its digits are: errors show it whole."""

    __slots__ = ()


def _hide(found: re.Match[str]) -> str:
    return found["kept"] or _HIDDEN


def hide(text: str) -> str:
    """``text`` with whatever looks like personal data masked. A safety net under KRN-14, not the marking itself."""
    return _LIKE_PERSONAL.sub(_hide, text)


def scrub(text: str) -> str:
    """The first characters of ``text``, masked as :func:`hide` does."""
    masked = hide(text[:_WINDOW])
    if len(text) > _WINDOW and len(masked) < 2 * _LONGEST:
        return _HIDDEN + "…"  # hardly anything else in it, and its end was not looked at
    return masked if len(masked) <= _LONGEST else masked[:_LONGEST] + "…"


def show(value: object) -> str:
    """One fact as text for people."""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, int) and value.bit_length() > _LONGEST_INTEGER:
        return f"an integer of {value.bit_length()} bits"  # Python does not write out any integer
    if isinstance(value, timedelta | int | float | Decimal | Fraction | Figure) or value is None:
        return str(value)
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, bytes | bytearray):
        return f"{type(value).__name__} of length {len(value)}"
    if isinstance(value, Mapping):
        return "{" + _few((f"{show(k)}: {show(v)}" for k, v in islice(value.items(), _ITEMS)), len(value)) + "}"
    if isinstance(value, set | frozenset):
        return _few(sorted(map(show, value))[:_ITEMS], len(value))
    if isinstance(value, tuple | list):
        return _few(map(show, value[:_ITEMS]), len(value))
    return scrub(str(value))


def _few(items: Iterable[str], count: int) -> str:
    """The first items, and how many there are besides: an error is read by people."""
    shown = ", ".join(items)
    shown = shown if len(shown) <= _WINDOW else shown[:_WINDOW] + "…"
    return shown if count <= _ITEMS else f"{shown}, … (+{count - _ITEMS})"


class DomainError(Exception):
    """Root of everything csdomain refuses.

    ``rule`` is the rule that was broken, ``facts`` the values it was broken with, ``accepted`` what would have been
    accepted. ``code`` is a stable name for programs. ``retryable`` says whether the same call may succeed when repeated
    unchanged in a new transaction. ``problem`` says what is wrong, in place of the rule's sentence; ``{move}`` in it is
    the fact of that name.
    """

    default_rule: ClassVar[Rule] = PORTS
    problem: ClassVar[Text | None] = None
    retryable: bool = False

    def __init__(self, rule: Rule | None = None, *, accepted: Text | None = None, **facts: object) -> None:
        self.rule = rule or self.default_rule
        self.facts: Mapping[str, object] = facts
        self.accepted = accepted
        super().__init__()

    @property
    def code(self) -> str:
        """A stable name for programs: the class's, in snake case."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()

    def render(self, language: Language = "en") -> str:
        """The whole message in ``language``."""
        said, told = self._said(language)
        chinese = language == "zh"
        rest = {name: value for name, value in self.facts.items() if name not in told}
        facts = ", ".join(f"{LABELS.get(k, k) if chinese else k}={show(v)}" for k, v in rest.items())
        text = f"{self.rule.id}: {said}"
        if facts:
            text += f"（{facts}）" if chinese else f" ({facts})"
        if self.accepted is not None:
            accepted = self.accepted(language)
            accepted = accepted if len(accepted) <= _ACCEPTED_LONGEST else accepted[:_ACCEPTED_LONGEST] + "…"
            text += f" 可接受：{accepted}" if chinese else f" Accepted: {accepted}"
        return text

    def _said(self, language: Language) -> tuple[str, set[str]]:
        """What is wrong, and the facts that are named in it: the rule's sentence where one of them is missing."""
        said = self.rule.text(language) if self.problem is None else self.problem(language)
        named = set(_NAMED.findall(said))
        if not named <= self.facts.keys():
            return self.rule.text(language), set()
        return _NAMED.sub(lambda found: show(self.facts[found[1]]), said), named

    def as_data(self) -> dict[str, object]:
        """The error for a program: code, rule, facts as text, both messages, whether a retry may help."""
        return {
            "code": self.code,
            "rule": self.rule.id,
            "facts": {k: show(v) for k, v in self.facts.items()},
            "accepted": None if self.accepted is None else self.accepted.en,
            "retryable": self.retryable,
            "message": {"en": self.render("en"), "zh": self.render("zh")},
        }

    def __str__(self) -> str:
        return self.render()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.render()!r})"

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions with keyword-only data do not survive pickling by themselves (worker pools need it).
        return (_rebuild, (type(self),), dict(self.__dict__))


def _rebuild(kind: type[DomainError]) -> DomainError:
    return kind.__new__(kind)


@attrs.frozen
class Refusal:
    """A command that was refused: which actor tried what, when, and by which rule (KRN-13, design decision D6)."""

    use_case: str
    by: str
    at: datetime
    subject: str
    rule: str
    code: str
    facts: Mapping[str, str]


class RuleBroken(DomainError):
    """A command was refused by a rule; nothing changed, and the refusal is audited (KRN-11, KRN-13).

    Inside a host's own transaction nothing can be audited apart from it: ``refusal`` then holds the record to store.
    """

    refusal: Refusal | None = None


class MoveRefused(RuleBroken):
    """The lifecycle has no such move from the present state (KRN-07)."""

    default_rule = MOVES
    problem = Text(
        "'{move}' is not possible while the {lifecycle} is '{state}'.", "{lifecycle} 处于“{state}”时不能“{move}”。"
    )


class NotPermitted(RuleBroken):
    """The actor's positions do not have the permission, or not for this branch or owner (KRN-13)."""

    default_rule = PERMITTED
    problem = Text(
        "The positions of '{actor}' do not have the permission '{action}' here.",
        "“{actor}”的职位在此没有权限“{action}”。",
    )


class InvalidValue(DomainError, ValueError):
    """A value that csdomain cannot take in; raised where the value enters, before anything is read or written."""


class NaiveTime(InvalidValue):
    """A datetime without a zone (KRN-03)."""

    default_rule = TIME
    problem = Text("A time must carry its zone.", "时间必须带时区。")


class NotFound(DomainError, LookupError):
    """Nothing of that kind has that id, or the actor may not know that it has (KRN-13)."""

    problem = Text("There is no such record.", "没有这条记录。")


class Conflict(DomainError):
    """Another writer was first: the record is no longer at the version the caller read (KRN-12). Never retried."""

    default_rule = ONE_WRITER
    problem = Text("The record has changed since it was read.", "记录在读取之后已被修改。")


class KeyReused(DomainError):
    """An idempotency key came back with another command (KRN-12)."""

    default_rule = ONE_WRITER
    problem = Text("This key was used for another command.", "此幂等键已用于另一条命令。")


class StoreFailure(DomainError):
    """The store could not do its work for a reason outside the domain."""

    default_rule = PORTS
    problem = Text("The store failed.", "存储出错。")


class StoreBusy(StoreFailure):
    """Deadlock, serialization failure or lock time-out that lasted through all retries; the caller may try again."""

    retryable = True
    problem = Text("The store is busy; nothing was changed.", "存储繁忙；没有任何改动。")


class ConnectionLost(StoreFailure):
    """The database was not to be reached, or hung up before the commit, through all retries; try again later."""

    retryable = True
    problem = Text("The database cannot be reached; nothing was changed.", "无法连接数据库；没有任何改动。")


class OutcomeUnknown(StoreFailure):
    """The database hung up during the commit: whether the command happened is not known (KRN-12).

    ``retryable`` under an idempotency key: the same command under the same key happens once. Without one, whoever
    repeats it unseen may do it twice.
    """

    problem = Text(
        "The database hung up during the commit; whether the command happened is not known.",
        "数据库在提交过程中断开连接；命令是否已执行，无从得知。",
    )

    def __init__(self, rule: Rule | None = None, *, accepted: Text | None = None, **facts: object) -> None:
        self.retryable = facts.get("key") is not None
        super().__init__(rule, accepted=accepted or (_SAME_KEY if self.retryable else _LOOK_FIRST), **facts)


_SAME_KEY: Final = Text("the same command under the same key: it happens once", "以同一幂等键重复同一命令：只执行一次")
_LOOK_FIRST: Final = Text(
    "look first whether it happened; under a key it could be repeated", "先查看是否已执行；若带幂等键，则可直接重复"
)


class UnitWithinUnit(StoreFailure):
    """A unit of work was begun inside another of the same store: it would wait for its own locks, or see nothing."""

    problem = Text(
        "A unit of work was begun inside another one: use the one that is open, or desk.together.",
        "在一个工作单元之内又开始了另一个：请使用已打开的单元，或 desk.together。",
    )


class MissingBackend(DomainError):
    """An adapter that was asked for is not installed or not known."""

    problem = Text("This backend is not available.", "此后端不可用。")


class Fault(str):
    """One fault of a file: what is wrong ``@`` the key path. A text in English that knows its Chinese, ``zh``."""

    __slots__ = ("zh",)
    zh: str

    @classmethod
    def of(cls, said: Text | str, path: str = "") -> "Fault":
        """The fault of what is said at a path; a text that is said in one language is its own Chinese."""
        en, zh = (said.en, said.zh) if isinstance(said, Text) else (said, getattr(said, "zh", said))
        return cls.both(f"{en} @ {path}" if path else en, f"{zh} @ {path}" if path else zh)

    @classmethod
    def both(cls, en: str, zh: str) -> "Fault":
        """The fault that reads so in English and in Chinese."""
        fault = cls(en)
        fault.zh = zh
        return fault

    def written(self, change: Callable[[str], str]) -> "Fault":
        """The fault with the same change made to it in both languages."""
        return self.both(change(str(self)), change(self.zh))


class RulebookInvalid(InvalidValue):
    """A rulebook was refused; ``faults`` names each fault with its key path (KRN-01)."""

    default_rule = HOUSE_RULES

    def __init__(self, faults: tuple[str, ...], *, name: str = "") -> None:
        super().__init__(name=name, faults=faults)
        self.faults = faults

    def render(self, language: Language = "en") -> str:
        """The head, and each fault on a line of its own."""
        said = Text("The rulebook was refused.", "规则手册被拒绝。")(language)
        head = f"{self.rule.id}: {said} ({self.facts['name']})"
        faults = (getattr(fault, "zh", fault) if language == "zh" else fault for fault in self.faults)
        return "\n  ".join([head, *map(hide, faults)])


def typed_in(given: object) -> object:
    """What somebody typed where a name or number of the house's was wanted, as errors may show it: a plain id as it is,
    of any other text its length. Free text may name a person. [KRN-14]"""
    if isinstance(given, tuple | list):
        return type(given)(map(typed_in, given))
    if not isinstance(given, str) or not given or (_PLAIN_ID.fullmatch(given) and hide(given) == given):
        return given
    return f"text of length {len(given)}"


def require(ok: bool, rule: Rule, *, accepted: Text | None = None, **facts: object) -> None:
    """Refuse unless ``ok``. Raises :class:`RuleBroken` with the rule, the facts and what would be accepted."""
    if not ok:
        raise RuleBroken(rule, accepted=accepted, **facts)


def aware(at: datetime, name: str = "at") -> datetime:
    """``at`` if it carries a zone; raises :class:`NaiveTime` otherwise (KRN-03)."""
    if not isinstance(at, datetime) or at.utcoffset() is None:
        raise NaiveTime(
            field=name,
            given=type(at).__name__ if not isinstance(at, datetime) else at,
            accepted=Text("a datetime with a time zone", "带时区的时间"),
        )
    return at
