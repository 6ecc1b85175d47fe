"""SMS by SMPP over real sockets: what a message centre is sent, what its answers mean, what it reports (MSG-12)."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smpplib.smpp import make_pdu, parse_pdu

from adapters.gateways.smsc import KEYS, REFS, Centre, Submit, decoded, pdu, receipt, serving
from adapters.gateways.test_sms import means, nobody
from csdomain.frame.fields import InvalidSetting
from csdomain.kernel.cases.delivery import DeliveryUnknown, MessageState, Postponed
from csdomain.kernel.rules import PORTS
from csdomain.kernel.rules.errors import NotFound
from csdomain.messaging.policies import segments
from csdomain.messaging.rules import GATEWAYS, OUTBOX
from csdomain.messaging.values import DeliveryReceipt
from csdomain.testing import Arrival, GatewayContract, GatewayDeathsContract, MovableClock
from csdomain.testing.messages import TEXT
from csdomain_adapters.gateways.answers import Fate
from csdomain_adapters.gateways.settings import GatewaysInvalid, load
from csdomain_adapters.gateways.smpp import _NAMES, CODES, Ids, Long, Security, Smpp

pytestmark = pytest.mark.rule(GATEWAYS)
STATUSES = {name: status for status, name in _NAMES.items()}
#: GSM characters of one and two septets, what is in no alphabet of it, and what is two units of UTF-16.
TEXTS = st.text(st.sampled_from("aé§@\n€[{中😎"), min_size=1, max_size=400)
LONG = "a" * 152 + "€" * 40
OPENED: list[Smpp] = []
PRIVATE = ("+8613800138000", "s3cret", "王小明")


def made(port: int, clock: MovableClock | None = None, **changes: Any) -> Smpp:
    given: dict[str, Any] = {"host": "127.0.0.1", "port": port, "security": Security.NONE, "system_id": "csdomain"}
    given |= {"password": "s3cret", "sender": "10690", "timeout": 1.0, "now": (clock or MovableClock()).now}
    OPENED.append(Smpp(**{**given, **changes}))
    return OPENED[-1]


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close()


@pytest.fixture
def centre() -> Centre:
    return Centre()


@pytest.fixture
def port(centre: Centre) -> Iterator[int]:
    with serving(centre) as port:
        yield port


def raised(gateway: Smpp, text: str = TEXT.text) -> Any:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - each says what it is
        gateway.deliver(attrs.evolve(TEXT, text=text))
    assert not any(private in str(caught.value) for private in (*PRIVATE, TEXT.text))
    return caught.value


def test_references_are_told_apart_else_these_tests_look_at_nothing() -> None:
    assert len(REFS) == len(KEYS)


@pytest.mark.rule(PORTS, OUTBOX)
class TestSmpp(GatewayContract):
    @pytest.fixture
    def gateway(self, port: int, clock: MovableClock) -> Smpp:
        return made(port, clock, timeout=10)

    @pytest.fixture
    def arrived(self, centre: Centre) -> Callable[[], Sequence[Arrival]]:
        return centre.arrived

    @pytest.fixture
    def broken(self) -> Smpp:
        return made(int(nobody().rpartition(":")[2]))

    @pytest.fixture
    def unanswered(self, centre: Centre, port: int) -> Smpp:
        centre.behaves = ["close"]
        return made(port)


@pytest.mark.rule(PORTS, OUTBOX)
@pytest.mark.faults
class TestSmppUnderDeaths(GatewayDeathsContract):
    """The centre answers the first message; then it hangs, closes and lies as well."""

    @pytest.fixture
    def gateway(self, centre: Centre, port: int, clock: MovableClock) -> Smpp:
        centre.behaves = [0, "close", "twice", "drop", "other", "hang", "asks", "garbage", 0, "unbinds"]
        return made(port, clock, timeout=0.7)

    @pytest.fixture
    def arrived(self, centre: Centre) -> Callable[[], Sequence[Arrival]]:
        return centre.arrived

    @pytest.fixture
    def stride(self) -> int:
        return 7


# --- what is sent -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[Centre, dict[Long, Smpp]]]:
    centre = Centre()
    with serving(centre) as port:
        yield centre, {how: made(port, long=how, timeout=10) for how in Long}


@given(TEXTS, st.sampled_from(Long))
@settings(deadline=None)
def test_every_text_comes_whole_in_as_many_parts_as_we_count(
    shared: tuple[Centre, dict[Long, Smpp]], text: str, how: Long
) -> None:
    centre, gateways = shared
    before, count = len(centre.submits), len(segments(text).parts)
    sent = gateways[how].deliver(attrs.evolve(TEXT, text=text))
    assert centre.arrivals[-1] == Arrival(TEXT.ref, TEXT.address, text)
    came = centre.submits[before:]
    assert (sent.segments, len(came)) == (count, 1 if how is Long.PAYLOAD else count)
    assert sent.ref == f"smpp:{centre.given:x}"
    # A receipt is asked for once.
    assert [one.registered for one in came] == [0] * (len(came) - 1) + [1]
    assert {one.to for one in came} == {(1, 1, "8613800138000")}


@given(TEXTS, st.sampled_from(Long))
def test_our_bytes_are_what_smpplib_reads_and_what_it_writes_is_what_we_read(text: str, how: Long) -> None:
    gateway = made(1, long=how)
    for part in gateway._parts(attrs.evolve(TEXT, text=text)):
        client = type("Client", (), {"sequence": 3, "next_sequence": lambda _: 3})()
        said = make_pdu("submit_sm", client=client, **gateway._from_to(TEXT.address), **part).generate()
        theirs, ours = parse_pdu(said, client=client), Submit.of(said[16:])
        assert theirs.short_message == ours.said
        assert (theirs.esm_class, theirs.data_coding) == (ours.esm_class, ours.coding)
        assert theirs.destination_addr == ours.to[2].encode()
        assert (theirs.message_payload or b"") == ours.more.get(0x0424, b"")
        assert theirs.sar_segment_seqnum == (ours.place[2] if 0x020F in ours.more else None)


@pytest.mark.parametrize(
    ("sender", "told"),
    [("+15005550006", (1, 1, "15005550006")), ("10690", (3, 0, "10690")), ("Ivy Care", (5, 0, "Ivy Care"))],
)
def test_a_sender_is_a_number_a_short_code_or_a_name(
    centre: Centre, port: int, sender: str, told: tuple[int, int, str]
) -> None:
    made(port, sender=sender).deliver(TEXT)
    assert centre.submits[0].source == told
    assert centre.binds == [b"csdomain\0s3cret\0\0\x34\0\0\0"]


# --- what an answer means ---------------------------------------------------------------------------------------------

SEEN = {Fate.REFUSED_CONTENT: Fate.REFUSED_ADDRESSEE, Fate.NOT_TAKEN: Fate.REFUSED_HERE}


def test_every_status_is_what_the_table_says_and_one_that_is_not_in_it_is_a_refusal(centre: Centre, port: int) -> None:
    gateway = made(port)
    for code, fate in {**CODES, "RINVEXPIRY": Fate.REFUSED_HERE}.items():
        centre.behaves = [STATUSES[code]]
        error = raised(gateway)
        assert means(error) is SEEN.get(fate, fate), code
        assert isinstance(error, Postponed) or code in str(error)
    centre.behaves = [0x00000401]  # a centre's own
    assert "0x00000401" in str(raised(gateway))
    assert (centre.arrivals, len(centre.binds)) == ([], 1), "a refusal ends no session"


@pytest.mark.parametrize(
    ("how", "fate"),
    [*((how, Fate.UNKNOWN) for how in ("close", "hang", "slowly", "garbage", "drop")), ("nack", Fate.REFUSED_HERE)],
)
def test_what_is_not_answered_is_unknown_and_the_next_message_finds_a_session(
    centre: Centre, port: int, how: str, fate: Fate
) -> None:
    gateway = made(port, timeout=0.5)
    gateway.deliver(TEXT)
    centre.behaves = [how]
    assert means(raised(gateway)) is fate
    count = len(centre.arrivals)
    gateway.deliver(TEXT)
    assert len(centre.arrivals) == count + 1


@pytest.mark.parametrize("how", ["asks", "other", "twice", "unbinds"])
def test_what_comes_between_is_no_answer_to_a_message(centre: Centre, port: int, how: str) -> None:
    gateway = made(port)
    centre.behaves = [how]
    found = [gateway.deliver(TEXT).ref for _ in range(3)]
    assert found == [f"smpp:{id:x}" for id in range(0x1B, 0x1E)]
    assert len(centre.arrivals) == 3


@pytest.mark.parametrize("status", [5, 11, 13, 14, 0x58, 0xFF, 0x401])
def test_a_bind_that_is_refused_is_no_message_that_left(centre: Centre, port: int, status: int) -> None:
    centre.bind = status
    gateway = made(port)
    assert means(raised(gateway)) is (Fate.THROTTLED if status in (5, 0x58) else Fate.REFUSED_HERE)
    centre.bind = 0
    gateway.deliver(TEXT)
    assert len(centre.arrivals) == 1


@pytest.mark.parametrize("then", [0x58, 11, "close"])
def test_a_message_of_which_a_part_left_is_not_said_not_to_have(centre: Centre, port: int, then: int | str) -> None:
    gateway = made(port)
    centre.behaves = [0, then]
    assert isinstance(raised(gateway, LONG), DeliveryUnknown)
    assert centre.arrivals == [] or then == "close"


def test_a_session_that_was_idle_is_asked_and_one_that_is_gone_is_made_anew(centre: Centre, port: int) -> None:
    clock = MovableClock()
    gateway = made(port, clock)
    gateway.deliver(TEXT)
    gateway.deliver(TEXT)
    assert (centre.enquiries, len(centre.binds)) == (0, 1)
    clock.advance(timedelta(seconds=11))
    gateway.deliver(TEXT)
    assert (centre.enquiries, len(centre.binds)) == (1, 1)
    gateway._kept.link().sock.close()  # type: ignore[union-attr]
    gateway.deliver(TEXT)
    assert (len(centre.arrivals), len(centre.binds)) == (4, 2)


# --- what is reported -------------------------------------------------------------------------------------------------

_S = MessageState
TOLD = b"id:%s sub:001 dlvrd:001 submit date:2603040930 done date:2603040931 stat:%s err:000 text:hello"


def heard(port: int, centre: Centre, *bodies: bytes, take: Any = None, **more: Any) -> list[DeliveryReceipt]:
    centre.delivers = list(bodies)
    found: list[DeliveryReceipt] = []
    made(port, ids=more.pop("ids", Ids.SAME)).hear(take or found.append, 0.25, **more)
    return found


@pytest.mark.parametrize(
    ("stat", "state"),
    [
        ("DELIVRD", _S.DELIVERED),
        *((stat, _S.UNDELIVERED) for stat in ("UNDELIV", "EXPIRED", "DELETED", "rejectd")),
        *((stat, _S.SENT) for stat in ("ACCEPTD", "ENROUTE")),
        *((stat, None) for stat in ("UNKNOWN", "WHATEVER")),
    ],
)
def test_a_receipt_is_read_by_its_text(centre: Centre, port: int, stat: str, state: MessageState | None) -> None:
    found = heard(port, centre, receipt(TOLD % (b"1b", stat.encode())))
    assert [(one.ref, one.state) for one in found] == ([] if state is None else [("smpp:1b", state)])
    assert centre.told == [0]


def test_a_receipt_is_read_by_its_parameters_before_its_text_and_ids_in_decimal_are_found(
    centre: Centre, port: int
) -> None:
    more = {0x001E: b"1b\0", 0x0427: b"\x05", 0x1400: b"a vendor's own"}
    (one,) = heard(port, centre, receipt(b"whatever", more=more))
    assert (one.ref, one.state) == ("smpp:1b", _S.UNDELIVERED)
    sent = made(port, ids=Ids.DECIMAL).deliver(TEXT)
    (two,) = heard(port, centre, receipt(TOLD % (b"0000000027", b"DELIVRD")), ids=Ids.DECIMAL)
    assert two.ref == sent.ref == "smpp:27"


def test_what_cannot_be_taken_yet_comes_again_and_junk_is_answered_and_passed_over(centre: Centre, port: int) -> None:
    good = receipt(TOLD % (b"1b", b"DELIVRD"))
    junk = [
        receipt(b"no receipt at all"),
        receipt(b""),
        receipt(b"id: stat:"),
        receipt(TOLD % (b"\xff\xff", b"DELIVRD")),
    ]
    junk.append(good[:9])  # cut short
    found = heard(port, centre, *junk, good, good)
    assert [one.ref for one in found][-2:] == ["smpp:1b", "smpp:1b"]
    assert centre.told == [0] * 7

    def unknown(_: DeliveryReceipt) -> None:
        raise NotFound(ref="smpp:1b")

    centre.told.clear()
    heard(port, centre, good, take=unknown)
    assert centre.told == [0x64], "the relay may not have noted its message yet"


@pytest.mark.parametrize(
    ("said", "coding", "text"),
    [(b"STOP", 0, "STOP"), ("退订".encode("utf-16-be"), 8, "退订"), (b"\x1b\x65", 0, "€"), (b"caf\xe9", 3, "café")],
)
def test_what_came_from_a_phone_is_told_with_its_number(
    centre: Centre, port: int, said: bytes, coding: int, text: str
) -> None:
    replies: list[tuple[str, str]] = []
    body = receipt(said, esm_class=0, coding=coding)
    assert heard(port, centre, body, reply=lambda number, said: replies.append((number, said))) == []
    assert replies == [("+8613800138000", text)]


def test_a_message_is_delivered_by_its_receipt(centre: Centre, port: int) -> None:
    sent = made(port).deliver(TEXT)
    (one,) = heard(port, centre, receipt(TOLD % (sent.ref.partition(":")[2].encode(), b"DELIVRD")))
    assert one.ref == sent.ref


# --- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        *(
            {"password": "too long by far"},
            {"system_id": ""},
            {"system_id": "x" * 16},
            {"sender": "a name that is long"},
        ),
        *({"sender": "青藤"}, {"port": 0}, {"timeout": 0}, {"timeout": 61}, {"host": ""}, {"system_type": "a b"}),
    ],
)
def test_what_the_protocol_has_no_room_for_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidSetting):
        made(**{"port": 1, **wrong})


FILE = """
[channels]
sms = ["carrier"]
[gateways.carrier]
kind = "smpp"
host = "smsc.carrier.example"
system_id = "qingteng"
password = "env:SMSC"
sender = "10690"
long = "sar"
"""


def test_a_file_says_it_and_every_fault_of_it_is_named(tmp_path: Path) -> None:
    file = tmp_path / "gateways.toml"
    file.write_text(FILE)
    found = load(file, {"SMSC": "s3cret"}).by_name["carrier"]
    assert (found.long, found.security, found.password, found.name) == (Long.SAR, Security.TLS, "s3cret", "carrier")
    for was, now in (('"sar"', '"some"'), ('"10690"', '"青藤"'), ('"env:SMSC"', '"s3cret"'), ("host = ", "hosts = ")):
        file.write_text(FILE.replace(was, now), "utf-8")
        with pytest.raises(GatewaysInvalid) as refused:
            load(file, {"SMSC": "s3cret"})
        assert "$.gateways.carrier" in str(refused.value)
        assert "s3cret" not in str(refused.value)


def test_nothing_secret_is_shown() -> None:
    assert "s3cret" not in repr(made(1))
    assert decoded(b"a\x1b\x65", 0) == "a€"
    assert pdu(4, 1)[:4] == b"\0\0\0\x10"
