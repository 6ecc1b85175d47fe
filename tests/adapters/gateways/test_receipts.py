"""Receipts: proven to come from the gateway, and whatever their order the message ends where it truly is (MSG-09)."""

import base64
import hmac
import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from hashlib import sha1
from itertools import permutations
from typing import Any, Final
from urllib.parse import urlencode

import attrs
import pytest

from adapters.gateways.fakes import TOKEN, Answer, Fake, FakeAliyun, FakeTwilio, serving
from adapters.gateways.test_sms import CALLBACK, WHICH, made
from csdomain.desk import Desk
from csdomain.frame.fields import InvalidSetting
from csdomain.kernel.cases.delivery import MessageState, own_ref
from csdomain.kernel.cases.effects import Fact, Message
from csdomain.kernel.cases.events import TimerReminded
from csdomain.kernel.cases.timers import SYSTEM
from csdomain.kernel.rules.errors import NotFound
from csdomain.kernel.store.ports import Queued, Unit
from csdomain.messaging.rules import GATEWAYS, OUTBOX
from csdomain.messaging.values import DeliveryReceipt, InboundRequest, NotGenuine
from csdomain.testing import MemoryDirectory, MovableClock, agent, memory_desk, recipient
from csdomain_adapters.gateways.inbound import Hook
from csdomain_adapters.gateways.templates import ApprovedTemplate

pytestmark = pytest.mark.rule(GATEWAYS, OUTBOX)

HOOK = Hook("0123456789abcdefXYZ", ("203.0.113.0/24",))
KEY: Final = "cmp_1/accepted/1"
REF: Final = own_ref(KEY)
WHERE = "http://127.0.0.1:1"
S = MessageState


def signed(url: str, form: dict[str, str], token: str = TOKEN) -> InboundRequest:
    said = url + "".join(f"{name}{value}" for name, value in sorted(form.items()))
    mac = base64.b64encode(hmac.new(token.encode(), said.encode(), sha1).digest()).decode()
    return InboundRequest(url=url, headers={"X-Twilio-Signature": mac}, body=urlencode(form).encode())


def posted(name: str, id: str, ref: str, delivered: bool, **changes: Any) -> InboundRequest:
    """A receipt as a vendor posts it."""
    if name == "twilio":
        form = {"MessageSid": id, "MessageStatus": "delivered" if delivered else "failed", "To": "+8613800138000"}
        return signed(f"{CALLBACK}?{urlencode({'ref': ref})}", form)
    at = "2026-03-04 10:00:05"
    aliyun = {"biz_id": id, "out_id": ref, "success": delivered, "report_time": at, "phone_number": "13800138000"}
    state = "SUCCESS" if delivered else "FAIL"
    tencent = {"sid": id, "ext": ref, "report_status": state, "user_receive_time": at, "mobile": "13800138000"}
    body = json.dumps([aliyun if name == "aliyun" else tencent]).encode()
    return InboundRequest(
        **{"url": f"https://host.example/{HOOK.token}", "body": body, "sender": "203.0.113.9", **changes}
    )


def gateway(name: str, url: str = WHERE, clock: MovableClock | None = None) -> Any:
    more = {} if name == "twilio" else {"hook": HOOK}
    return made(name, url, clock or MovableClock(), **more)


@pytest.mark.parametrize("name", ["aliyun", "tencent", "twilio"])
@pytest.mark.parametrize("delivered", [True, False])
def test_a_genuine_receipt_is_read(name: str, delivered: bool) -> None:
    (found,) = gateway(name).receipts(posted(name, "id-1", REF, delivered))
    state = S.DELIVERED if delivered else S.UNDELIVERED
    assert (found.ref, found.own, found.state) == (f"{name}:id-1", REF, state)
    if name != "twilio":
        assert found.at.isoformat() == "2026-03-04T02:00:05+00:00", "they tell the time of China"


@pytest.mark.parametrize("name", ["aliyun", "tencent"])
@pytest.mark.parametrize(
    "changes",
    [
        {"url": "https://host.example/another0123456789"},
        {"url": "https://host.example/"},
        {"url": f"https://host.example/?{HOOK.token}"},
        {"sender": "198.51.100.1"},
        {"sender": ""},
        {"sender": "nobody"},
        {"body": b"not JSON"},
        {"body": b"{}"},
        {"body": b"[1]"},
        {"body": b"[{}]"},
        {"body": b'[{"biz_id": "1", "sid": "1", "report_time": "when", "user_receive_time": "9999"}]'},
        {"body": b"[" * 100_000},
        {"body": b" " * (1 << 20) + b"[]"},
        {"body": b"\xff"},
    ],
    ids=lambda changes: str(changes)[:40],
)
def test_a_forged_or_broken_receipt_is_refused(name: str, changes: dict[str, Any]) -> None:
    with pytest.raises(NotGenuine) as caught:
        gateway(name).receipts(posted(name, "id-1", REF, True, **changes))
    assert HOOK.token not in str(caught.value)
    assert name in str(caught.value)


def test_a_receipt_that_twilio_did_not_sign_is_refused() -> None:
    right = posted("twilio", "SM1", REF, True)
    for forged in (
        attrs.evolve(right, headers={}),
        attrs.evolve(right, headers={"X-Twilio-Signature": "é"}),
        attrs.evolve(right, body=right.body.replace(b"delivered", b"failed")),
        attrs.evolve(right, body=right.body + b"&a=b"),
        attrs.evolve(right, url=right.url.replace(REF, own_ref("another"))),
        attrs.evolve(right, body=b"\xff"),
        attrs.evolve(right, body=b"&".join(b"a=b" for _ in range(300))),
        signed(right.url, {"MessageSid": "SM1", "MessageStatus": "delivered"}, token="of somebody"),  # noqa: S106
    ):
        with pytest.raises(NotGenuine):
            gateway("twilio").receipts(forged)


def test_states_on_the_way_are_no_receipts() -> None:
    for state in ("queued", "sending", "accepted", "new word"):
        request = signed(f"{CALLBACK}?ref={REF}", {"MessageSid": "SM1", "MessageStatus": state})
        assert gateway("twilio").receipts(request) == []


def test_a_vendor_that_does_not_sign_needs_a_hook() -> None:
    with pytest.raises(NotGenuine):
        made("aliyun", WHERE, MovableClock()).receipts(posted("aliyun", "1", REF, True))
    for wrong in ("short", "with blanks in it!!", "with/slash/in/it/at/all"):
        with pytest.raises(InvalidSetting) as caught:
            Hook(wrong)
        assert wrong not in str(caught.value)
    with pytest.raises(InvalidSetting):
        Hook(HOOK.token, ("everywhere",))
    assert HOOK.token not in repr(HOOK)


# --- with a desk ------------------------------------------------------------------------------------------------------


@pytest.fixture
def desk() -> Iterator[Desk]:
    with memory_desk() as desk:
        yield desk


def queue(desk: Desk) -> None:
    def work(unit: Unit) -> None:
        at = desk.clock.now()
        facts: dict[str, Fact] = {"number": "KS202603-0001"}
        event = TimerReminded(subject="cmp_1", by=SYSTEM, at=at, timer="a", found_at=at)
        unit.record([event], [Message(KEY, "complaint.accepted", "customer-1", facts, by="service_manager")])

    desk.store.run(work)


def stands(desk: Desk) -> Queued:
    found = desk.store.look(lambda unit: unit.session.message(KEY))
    assert found is not None
    return found


def notifier(desk: Desk, name: str, url: str) -> Any:
    clock = desk.clock
    assert isinstance(clock, MovableClock)
    names = ("name", "title", "number")
    more = {} if name == "twilio" else {"templates": {WHICH: ApprovedTemplate("SMS_1", names)}, "hook": HOOK}
    return desk.messages.notifier(made(name, url, clock, **more), MemoryDirectory({"customer-1": recipient()}))


def confirm(desk: Desk, receipts: Sequence[DeliveryReceipt]) -> None:
    by = agent(desk, "boss", position="service_manager")
    for receipt in receipts:
        desk.messages.confirm(receipt, by=by)


@pytest.mark.parametrize("name", ["aliyun", "twilio"])
def test_a_receipt_that_comes_before_the_answer_is_the_answer(desk: Desk, name: str) -> None:
    fake: Fake = {"aliyun": FakeAliyun, "twilio": FakeTwilio}[name](MovableClock())
    with serving(fake) as url:
        queue(desk)
        fake.behaves = ["close"]
        assert desk.relay(notifier(desk, name, url)).unknown == 1
        id, _, arrival = fake.made[0]
        assert (stands(desk).state, stands(desk).ref) == (S.UNKNOWN, arrival.ref)
        confirm(desk, gateway(name).receipts(posted(name, id, arrival.ref, True)))
        assert (stands(desk).state, stands(desk).ref) == (S.DELIVERED, f"{name}:{id}")
        assert isinstance(desk.clock, MovableClock)
        desk.clock.advance(timedelta(hours=5))
        assert desk.relay(notifier(desk, name, url)).sent == 0
    assert len(fake.arrivals) == 1


def test_receipts_in_any_order_and_twice_come_to_the_same(desk: Desk) -> None:
    by = agent(desk, "boss", position="service_manager")
    states = ("sent", "delivered", "delivered", "undelivered")
    for order in sorted({*permutations(states)}):
        with memory_desk() as one:
            fake = FakeTwilio(MovableClock())
            with serving(fake) as url:
                queue(one)
                one.relay(notifier(one, "twilio", url))
            for state in order:
                form = {"MessageSid": fake.made[0][0], "MessageStatus": state}
                (receipt,) = gateway("twilio").receipts(signed(f"{CALLBACK}?ref={REF}", form))
                one.messages.confirm(receipt, by=by)
            assert stands(one).state is S.DELIVERED


def test_a_receipt_whose_references_are_not_of_one_message_is_refused(desk: Desk) -> None:
    fake = FakeAliyun(MovableClock())
    with serving(fake) as url:
        queue(desk)
        desk.relay(notifier(desk, "aliyun", url))
    id = fake.made[0][0]
    before = stands(desk)
    for given_id, own in ((id, own_ref("another")), ("guessed", own_ref("another")), ("guessed", REF)):
        (receipt,) = gateway("aliyun").receipts(posted("aliyun", given_id, own, False))
        with pytest.raises(NotFound):
            confirm(desk, [receipt])
    assert stands(desk) == before
    confirm(desk, gateway("tencent").receipts(posted("tencent", "x", "", True))[:0])


def test_one_vendor_does_not_speak_for_another(desk: Desk) -> None:
    fake = FakeAliyun(MovableClock())
    with serving(fake) as url:
        queue(desk)
        desk.relay(notifier(desk, "aliyun", url))
    with pytest.raises(NotFound):
        confirm(desk, gateway("tencent").receipts(posted("tencent", fake.made[0][0], "", False)))
    assert stands(desk).state is S.SENT


def test_what_was_sent_again_by_hand_is_not_what_was_sent_first(desk: Desk) -> None:
    fake = FakeAliyun(MovableClock())
    by = agent(desk, "boss", position="service_manager")
    with serving(fake) as url:
        queue(desk)
        desk.relay(notifier(desk, "aliyun", url))
        first = fake.made[0]
        confirm(desk, gateway("aliyun").receipts(posted("aliyun", first[0], first[2].ref, False)))
        assert stands(desk).state is S.UNDELIVERED
        desk.messages.resend(KEY, by=by, at=desk.clock.now())
        fake.behaves = [Answer(500, {})]
        assert desk.relay(notifier(desk, "aliyun", url)).unknown == 1
        with pytest.raises(NotFound):
            confirm(desk, gateway("aliyun").receipts(posted("aliyun", first[0], first[2].ref, True)))
        assert isinstance(desk.clock, MovableClock)
        desk.clock.advance(timedelta(minutes=61))
        for _ in range(2):
            desk.relay(notifier(desk, "aliyun", url))
    assert stands(desk).state is S.SENT
    assert len({one.ref for one in fake.arrivals}) == len(fake.arrivals) == 2
