"""SMS gateways over real sockets: what each vendor is sent, and what each of its answers means (MSG-12)."""

import logging
import socket
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import attrs
import pytest

from adapters.gateways.fakes import (
    ACCOUNT,
    KEY,
    SECRET,
    TOKEN,
    Answer,
    Fake,
    FakeAliyun,
    FakeTencent,
    FakeTwilio,
    serving,
)
from csdomain.frame.fields import InvalidSetting
from csdomain.kernel.cases.delivery import (
    DeliveryFailed,
    DeliveryUnknown,
    NotSent,
    Postponed,
    Sent,
    StillUnknown,
    Suppressed,
)
from csdomain.kernel.rules import PERSONAL_DATA, PORTS
from csdomain.messaging.rules import GATEWAYS, OUTBOX
from csdomain.messaging.values import Language, OutgoingText
from csdomain.testing import Arrival, GatewayContract, GatewayDeathsContract, MovableClock
from csdomain.testing.messages import TEXT
from csdomain_adapters.gateways import aliyun, tencent, twilio
from csdomain_adapters.gateways.aliyun import Aliyun
from csdomain_adapters.gateways.answers import Codes, Fate, fate_of
from csdomain_adapters.gateways.http import Endpoint
from csdomain_adapters.gateways.templates import ApprovedTemplate
from csdomain_adapters.gateways.tencent import Tencent
from csdomain_adapters.gateways.twilio import Twilio

pytestmark = pytest.mark.rule(GATEWAYS)

WHICH = (TEXT.occasion, Language.ZH_HANS)
CALLBACK = "https://host.example/twilio"
FAKES: dict[str, type[Fake]] = {"aliyun": FakeAliyun, "tencent": FakeTencent, "twilio": FakeTwilio}


def made(name: str, url: str, clock: MovableClock, **changes: Any) -> Any:
    """A gateway to the fake of a vendor."""
    common: dict[str, Any] = {"endpoint": Endpoint.of(url, connect=1, answer=0.6), "now": clock.now}
    if name == "aliyun":
        templates = {WHICH: ApprovedTemplate("SMS_1", ("name", "title"))}
        given = {"key_id": KEY, "secret": SECRET, "signature": "青藤", "templates": templates}
        return Aliyun(**{**given, **common, **changes})
    if name == "tencent":
        templates = {WHICH: ApprovedTemplate("1", ("name", "title"))}
        ids = {"secret_id": KEY, "secret_key": SECRET, "app_id": "1400006666", "signature": "青藤"}
        return Tencent(**{**ids, "templates": templates, **common, **changes})
    ids = {"account": ACCOUNT, "token": TOKEN, "sender": "+15005550006", "callback": CALLBACK}
    return Twilio(**{**ids, **common, **changes})


@pytest.fixture(params=sorted(FAKES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def fake(name: str, clock: MovableClock) -> Fake:
    return FAKES[name](clock)


@pytest.fixture
def url(fake: Fake) -> Iterator[str]:
    with serving(fake) as url:
        yield url


@pytest.fixture
def gateway(name: str, url: str, clock: MovableClock) -> Any:
    return made(name, url, clock)


def nobody() -> str:
    """A URL where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


# --- contracts --------------------------------------------------------------------------------------------------------


@pytest.mark.rule(PORTS, OUTBOX)
class TestSms(GatewayContract):
    @pytest.fixture
    def clock(self) -> MovableClock:
        return MovableClock()

    @pytest.fixture
    def gateway(self, name: str, url: str, clock: MovableClock) -> Any:
        return made(name, url, clock)

    @pytest.fixture
    def arrived(self, fake: Fake) -> Callable[[], Sequence[Arrival]]:
        return fake.arrived

    @pytest.fixture
    def broken(self, name: str, clock: MovableClock) -> Any:
        return made(name, nobody(), clock)

    @pytest.fixture
    def unanswered(self, name: str, url: str, fake: Fake, clock: MovableClock) -> Any:
        fake.behaves = ["close"]
        return made(name, url, clock)


@pytest.mark.rule(PORTS, OUTBOX)
@pytest.mark.faults
class TestSmsUnderDeaths(GatewayDeathsContract):
    @pytest.fixture
    def clock(self) -> MovableClock:
        return MovableClock()

    @pytest.fixture
    def gateway(self, name: str, url: str, clock: MovableClock) -> Any:
        # Processes are killed here, so none needs to wait; and a machine that is busy answers late.
        return made(name, url, clock, endpoint=Endpoint.of(url, connect=20, answer=20))

    @pytest.fixture
    def arrived(self, fake: Fake) -> Callable[[], Sequence[Arrival]]:
        return fake.arrived

    @pytest.fixture
    def proves(self, name: str) -> bool:
        return name != "tencent"

    @pytest.fixture
    def stride(self) -> int:
        return 4


@pytest.mark.deep
class TestSmsUnderEveryDeath(TestSmsUnderDeaths):
    @pytest.fixture
    def stride(self) -> int:
        return 1


# --- what an answer means ---------------------------------------------------------------------------------------------

#: For each vendor some codes, and what each means; each vendor's whole table is tried below.
TABLES: dict[str, Codes] = {"aliyun": aliyun.CODES, "tencent": tencent.CODES, "twilio": twilio.CODES}
EVERY = [(name, code, fate) for name, codes in TABLES.items() for code, fate in codes.items()]


def refusal(name: str, code: str) -> Answer:
    """How a vendor says a code."""
    if name == "aliyun":
        return Answer(200 if code.startswith("is") else 400, {"Code": code, "Message": f"{TEXT.address} no"})
    if name == "tencent":
        if code.startswith(("AuthFailure", "Request", "Internal")):
            return Answer(200, {"Response": {"Error": {"Code": code, "Message": f"{TEXT.address} no"}}})
        status = {"Code": code, "Message": f"{TEXT.address} no", "SerialNo": ""}
        return Answer(200, {"Response": {"SendStatusSet": [status]}})
    return Answer(429 if "429" in code else 400, {"code": int(code), "message": f"{TEXT.address} no"})


def raised(gateway: Any, text: OutgoingText = TEXT) -> Exception:
    with pytest.raises((DeliveryFailed, DeliveryUnknown, Postponed, Suppressed)) as caught:
        gateway.deliver(text)
    error = caught.value
    assert error.__context__ is None or error.__suppress_context__
    for secret in (TEXT.address, TEXT.address[3:], TEXT.text, "王小明", SECRET, TOKEN):
        assert secret not in f"{error}{error!r}{vars(error)}"
    return error


def means(error: Exception) -> Fate:
    if isinstance(error, Postponed):
        return Fate.THROTTLED
    if isinstance(error, Suppressed):
        return Fate.OPTED_OUT
    if isinstance(error, DeliveryUnknown):
        return Fate.UNKNOWN
    assert isinstance(error, DeliveryFailed)
    return Fate.REFUSED_ADDRESSEE if error.definite else Fate.REFUSED_HERE


#: As the outside tells them apart: what is final is final, whatever for.
SEEN = {Fate.REFUSED_CONTENT: Fate.REFUSED_ADDRESSEE, Fate.NOT_TAKEN: Fate.REFUSED_HERE}


@pytest.mark.parametrize("vendor", sorted(TABLES))
def test_every_code_of_a_vendor_is_what_its_table_says(vendor: str, clock: MovableClock) -> None:
    fake = FAKES[vendor](clock)
    with serving(fake) as url:
        gateway = made(vendor, url, clock)
        for code, fate in TABLES[vendor].items():
            said = code.replace("*", "Something") if code != "LimitExceeded.App*" else "LimitExceeded.AppDailyLimit"
            fake.behaves = [refusal(vendor, said)]
            error = raised(gateway)
            assert means(error) is SEEN.get(fate, fate), code
            if fate is not Fate.THROTTLED:
                assert said in str(error)
            else:
                assert isinstance(error, Postponed)
                assert timedelta() < error.until - clock.now() <= timedelta(hours=1)
    assert fake.arrivals == []


#: The table of the design, row by row, written down a second time: what each class is for.
DESIGN = {
    "aliyun": {
        Fate.REFUSED_HERE: "isv.OUT_OF_SERVICE isv.AMOUNT_NOT_ENOUGH isv.ACCOUNT_NOT_EXISTS isv.ACCOUNT_ABNORMAL "
        "isv.SMS_TEMPLATE_ILLEGAL isv.SMS_SIGNATURE_ILLEGAL isv.DAY_LIMIT_CONTROL isp.RAM_PERMISSION_DENY",
        Fate.REFUSED_CONTENT: "isv.SMS_CONTENT_ILLEGAL isv.TEMPLATE_PARAMS_ILLEGAL isv.PARAM_LENGTH_LIMIT "
        "isv.BLACK_KEY_CONTROL_LIMIT",
        Fate.REFUSED_ADDRESSEE: "isv.MOBILE_NUMBER_ILLEGAL isv.DOMESTIC_NUMBER_NOT_SUPPORTED",
        Fate.THROTTLED: "isv.BUSINESS_LIMIT_CONTROL Throttling Throttling.User",
        Fate.UNKNOWN: "isp.SYSTEM_ERROR",
    },
    "tencent": {
        Fate.REFUSED_HERE: "FailedOperation.TemplateIncorrectOrUnapproved AuthFailure.SecretIdNotFound "
        "FailedOperation.SignatureIncorrectOrUnapproved FailedOperation.InsufficientBalanceInSmsPackage "
        "UnauthorizedOperation.RequestIpNotInWhitelist LimitExceeded.AppMainlandChinaDailyLimit",
        Fate.REFUSED_CONTENT: "FailedOperation.ContainSensitiveWord InvalidParameterValue.ContentLengthLimit "
        "InvalidParameterValue.TemplateParameterFormatError",
        Fate.REFUSED_ADDRESSEE: "InvalidParameterValue.IncorrectPhoneNumber",
        Fate.OPTED_OUT: "FailedOperation.PhoneNumberInBlacklist",
        Fate.THROTTLED: "LimitExceeded.DeliveryFrequencyLimit LimitExceeded.PhoneNumberDailyLimit RequestLimitExceeded",
        Fate.UNKNOWN: "InternalError.Timeout InternalError.SendAndRecvFail",
    },
    "twilio": {
        Fate.REFUSED_HERE: "20003 21606 21612",
        Fate.REFUSED_CONTENT: "30007 21617",
        Fate.REFUSED_ADDRESSEE: "21211 21614",
        Fate.OPTED_OUT: "21610",
        Fate.THROTTLED: "20429",
    },
}


@pytest.mark.parametrize("vendor", sorted(DESIGN))
def test_the_tables_hold_what_the_design_says(vendor: str) -> None:
    for fate, codes in DESIGN[vendor].items():
        assert {code: fate_of(TABLES[vendor], code) for code in codes.split()} == dict.fromkeys(codes.split(), fate)


#: What is no clear word of the vendor's, and what it means.
UNCLEAR: dict[str, tuple[str | Answer, Fate]] = {
    "no answer": ("hang", Fate.UNKNOWN),
    "a connection closed after it was read": ("close", Fate.UNKNOWN),
    "a connection closed before it was read": ("drop", Fate.UNKNOWN),
    "an answer that never ends": ("slowly", Fate.UNKNOWN),
    "an answer without end": ("huge", Fate.UNKNOWN),
    "no HTTP": ("garbage", Fate.UNKNOWN),
    "a redirect": ("redirect", Fate.UNKNOWN),
    "no JSON": (Answer(200, b"<html>"), Fate.UNKNOWN),
    "a list": (Answer(200, []), Fate.UNKNOWN),
    "nested without end": (Answer(200, b"[" * 100_000), Fate.UNKNOWN),
    "success without a word": (Answer(200, {}), Fate.UNKNOWN),
    "a fault of its own": (Answer(500, {"message": "oops"}), Fate.UNKNOWN),
    "a proxy's fault": (Answer(502, b"bad gateway"), Fate.UNKNOWN),
}


@pytest.mark.parametrize("unclear", UNCLEAR)
def test_what_is_no_clear_answer_may_have_left(gateway: Any, fake: Fake, unclear: str) -> None:
    how, fate = UNCLEAR[unclear]
    fake.behaves = [how]
    assert means(raised(gateway)) is fate
    assert len(fake.requests) == 1, "it is not tried again, and no redirect is followed"


def test_a_refusal_that_no_table_knows_is_one_of_this_gateway(gateway: Any, name: str, fake: Fake) -> None:
    unknown = {"aliyun": "isv.NEW_THING", "tencent": "FailedOperation.NewThing", "twilio": "29999"}[name]
    fake.behaves = [refusal(name, unknown)]
    error = raised(gateway)
    assert means(error) is Fate.REFUSED_HERE
    assert unknown in str(error)


def test_what_was_surely_not_written_is_tried_again(name: str, clock: MovableClock) -> None:
    for url in (nobody(), "https://name.invalid"):
        error = raised(made(name, url, clock, endpoint=Endpoint.of(url, connect=1, answer=1)))
        assert isinstance(error, DeliveryFailed)
        assert not error.definite


def test_a_server_that_cannot_prove_who_it_is_is_sent_nothing(
    name: str, url: str, fake: Fake, clock: MovableClock
) -> None:
    error = raised(made(name, url, clock, endpoint=Endpoint.of(url.replace("http:", "https:"), connect=1, answer=1)))
    assert isinstance(error, DeliveryFailed)
    assert not error.definite
    assert fake.requests == []


@pytest.mark.parametrize(
    "wrong", ["http://api.example.com", "ftp://127.0.0.1", "https://", "https://u:p@host", "https://host/path", ""]
)
def test_a_gateway_is_spoken_to_in_secret(wrong: str) -> None:
    with pytest.raises(InvalidSetting):
        Endpoint.of(wrong)


# --- what is sent -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["", "13800138000", "+86 138 0013 8000", "+8613800138000\r\nX: y", "+861x", "a@b.c"]
)
def test_an_address_that_is_no_number_is_sent_nothing(gateway: Any, fake: Fake, address: str) -> None:
    error = raised(gateway, attrs.evolve(TEXT, address=address))
    assert isinstance(error, DeliveryFailed)
    assert error.definite
    assert fake.requests == []


@pytest.mark.parametrize("wrong", ["secret", "secret_key", "token"])
def test_a_wrong_secret_is_refused_here(name: str, url: str, clock: MovableClock, wrong: str) -> None:
    if wrong != {"aliyun": "secret", "tencent": "secret_key", "twilio": "token"}[name]:
        return
    assert means(raised(made(name, url, clock, **{wrong: "another"}))) is Fate.REFUSED_HERE


def test_what_is_taken_has_the_gateway_s_name_and_its_segments(gateway: Any, name: str, fake: Fake) -> None:
    sent = gateway.deliver(TEXT)
    assert sent == Sent(f"{name}:{fake.made[0][0]}", 1)
    if name != "twilio":
        long = attrs.evolve(TEXT, text="长" * 67)  # 70 with the signature: one; one more: two
        assert [gateway.deliver(attrs.evolve(long, text=long.text[n:])).segments for n in (0, 1)] == [2, 1]


def test_characters_of_all_kinds_arrive_as_they_are(name: str, url: str, fake: Fake, clock: MovableClock) -> None:
    odd = "a+b&c=d/é~*'()!% 王\U0001f600\"\\#?;:@,$[]"
    gateway = made(name, url, clock)
    text = f"尊敬的{odd}先生，您反映的问题我们已经受理。{{braces}} é"
    gateway.deliver(attrs.evolve(TEXT, text=text, values={"name": odd, "title": "先生"}))
    assert odd in fake.arrivals[0].text


@pytest.mark.parametrize("vendor", ["aliyun", "tencent"])
def test_a_text_without_an_approved_template_is_for_another_gateway(vendor: str, clock: MovableClock) -> None:
    fake = FAKES[vendor](clock)
    with serving(fake) as url:
        gateway = made(vendor, url, clock)
        for text in (
            attrs.evolve(TEXT, occasion="complaint.closed"),
            attrs.evolve(TEXT, language=Language.EN),
            attrs.evolve(TEXT, values={"name": "王小明"}),
        ):
            error = raised(gateway, text)
            assert isinstance(error, DeliveryFailed)
            assert not error.definite
    assert fake.requests == []


@pytest.mark.rule(PERSONAL_DATA)
def test_nothing_secret_or_personal_is_shown_or_logged(
    name: str, url: str, clock: MovableClock, fake: Fake, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    gateway = made(name, url, clock)
    gateway.deliver(TEXT)
    fake.behaves = ["close"]
    raised(gateway)
    shown = repr(gateway) + repr(TEXT) + caplog.text
    for secret in (SECRET, TOKEN, TEXT.address, TEXT.address[3:], TEXT.text, "王小明"):
        assert secret not in shown


# --- asking -----------------------------------------------------------------------------------------------------------


def test_what_did_not_answer_is_found_when_it_is_asked_for(gateway: Any, fake: Fake, clock: MovableClock) -> None:
    since = clock.now()
    fake.behaves = ["hang"]
    assert isinstance(raised(gateway), DeliveryUnknown)
    clock.advance(timedelta(minutes=5))
    assert isinstance(gateway.ask(TEXT, since), Sent)
    assert len(fake.arrivals) == 1


def test_what_was_not_taken_is_not_found(gateway: Any, name: str, fake: Fake, clock: MovableClock) -> None:
    other = attrs.evolve(TEXT, address="+8613900139000", key="other")
    gateway.deliver(other)
    fake.behaves = ["drop"]
    since = clock.now()
    assert isinstance(raised(gateway), DeliveryUnknown)
    clock.advance(timedelta(minutes=61))
    expected = StillUnknown if name == "tencent" else NotSent
    assert isinstance(gateway.ask(TEXT, since), expected)


@pytest.mark.parametrize("unclear", UNCLEAR)
def test_a_gateway_that_does_not_answer_when_asked_says_nothing(
    gateway: Any, fake: Fake, clock: MovableClock, unclear: str
) -> None:
    since = clock.now()
    fake.behaves = [UNCLEAR[unclear][0]] * 3
    assert isinstance(gateway.ask(TEXT, since), StillUnknown)


def test_another_message_to_the_same_number_is_not_taken_for_it(
    gateway: Any, name: str, fake: Fake, clock: MovableClock
) -> None:
    since = clock.now()
    gateway.deliver(attrs.evolve(TEXT, key="other", text="another", values={"name": "李", "title": "女士"}))
    found = gateway.ask(TEXT, since)
    assert isinstance(found, NotSent if name == "aliyun" else StillUnknown), "Twilio cannot tell: it is nobody's guess"


def test_aliyun_is_asked_for_every_page_and_every_day_about_the_try() -> None:
    clock = MovableClock()
    clock.move(clock.now().replace(hour=15, minute=50))  # ten minutes before midnight in China
    fake = FakeAliyun(clock)
    with serving(fake) as url:
        gateway = made("aliyun", url, clock)
        since = clock.now()
        for n in range(60):
            gateway.deliver(attrs.evolve(TEXT, key=f"k{n}"))
        clock.advance(timedelta(minutes=20))
        gateway.deliver(TEXT)
        assert isinstance(gateway.ask(attrs.evolve(TEXT, key="k59"), since), Sent)
        assert isinstance(gateway.ask(TEXT, since), Sent), "it was put down to the next day"
        assert isinstance(gateway.ask(attrs.evolve(TEXT, key="never"), since), NotSent)


def test_twilio_s_own_words_before_a_text_do_not_hide_it() -> None:
    clock = MovableClock()
    fake = FakeTwilio(clock)
    fake.prefix = "Sent from your Twilio trial account - "
    with serving(fake) as url:
        gateway = made("twilio", url, clock)
        gateway.deliver(TEXT)
        assert gateway.ask(TEXT, clock.now()) == Sent("twilio:FakeTwilio0")
        assert isinstance(gateway.ask(TEXT, clock.now() - timedelta(hours=2)), NotSent), "of another time"


def test_twilio_takes_an_api_key_and_a_messaging_service() -> None:
    clock = MovableClock()
    fake = FakeTwilio(clock)
    fake.users = {"SK1": "of-the-key"}
    with serving(fake) as url:
        key = dict(zip(("key_id", "key_secret"), *fake.users.items(), strict=True))
        made("twilio", url, clock, **key, sender="MG1", callback="").deliver(TEXT)
    assert b"MessagingServiceSid=MG1" in fake.requests[0].body
    assert b"StatusCallback" not in fake.requests[0].body
    with pytest.raises(InvalidSetting):
        made("twilio", url, clock, callback="https://host/path?query")
