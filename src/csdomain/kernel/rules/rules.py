"""Rules as values, and the kernel's own.

A rule of the catalogue is one constant: an id that never changes, one sentence in English and in Chinese, and the
passage it comes from. Errors carry the constant, tests cite it, the reference page is generated from it.
"""

import re
from typing import Final, Literal

import attrs

Language = Literal["en", "zh"]

_ID: Final = re.compile(r"[A-Z]{3,8}-[0-9]{2,4}")


@attrs.frozen
class Text:
    """One text for people in English and in Chinese."""

    en: str
    zh: str

    def __call__(self, language: Language = "en") -> str:
        return self.zh if language == "zh" else self.en


def _rule_id(_: object, attribute: "attrs.Attribute[str]", value: str) -> None:
    if not _ID.fullmatch(value):
        raise ValueError(f"a rule id looks like KRN-01, not {value!r}")


@attrs.frozen
class Rule:
    """A rule of the catalogue.

    ``id`` is its name for ever (``CMP-11``), ``sentence`` says it in English, ``zh`` in Chinese, ``source`` names the
    passage it comes from (``A §27``; ``new`` where the documents leave it open).
    """

    id: str = attrs.field(validator=_rule_id)
    sentence: str
    zh: str
    source: str = "new"

    @property
    def text(self) -> Text:
        """The sentence in both languages."""
        return Text(self.sentence, self.zh)


HOUSE_RULES = Rule(
    "KRN-01",
    "House rules are data: a rulebook is loaded whole, or refused with every fault named.",
    zh="内部规定是数据：规则手册要么整体载入，要么逐条指出错误并拒绝。",
)
MONEY = Rule(
    "KRN-02",
    "Money is exact and in one currency; shares of an amount always add up to the amount.",
    zh="金额精确且只有一种货币；各份之和永远等于总额。",
)
TIME = Rule(
    "KRN-03",
    "Time is given, carries its zone, and is stored in UTC.",
    zh="时间由外部给出，必须带时区，并以 UTC 存储。",
)
CALENDAR = Rule(
    "KRN-04",
    "A working calendar is weekly hours, holidays, make-up working days and closures in one time zone.",
    zh="工作日历由每周时段、法定假日、调休上班日和临时关闭组成，并有时区。",
    source="C 9.1, 9.2",
)
BUSINESS_TIME = Rule(
    "KRN-05",
    "Working time is counted only while the calendar is open.",
    zh="工作时间只在日历开放时段内计算。",
)
TIMERS = Rule(
    "KRN-06",
    "A timer is met or breached once and for ever; pausing moves its deadline by the working time paused.",
    zh="计时器只会一次性地达成或逾期；暂停会按暂停的工作时间顺延期限。",
)
MOVES = Rule(
    "KRN-07",
    "A case moves only as the table of its lifecycle says.",
    zh="案件只能按其流程表流转。",
)
APPROVALS = Rule(
    "KRN-08",
    "An amount is decided by the authority whose limit covers the whole case, never by who asked for it.",
    zh="金额须由限额足以涵盖整个案件的权限者核决，申请人不得自行核决。",
    source="A §27",
)
FORMS = Rule(
    "KRN-09",
    "A form has a number, copies with holders, and signatures; what is signed never changes, a correction refers back.",
    zh="表单有编号、各联持有人和签核；签核后不得更改，更正须另立新单并引用原单。",
)
NUMBERING = Rule(
    "KRN-10",
    "Numbers follow their pattern, in order of issue, without gap or duplicate.",
    zh="编号按格式依次发出，不重号，不跳号。",
    source="A §21",
)
AUDITED = Rule(
    "KRN-11",
    "Every change is on the trail, in the transaction that makes it: who, when, what, from, to, why.",
    zh="每次变更都在同一事务中留痕：谁、何时、何事、从何到何、为何。",
)
ONE_WRITER = Rule(
    "KRN-12",
    "Of two writers of one case the second gets a conflict, and a key acts once.",
    zh="同一案件的两个写入者，后者得到冲突提示；同一幂等键只生效一次。",
)
PERMITTED = Rule(
    "KRN-13",
    "Only a role that has the permission, in its scope, may act.",
    zh="只有在权限范围内的角色才能操作。",
    source="B 各級人員管理權限",
)
PERSONAL_DATA = Rule(
    "KRN-14",
    "Personal data is marked, masked wherever it is shown without permission, and can be exported whole and erased.",
    zh="个人数据须标记；无权限时一律遮盖显示；可以完整导出，也可以抹除。",
    source="C 8.2",
)
PORTS = Rule(
    "KRN-15",
    "The core reaches the outside only through ports, each with a contract that an adapter must pass.",
    zh="核心只通过端口与外界往来，适配器必须通过端口的契约测试。",
)
