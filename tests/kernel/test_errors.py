"""Errors: one root, two languages, facts as data, and never personal data (CONTRIBUTING; KRN-03, KRN-14)."""

import importlib
import inspect
import json
import pickle
import pkgutil
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import csdomain
from csdomain.kernel.cases.delivery import DeliveryFailed, DeliveryUnknown, OptedOut, Postponed, Suppressed
from csdomain.kernel.rules import HOUSE_RULES, MOVES, PERSONAL_DATA, TIME, Rule, Text
from csdomain.kernel.rules.errors import (
    LABELS,
    Conflict,
    DomainError,
    InvalidValue,
    MoveRefused,
    NaiveTime,
    NotPermitted,
    RulebookInvalid,
    RuleBroken,
    aware,
    require,
    scrub,
    show,
)
from csdomain.kernel.store.ports import Refusal
from csdomain.kernel.store.storable import Unreadable
from csdomain.kernel.values.ids import IdKind
from csdomain.kernel.values.money import Money

CHINESE = ("\u4e00", "\u9fff")


def all_errors() -> list[type[DomainError]]:
    for module in pkgutil.walk_packages(csdomain.__path__, "csdomain."):
        if ".testing" not in module.name:
            importlib.import_module(module.name)
    found, look = [], [DomainError]
    while look:
        found.append(look.pop())
        look += found[-1].__subclasses__()
    return sorted(
        {kind for kind in found if kind.__module__.startswith("csdomain.")}, key=lambda kind: kind.__qualname__
    )


ERRORS = all_errors()


def has_faults(kind: type[DomainError]) -> bool:
    """Whether it is a report of many faults, made from their texts."""
    return "faults" in inspect.signature(kind).parameters


#: Errors that are made of what they say, and not of facts.
OWN_WAY: dict[type[DomainError], Callable[[str], DomainError]] = {
    DeliveryFailed: lambda why: DeliveryFailed(definite=True, why=why),
    DeliveryUnknown: lambda why: DeliveryUnknown(why=why),
    Suppressed: lambda why: Suppressed(why=why),
    OptedOut: lambda why: OptedOut(why=why),
    Postponed: lambda _: Postponed(until=datetime(2026, 1, 1, tzinfo=UTC)),
    Unreadable: lambda said: Unreadable(said, "cmp_1"),
}


def made(kind: type[DomainError], facts: dict[str, Any], accepted: Text | None = None) -> DomainError:
    """An error of any class with these facts."""
    if kind in OWN_WAY:
        return OWN_WAY[kind](show(facts))
    if has_faults(kind):
        faults = tuple(f"{value} is wrong @ $.{key}" for key, value in facts.items())
        return kind(faults, name="house")  # type: ignore[arg-type]
    return kind(accepted=accepted, **facts)


def everything_said(error: DomainError) -> str:
    return "\n".join(
        [str(error), error.render("en"), error.render("zh"), json.dumps(error.as_data(), ensure_ascii=False)]
    )


# --- personal data ----------------------------------------------------------------------------------------------------

digits = st.text("0123456789", min_size=8, max_size=8)
mobiles = st.builds(
    lambda head, tail: head + tail, st.sampled_from([f"1{n}{m}" for n in range(3, 10) for m in range(10)]), digits
)


def grouped(number: str, gap: str, prefix: str) -> str:
    return f"{prefix}{gap if prefix else ''}{number[:3]}{gap}{number[3:7]}{gap}{number[7:]}"


phones = st.builds(
    grouped,
    mobiles,
    st.sampled_from(["", " ", "-", "\u00a0", "\u3000", "\u2011", "  ", " - "[:2]]),
    st.sampled_from(["", "+86", "86", "0086", "(+86)"]),
)
landlines = st.builds(lambda gap, tail: f"010{gap}{tail}", st.sampled_from(["", "-", " ", ") "]), digits)
fullwidth = mobiles.map(lambda number: number.translate({ord("0") + n: 0xFF10 + n for n in range(10)}))
identities = st.builds(
    lambda area, born, tail, gap: gap.join([area, born, tail]),
    st.sampled_from(["110101", "310115", "440306", "65010X"[:5] + "2"]),
    st.dates(date(1930, 1, 1), date(2020, 1, 1)).map(lambda day: f"{day:%Y%m%d}"),
    st.text("0123456789", min_size=3, max_size=3).flatmap(lambda t: st.sampled_from([t + "X", t + "x", t + "7"])),
    st.sampled_from(["", "", " ", "-"]),
)
emails = st.builds(
    lambda name, host: f"{name}@{host}",
    st.from_regex(r"[a-z0-9]([a-z0-9._%+'!#-]{0,20}[a-z0-9])?", fullmatch=True),
    st.sampled_from(["example.com", "mail.example.com.cn", "qq.com", "例子.中国", "x-y.co"]),
)
before = st.sampled_from(["", "tel ", "电话", "tel:", "(", "x=", '"', "请拨打：", "see\n", "\t", "Tel."])
after = st.sampled_from(["", " ", ".", "。", ",", ")", '"', "\n", " ext", "!", "号", ". Thanks."])
secrets = phones | landlines | fullwidth | identities | emails
hidden = st.tuples(before, secrets, after)
shapes = st.sampled_from(
    [
        lambda text: text,
        lambda text: [text, "and more"],
        lambda text: (1, (text,)),
        lambda text: {"deep": {"down": text}},
        lambda text: {text: "as a key"},
        lambda text: {text},
        lambda text: ValueError(text),
        lambda text: f"{'很长' * 45}{text}",
        lambda text: text.encode() if text.isascii() else text,
    ]
)


def pieces(secret: str) -> list[str]:
    """What must not be read anywhere: the thing itself, and any half of it that would give it away."""
    half = max(6, len(secret) // 2)
    return [secret, secret[:half], secret[-half:]] if "@" not in secret else [secret, secret.partition("@")[0] + "@"]


@pytest.mark.rule(PERSONAL_DATA)
@given(st.sampled_from(ERRORS), hidden, shapes, st.sampled_from(["given", "field", "actor", "note"]))
@example(InvalidValue, ("", "13812345678", "."), shapes.elements[0], "given")  # type: ignore[attr-defined]
@example(InvalidValue, ("", "008613812345678", ""), shapes.elements[0], "given")  # type: ignore[attr-defined]
@example(InvalidValue, ("", "110101 19900307 775X", ""), shapes.elements[0], "given")  # type: ignore[attr-defined]
def test_personal_data_hidden_in_facts_is_never_said(
    kind: type[DomainError], told: tuple[str, str, str], shape: Any, name: str
) -> None:
    start, secret, end = told
    said = everything_said(made(kind, {name: shape(start + secret + end)}))
    for piece in pieces(secret):
        assert piece not in said


@pytest.mark.rule(PERSONAL_DATA)
@given(mobiles, st.sampled_from(["tel", "Tel", "m", "QQ", "手机", "_", "id_", "@", "#"]))
def test_a_mobile_number_right_after_a_word_is_masked_too(number: str, word: str) -> None:
    assert number[-8:] not in scrub(f"{word}{number} please")


KIND = IdKind[str]("cmp")
amounts = st.builds(Money, st.integers(-(2**63) + 1, 2**63 - 1), st.sampled_from(["CNY", "JPY", "KWD"]))
instants = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))]))
decimals = st.decimals(-(10**15), 10**15, places=3)
plain_facts = (
    st.builds(
        lambda at, bits: KIND.make(millis=at, randomness=bits), st.integers(0, 2**48 - 1), st.integers(0, 2**80 - 1)
    )
    | st.integers(0, 2**80 - 1).map(lambda n: "cmp_0" + f"{n:025d}"[-25:])
    | st.uuids().map(str)
    | amounts
    | amounts.map(lambda money: money.minor)
    | decimals
    | decimals.map(str)
    | st.dates()
    | instants
    | st.dates(date(1900, 1, 1), date(2099, 12, 31)).map(date.isoformat)
    | st.sampled_from(["after_sales@75b148085043", "KS202603-0007", "$.complaints.number", "09:00-12:00 13:00-18:00"])
)


@pytest.mark.rule(PERSONAL_DATA)
@given(st.lists(plain_facts, min_size=1, max_size=4))
@example([Money(13812345678, "JPY"), Decimal(13812345678), 13812345678, Fraction(13812345678, 7)])
@example(["550e8400-e29b-41d4-a716-446655440000", "cmp_01234567890123456789012345"])
def test_ids_amounts_and_dates_survive(facts: list[object]) -> None:
    named: dict[str, Any] = {f"fact{i}": fact for i, fact in enumerate(facts)}
    error = InvalidValue(HOUSE_RULES, **named)
    said = everything_said(error)
    for i, fact in enumerate(facts):
        text = fact.isoformat() if isinstance(fact, date) else str(fact)
        assert f"fact{i}={text}" in said
        assert error.as_data()["facts"][f"fact{i}"] == text  # type: ignore[index]


@pytest.mark.rule(PERSONAL_DATA)
@given(st.integers(0, 5000), hidden)
def test_long_texts_are_cut_and_a_cut_shows_no_half(length: int, told: tuple[str, str, str]) -> None:
    start, secret, end = told
    for text in ("很" * length + start + secret + end, (start + secret + end + " ") * (length // 12 + 1)):
        said = scrub(text)
        assert len(said) <= 201
        for piece in pieces(secret):
            assert piece not in said


@pytest.mark.rule(PERSONAL_DATA)
@pytest.mark.parametrize("text", ["a" * 10**6, "a@" * 10**6, "1 " * 10**6, "a." * 10**6 + "@", "@" + "a." * 10**6])
def test_a_huge_fact_costs_next_to_nothing(text: str) -> None:
    began = time.process_time()
    scrub(text)
    assert time.process_time() - began < 0.2


# --- what an error is -------------------------------------------------------------------------------------------------

json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | instants | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3) | st.frozensets(st.text())
    ),
    max_leaves=5,
)
names = st.from_regex(r"[a-z_]{1,12}", fullmatch=True).filter(lambda n: n not in ("rule", "accepted", "self"))
texts = st.builds(Text, st.text(min_size=1), st.text(min_size=1))


@pytest.mark.rule(HOUSE_RULES, TIME)
@given(st.sampled_from(ERRORS), st.dictionaries(names, json_like, max_size=3), texts | st.none())
def test_every_error_says_its_rule_in_both_languages_and_as_data(
    kind: type[DomainError], facts: dict[str, Any], accepted: Text | None
) -> None:
    error = made(kind, facts, accepted)
    data = error.as_data()
    assert json.loads(json.dumps(data)) == data
    assert set(data) == {"code", "rule", "facts", "accepted", "retryable", "message"}
    assert data["rule"] == error.rule.id
    assert data["message"] == {"en": str(error), "zh": error.render("zh")}
    assert str(error).startswith(f"{error.rule.id}: ")
    if not has_faults(kind):
        if accepted is not None and kind not in OWN_WAY:
            assert accepted.en in error.render("en")
            assert accepted.zh in error.render("zh")
        for name in error.facts:
            assert f"{name}=" in error.render("en")
            assert f"{LABELS.get(name, name)}=" in error.render("zh")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert type(again) is kind
    assert again.as_data() == data


@pytest.mark.rule(HOUSE_RULES)
@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_kind_of_error_speaks_chinese_and_has_a_code_of_its_own(kind: type[DomainError]) -> None:
    error = made(kind, {})
    assert any(CHINESE[0] <= c <= CHINESE[1] for c in error.render("zh"))
    assert not any(CHINESE[0] <= c <= CHINESE[1] for c in error.render("en"))
    assert error.code == error.code.lower()
    assert [other for other in ERRORS if made(other, {}).code == error.code] == [kind]
    assert issubclass(kind, DomainError)


@pytest.mark.rule(HOUSE_RULES)
def test_what_an_error_carries_beside_its_facts_survives_a_process_boundary() -> None:
    broken = RuleBroken(MOVES, at=1)
    broken.refusal = Refusal("complaint.close", "u", datetime(2026, 1, 1, tzinfo=UTC), "s", "CMP-25", "x", {})
    for error, names_ in (
        (RulebookInvalid(("a @ $.b",), name="house"), ["faults"]),
        (DeliveryFailed(definite=True, why="gone"), ["definite", "why"]),
        (broken, ["refusal", "rule"]),
        (Conflict(id="x"), ["facts"]),
    ):
        again = pickle.loads(pickle.dumps(error))  # noqa: S301
        assert [getattr(again, name) for name in names_] == [getattr(error, name) for name in names_]
        assert str(again) == str(error)


@pytest.mark.rule(HOUSE_RULES)
def test_facts_are_shown_as_people_read_them() -> None:
    class Colour(Enum):
        RED = "red"

    facts = {
        "state": Colour.RED,
        "amount": Money.of("1000.05", "CNY"),
        "at": datetime(2026, 3, 9, 8, tzinfo=UTC),
        "given": None,
        "line": frozenset({"b", "a"}),
        "kind": {"a": (1, True)},
        "quantity": timedelta(hours=1),
    }
    error = RuleBroken(MOVES, accepted=Text("something else", "别的"), **facts)
    assert str(error) == (
        "KRN-07: A case moves only as the table of its lifecycle says. (state=red, amount=1000.05 CNY, "
        "at=2026-03-09T08:00:00+00:00, given=None, line=a, b, kind={a: 1, True}, quantity=1:00:00) "
        "Accepted: something else"
    )
    assert error.render("zh") == (
        "KRN-07: 案件只能按其流程表流转。（状态=red, 金额=1000.05 CNY, 时间=2026-03-09T08:00:00+00:00, 所给=None, "
        "行=a, b, 种类={a: 1, True}, 数量=1:00:00） 可接受：别的"
    )


@pytest.mark.rule(MOVES)
def test_a_problem_names_its_facts_and_says_none_twice() -> None:
    error = MoveRefused(move="check", lifecycle="complaint", state="closed", line=7, accepted=Text("reopen", "重开"))
    assert str(error) == ("KRN-07: 'check' is not possible while the complaint is 'closed'. (line=7) Accepted: reopen")
    assert error.render("zh") == "KRN-07: complaint 处于“closed”时不能“check”。（行=7） 可接受：重开"


@pytest.mark.rule(PERSONAL_DATA)
def test_a_fact_in_a_problem_is_masked_like_any_other() -> None:
    said = str(NotPermitted(action="complaints.accept", actor="li@example.com"))
    assert "li@example" not in said
    assert "the permission 'complaints.accept' here" in said


@pytest.mark.rule(MOVES)
@given(st.sets(st.sampled_from(["move", "lifecycle", "state"]), max_size=2))
def test_a_problem_that_lacks_a_fact_gives_way_to_the_rule(named: set[str]) -> None:
    facts: dict[str, Any] = dict.fromkeys(named, "x")
    said = str(MoveRefused(**facts))
    assert said.startswith(f"KRN-07: {MOVES.text.en}")
    assert all(f"{name}=x" in said for name in named)


# --- require, aware ---------------------------------------------------------------------------------------------------


@pytest.mark.rule(MOVES)
@given(st.booleans(), texts | st.none(), st.dictionaries(names.filter(lambda n: n != "ok"), st.integers(), max_size=3))
def test_require_refuses_exactly_where_the_rule_does_not_hold(
    ok: bool, accepted: Text | None, facts: dict[str, Any]
) -> None:
    rule = Rule("CMP-11", "No.", zh="不。")
    if ok:
        require(ok, rule, accepted=accepted, **facts)
        return
    with pytest.raises(RuleBroken) as refused:
        require(ok, rule, accepted=accepted, **facts)
    assert (refused.value.rule, refused.value.accepted, refused.value.facts) == (rule, accepted, facts)
    assert not isinstance(refused.value, InvalidValue)


class NoZone(tzinfo):
    """A zone that does not know its offset."""

    def utcoffset(self, _: datetime | None) -> None:
        return None

    def dst(self, _: datetime | None) -> None:
        return None

    def tzname(self, _: datetime | None) -> None:
        return None


@pytest.mark.rule(TIME)
@given(instants)
def test_an_instant_with_a_zone_is_taken_as_it_is_and_one_without_is_refused(at: datetime) -> None:
    assert aware(at) is at
    for naive in (at.replace(tzinfo=None), at.replace(tzinfo=NoZone()), at.date(), at.time(), at.isoformat(), None, 0):
        with pytest.raises(NaiveTime) as refused:
            aware(naive, "since")  # type: ignore[arg-type]
        assert refused.value.facts["field"] == "since"


@pytest.mark.rule(HOUSE_RULES)
@pytest.mark.parametrize("id", ["", "CMP", "CMP-1", "cmp-11", "CMP-11a", "AB-11", "CMP-12345", "CMP-11\n"])
def test_a_rule_has_an_id_of_the_catalogue(id: str) -> None:
    with pytest.raises(ValueError, match="rule id"):
        Rule(id, "One sentence.", zh="一句话。")
