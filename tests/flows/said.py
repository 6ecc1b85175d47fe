"""Complaints in whose every text stands a mark, so that a text that is kept somewhere can be found there (KRN-14).

What a command takes is found by walking its signature and the values in it: a text that is new is marked by itself, or
the test that compares :func:`slots` with what was said fails.
"""

import inspect
import typing
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any, Final, TypeVar, get_args, get_origin

import attrs
import pytest

from csdomain.complaints.commands.taking_over import PastCase
from csdomain.complaints.lifecycle import ImprovementMove, State
from csdomain.complaints.service import Complaints
from csdomain.complaints.values import (
    Channel,
    Classification,
    ComplaintForm,
    Finding,
    Goods,
    Judgement,
    Liable,
    ProposedPenalty,
    Remedy,
    Share,
)
from csdomain.contexts import sections
from csdomain.desk import Desk, shipped
from csdomain.kernel.rules.errors import DomainError, RuleBroken
from csdomain.kernel.store.ports import DeliveryFailed, Queued, Receipt
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.money import Money
from csdomain.kernel.values.personal import Erasure
from csdomain.rulebook import Rulebook, loads
from csdomain.testing import HANDLING, QUALITY, MovableClock, staff

T = TypeVar("T")
CUSTOMER: Final = "customer-7"
MARK: Final = "qz{:05}zq"
#: What a command takes that is no text of a person's: ids and numbers of the house's own, codes that it lists.
IDS: Final = frozenset(
    {
        *("ComplaintForm.customer", "ComplaintForm.order_number", "ComplaintForm.product", "ComplaintForm.batch"),
        *("ComplaintForm.extra.keys", "Classification.name", "Classification.cause"),
        *("Finding.persons", "Judgement.unit", "Judgement.persons", "Judgement.loss.keys", "Share.unit"),
        *("ProposedPenalty.on", "ProposedPenalty.discipline", "Goods.product", "Goods.batch"),
        *(
            "PastCase.number",
            "PastCase.owner",
            "assign.to",
            "involve.departments",
            "contribute.department",
            "contribute.word_of",
            "prioritise.priority",
            "promise.within",
        ),
        *("remark.department", "review.unit", "hold.code"),
        *(f"{name}_slip.slip" for name in ("sign", "cancel")),
        *("take_in.slip", "resolve.slip", "reconcile.slip"),
        *(f"{name}_certificate.certificate" for name in ("sign", "countersign", "book", "void")),
    }
)
_NOT_SAID: Final = {"self", "id", "by", "at", "key", "expected", "call"}

BOOK: Final = """
name = "asking"
extends = "after_sales"
[complaints]
extra = { note = "text" }
stands_still = ["CMP-04"]
priorities = ["urgent"]
"""
LEVELS: Final = """
name = "asking_by_level"
extends = "medical_centre"
[complaints]
extra = { note = "text" }
"""


def book(text: str) -> Rulebook:
    """A rulebook from its text."""
    return loads(text, sections(), shipped)


# --- what can be said -------------------------------------------------------------------------------------------------


def commands() -> dict[str, Any]:
    """The commands of complaints: what answers with a receipt, or with what came of it."""
    found = inspect.getmembers(Complaints, inspect.isfunction)
    hints = {name: typing.get_type_hints(f) for name, f in found if not name.startswith("_")}
    plumbing = {"act", "change", "do", "on_paper", "open"}  # what commands are made of
    return {
        name: hint for name, hint in hints.items() if hint.get("return") in (Receipt, Erasure) and name not in plumbing
    }


def questions() -> set[str]:
    """The names of what can be asked: public, and no command, nor anything that commands are made of."""
    frame = {"act", "change", "check_rebase", "do", "effects", "on_paper", "open", "rules_of", "run", "salt"}
    found = {name for name, _ in inspect.getmembers(Complaints, inspect.isfunction) if not name.startswith("_")}
    return found - frame - {"standing", "veiled"} - set(commands())


def slots() -> set[str]:
    """Every text that any command takes, by where it is given: ``report.text``, ``Remedy.text``."""
    return {
        slot
        for name, hints in commands().items()
        for parameter, kind in hints.items()
        if parameter not in _NOT_SAID and parameter != "return"
        for slot in _slots(kind, f"{name}.{parameter}")
    }


def _slots(kind: Any, name: str) -> Iterator[str]:
    origin = get_origin(kind)
    if kind is str:
        yield name
    elif isinstance(kind, type) and attrs.has(kind) and kind is not Money:
        hints = typing.get_type_hints(kind)
        for field in attrs.fields(kind):
            yield from _slots(hints[field.name], f"{kind.__name__}.{field.name}")
    elif origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        key, value = get_args(kind)
        yield from _slots(key, f"{name}.keys")
        yield from _slots(value, name)
    elif get_args(kind):
        for part in get_args(kind):
            yield from _slots(part, name)
    elif isinstance(kind, typing.NewType):
        yield from _slots(kind.__supertype__, name)
    else:
        plain = (Enum, int, date, Money, type(None), type(Ellipsis))
        assert kind is ... or (isinstance(kind, type) and issubclass(kind, plain)), (name, kind)


# --- saying it --------------------------------------------------------------------------------------------------------


@attrs.define
class Talk:
    """A desk, its staff, and the marks of what they say, by where they said it."""

    desk: Desk
    clock: MovableClock
    who: Mapping[str, Actor] = attrs.field(init=False)
    said: dict[str, list[str]] = attrs.field(factory=dict)
    ids: list[str] = attrs.field(factory=list)
    calls: int = 0

    def __attrs_post_init__(self) -> None:
        self.who = staff(self.desk)

    @property
    def marks(self) -> list[str]:
        """All marks."""
        return [mark for marks in self.said.values() for mark in marks]

    def word(self, slot: str) -> str:
        """A text with a mark of its own."""
        # Far apart, so that no letter repeats most of an internal text (CMP-13).
        mark = MARK.format(sum(map(len, self.said.values())) * 7919 % 10007)
        self.said.setdefault(slot, []).append(mark)
        return f"王 {mark}"

    def value(self, kind: type[T], **given: Any) -> T:
        """A value of ``kind``: what is not given and may hold a text holds a mark."""
        hints = typing.get_type_hints(kind)
        texts = dict(given)
        for field in attrs.fields(kind):  # type: ignore[arg-type]  # an attrs class
            slot = f"{kind.__name__}.{field.name}"
            if field.name in given or slot in IDS or slot not in set(_slots(hints[field.name], slot)):
                continue
            text = self.word(slot)
            origin = get_origin(hints[field.name])
            if origin is tuple:
                texts[field.name] = (text,)
            else:
                texts[field.name] = {"note": text} if field.name == "extra" else text
        return kind(**texts)

    def at(self) -> datetime:
        """Five minutes later."""
        return self.clock.advance(timedelta(minutes=5))

    def do(self, name: str, *args: Any, by: str, **options: Any) -> Any:
        """A command under a key of its own; texts that it takes and that are not given are said."""
        self.calls += 1
        command = getattr(self.desk.complaints, name)
        given = inspect.signature(command).bind_partial(*args, **options).arguments
        for parameter, kind in commands()[name].items():
            if kind is str and parameter not in _NOT_SAID | given.keys() | {"return"}:
                options[parameter] = self.word(f"{name}.{parameter}")
        return command(*args, by=self.who[by], at=self.at(), key=f"key-{self.calls}", **options)

    def refused(self, name: str, *args: Any, by: str, **options: Any) -> None:
        """A command that some rule refuses."""
        with pytest.raises(DomainError) as refused:
            self.do(name, *args, by=by, **options)
        assert isinstance(refused.value, RuleBroken)

    def form(self, **more: Any) -> ComplaintForm:
        """A form with a mark in each of its texts."""
        goods = {"product": "bearing", "batch": "b1", "quantity": 100, "defective": 5}
        return self.value(ComplaintForm, **{"customer": CUSTOMER, **goods, **more})

    def opened(self, receipt: Receipt) -> str:
        """The id of a case that came in."""
        self.ids.append(receipt.id)
        return receipt.id

    def send(self, message: Queued) -> None:
        """A gateway that names the recipient in its refusal."""
        raise DeliveryFailed(definite=False, why=self.word("gateway"))


def cny(amount: int) -> Money:
    """Yuan."""
    return Money.of(amount, "CNY")


def everything_by_amount(talk: Talk) -> None:
    """Every command of document A's path, on four cases, with refusals on the way, and a gateway that fails."""
    whole_case(talk)
    dismissed_case(talk)
    do = talk.do
    id = talk.opened(do("receive", talk.form(), by="service_agent"))
    do("withdraw", id, by="sales")
    past = talk.value(
        PastCase,
        number="OLD-1",
        form=talk.form(),
        state=State.CLOSED,
        classification=HANDLING,
        **dict.fromkeys(("received_at", "accepted_at", "closed_at"), talk.clock.now()),
    )
    talk.opened(do("take_over", past, by="service_manager"))
    talk.desk.relay(talk)


def whole_case(talk: Talk) -> None:
    """Two forms of one case: every department, a return, a certificate, penalties, an improvement, a remark."""
    do, refused = talk.do, talk.refused
    id = talk.opened(do("receive", talk.form(claimed=cny(3200)), by="sales"))
    do("check", id, by="sales")
    do("accept", id, QUALITY, by="service_agent")
    do("mark", id, by="service_agent")
    do("assign", id, "service_agent", by="service_manager")
    do("promise", id, talk.clock.now() + timedelta(days=1), within="", by="sales")
    do("remark", id, department="sales", by="sales")
    do("note", id, attachments=(talk.word("note.attachments"),), by="sales")
    do("prioritise", id, "urgent", by="service_manager")
    do("wait_for_customer", id, by="service_agent")
    do("resume", id, by="service_agent")
    do("involve", id, ["production"], talk.clock.now() + timedelta(days=2), by="service_agent")
    do("investigate", id, by="service_agent")
    refused("contribute", id, talk.word("refused.contribute"), word_of="foreman", by="service_agent")
    do("contribute", id, "production", word_of="foreman", by="service_agent")
    persons = ("worker-7",)
    do("inspect", id, talk.value(Finding, confirmed=True, persons=persons), by="rnd")
    do("conclude", id, by="service_agent")
    do("report", id, by="service_agent")
    do("rule", id, by="deputy_general_manager")
    judgement = talk.value(
        Judgement,
        liable=Liable.US,
        unit="production",
        persons=persons,
        company="",
        tracked=True,
        loss={"goods": cny(3000)},
        shares=(Share("production", 2), Share("sales", 1)),
        penalties=(ProposedPenalty("worker-7", "warning"), ProposedPenalty("production"), ProposedPenalty("sales")),
    )
    do("judge", id, judgement, by="service_agent")
    remedy = {"granted": cny(3200), "compensation": cny(500), "returns": (Goods("bearing", "b1", 5),)}
    do("submit", id, talk.value(Remedy, **remedy), by="service_agent")
    refused("approve", id, by="sales_manager")
    do("recommend", id, by="sales_manager")
    do("return_back", id, by="deputy_general_manager")
    do("submit", id, talk.value(Remedy, **remedy), by="service_agent")
    do("reject", id, by="deputy_general_manager")
    do("submit", id, talk.value(Remedy, **remedy), by="service_agent")
    do("approve", id, by="deputy_general_manager")
    do("revise", id, talk.value(Remedy, **remedy), by="service_agent")
    do("approve", id, by="deputy_general_manager")
    slip = do("draw_slip", id, by="sales").number
    do("cancel_slip", id, slip, by="sales")
    slip = do("draw_slip", id, by="sales").number
    do("sign_slip", id, slip, by="deputy_for_sales")
    refused("take_in", id, talk.word("refused.take_in"), [Goods("bearing", "b1", 4)], by="warehouse_keeper")
    do("take_in", id, slip, [Goods("bearing", "b1", 4)], by="warehouse_keeper")
    do("reconcile", id, slip, by="finance")
    do("resolve", id, slip, 4, by="deputy_for_sales")
    do("reconcile", id, slip, by="finance")
    do("void_certificate", id, do("draw_certificate", id, cny(500), by="sales").number, by="sales")
    paper = do("draw_certificate", id, cny(500), by="sales").number
    do("sign_certificate", id, paper, by="deputy_for_sales")
    do("countersign_certificate", id, paper, by="sales")
    do("book_certificate", id, paper, by="finance")
    refused("answer", id, Channel.PHONE, by="sales")  # it is grave
    do("clear", id, by="service_manager")
    do("answer", id, Channel.LETTER, by="sales")
    do("decline", id, by="sales")
    refused("renew", id, talk.form(customer=talk.word("refused.renew")), by="service_agent")
    do("renew", id, talk.form(claimed=cny(2000)), by="service_agent")
    do("investigate", id, by="service_agent")
    do("conclude", id, by="service_agent")
    do("report", id, by="service_agent")
    do("rule", id, by="deputy_general_manager")
    for judge in ("judge", "correct_judgement"):
        do(judge, id, talk.value(Judgement, liable=Liable.OTHER_COMPANY, tracked=False), by="service_agent")
    do("submit", id, talk.value(Remedy, granted=cny(2000), compensation=cny(500), returns=()), by="service_agent")
    do("approve", id, by="general_manager")
    do("answer", id, Channel.LETTER, by="sales")
    do("close", id, by="service_agent")
    refused("review", id, talk.word("refused.review"), by="gm_office")
    do("review", id, "production", by="gm_office")
    do("answer_remark", id, 1, by="sales")
    for penalty in (1, 2):
        do("approve_penalty", id, penalty, by="deputy_general_manager")
    do("drop_penalty", id, 3, by="deputy_general_manager")
    do("notice_penalty", id, 2, by="general_manager")
    do("carry_out_penalty", id, 2, by="hr")
    do("publish_penalty", id, 1, by="hr")
    do("improve", id, 1, ImprovementMove.CARRY_OUT, by="rnd")
    state = do("improve", id, 1, ImprovementMove.VERIFY, by="rnd").state
    assert state == State.SETTLED.value


def dismissed_case(talk: Talk) -> None:
    """Not established, objected to, looked into anew, not established again, sustained, closed."""
    do = talk.do
    id = talk.opened(do("receive", talk.form(), by="sales"))
    do("check", id, by="sales")
    do("accept", id, QUALITY, by="service_agent")
    for kind in (HANDLING, QUALITY):
        do("reclassify", id, kind, by="service_agent")
    for rule in ("reopen", "sustain"):
        if rule == "reopen":
            do("investigate", id, by="service_agent")
        do("inspect", id, talk.value(Finding, confirmed=False, persons=()), by="rnd")
        do("conclude", id, by="service_agent")
        do("report", id, by="service_agent")
        do("return_report", id, by="deputy_general_manager")
        do("conclude", id, by="service_agent")
        do("report", id, by="service_agent")
        do("rule", id, by="deputy_general_manager")
        do("dismiss", id, by="general_manager")
        do("answer", id, Channel.LETTER, by="sales")
        do("object", id, by="sales")
        do(rule, id, by="deputy_general_manager")
    do("close", id, by="service_agent")


def everything_by_level(talk: Talk) -> None:
    """The commands that only document B's path has."""
    do = talk.do
    id = talk.opened(do("receive", talk.form(), by="customer_service"))
    do("handle", id, Classification("service", "attitude"), by="customer_service")
    do("escalate", id, by="customer_service")
    do("propose", id, talk.value(Remedy, granted=cny(1), compensation=None, returns=()), by="supervisor")
    do("decline", id, by="customer_service")
    do("propose", id, talk.value(Remedy, granted=cny(2), compensation=None, returns=()), by="supervisor")
    do("satisfy", id, by="customer_service")
    do("close", id, by="supervisor")


# --- finding it -------------------------------------------------------------------------------------------------------


def texts(value: Any) -> Iterator[str]:
    """Every text in a value, however deep, keys included; no repr, which would mask."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes | bytearray | memoryview):
        yield bytes(value).decode("utf-8", "replace")
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from texts(key)
            yield from texts(part)
    elif isinstance(value, list | tuple | set | frozenset):
        for part in value:
            yield from texts(part)
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            yield from texts(getattr(value, field.name))


def found(marks: list[str], value: Any) -> list[str]:
    """Which of ``marks`` stand somewhere in ``value``."""
    whole = "\n".join(texts(value))
    return [mark for mark in marks if mark in whole]
