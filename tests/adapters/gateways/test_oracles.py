"""The vendors' own clients against the same fakes: what they send is what the fakes take, and what we send is too."""

import base64
import hmac
from collections.abc import Mapping
from hashlib import sha1, sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.gateways.fakes import ACCOUNT, KEY, SECRET, TOKEN, Fake, FakeAliyun, FakeTencent, FakeTwilio, serving
from adapters.gateways.test_sms import made
from csdomain.messaging.rules import GATEWAYS
from csdomain.messaging.values import InboundRequest, NotGenuine
from csdomain.testing import MovableClock
from csdomain.testing.messages import TEXT

pytestmark = [pytest.mark.rule(GATEWAYS), pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def arrived(fake: Fake) -> list[tuple[str, str]]:
    return [(one.address, one.text) for one in fake.arrivals]


def test_aliyun_s_client_and_ours_say_the_same() -> None:
    from alibabacloud_dysmsapi20170525.client import Client
    from alibabacloud_dysmsapi20170525.models import QuerySendDetailsRequest, SendSmsRequest
    from alibabacloud_tea_openapi.models import Config

    fake = FakeAliyun(MovableClock())
    with serving(fake) as url:
        config = Config(access_key_id=KEY, access_key_secret=SECRET, protocol="HTTP", endpoint=urlsplit(url).netloc)
        client: Any = Client(config)
        said = client.send_sms(
            SendSmsRequest(
                phone_numbers="13800138000",
                sign_name="青藤",
                template_code="SMS_1",
                template_param='{"name": "王小明", "title": "先生"}',
                out_id=TEXT.ref,
            )
        )
        assert said.body.code == "OK"
        made("aliyun", url, fake.clock).deliver(TEXT)
        theirs, ours = fake.requests
        assert fake.arrivals[0] == fake.arrivals[1]
        fields = [{**request.asked, **dict(parse_qsl(request.body.decode()))} for request in (theirs, ours)]
        for one in fields:
            one["TemplateParam"] = one["TemplateParam"].replace(" ", "")
        assert fields[0] == fields[1]
        assert theirs.headers["x-acs-action"] == ours.headers["x-acs-action"]
        assert theirs.headers["x-acs-version"] == ours.headers["x-acs-version"]
        day = f"{fake.clock.now():%Y%m%d}"
        asked = QuerySendDetailsRequest(phone_number="13800138000", send_date=day, page_size=50, current_page=1)
        details = client.query_send_details(asked).body.sms_send_detail_dtos.sms_send_detail_dto
        assert [one.out_id for one in details] == [TEXT.ref, TEXT.ref]
        wrong: Any = Client(Config(access_key_id=KEY, access_key_secret="x", protocol="HTTP", endpoint=config.endpoint))  # noqa: S106
        with pytest.raises(Exception, match="SignatureDoesNotMatch"):
            wrong.query_send_details(asked)


def test_tencent_s_client_and_ours_say_the_same() -> None:
    from tencentcloud.common.credential import Credential
    from tencentcloud.common.exception import TencentCloudSDKException
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.common.profile.http_profile import HttpProfile
    from tencentcloud.sms.v20210111.models import SendSmsRequest
    from tencentcloud.sms.v20210111.sms_client import SmsClient

    fake = FakeTencent(MovableClock())
    fake.skew = False  # its client has a clock of its own
    with serving(fake) as url:
        profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=urlsplit(url).netloc))

        def send(secret: str) -> Any:
            asked: Any = SendSmsRequest()
            asked.PhoneNumberSet, asked.TemplateParamSet = [TEXT.address], ["王小明", "先生"]
            asked.SmsSdkAppId, asked.SignName, asked.TemplateId = "1400006666", "青藤", "1"
            asked.SessionContext = TEXT.ref
            return SmsClient(Credential(KEY, secret), "ap-guangzhou", profile).SendSms(asked)

        assert send(SECRET).SendStatusSet[0].Code == "Ok"
        made("tencent", url, fake.clock).deliver(TEXT)
        assert fake.arrivals[0] == fake.arrivals[1]
        for name in ("x-tc-action", "x-tc-version", "x-tc-region"):
            assert fake.requests[0].headers[name] == fake.requests[1].headers[name]
        with pytest.raises(TencentCloudSDKException, match="SignatureFailure"):
            send("wrong")


def test_twilio_s_client_and_ours_say_the_same() -> None:
    from twilio.http.http_client import TwilioHttpClient
    from twilio.rest import Client

    fake = FakeTwilio(MovableClock())
    with serving(fake) as url:

        class Here(TwilioHttpClient):  # type: ignore[misc]
            def request(self, method: str, uri: str, *args: Any, **more: Any) -> Any:
                return super().request(method, uri.replace("https://api.twilio.com", url), *args, **more)

        client: Any = Client(ACCOUNT, TOKEN, http_client=Here())
        callback = f"https://host.example/twilio?{urlencode({'ref': TEXT.ref})}"
        client.messages.create(to=TEXT.address, from_="+15005550006", body=TEXT.text, status_callback=callback)
        gateway = made("twilio", url, fake.clock)
        gateway.deliver(TEXT)
        theirs, ours = fake.requests
        assert (theirs.method, theirs.path) == (ours.method, ours.path)
        assert theirs.headers["authorization"] == ours.headers["authorization"]
        assert dict(parse_qsl(theirs.body.decode())) == dict(parse_qsl(ours.body.decode()))
        gateway.ask(TEXT, fake.clock.now())
        client.messages.list(to=TEXT.address, page_size=100)
        assert fake.requests[2].path == fake.requests[3].path
        assert fake.requests[2].asked["To"] == fake.requests[3].asked["To"]


# --- Twilio's signature of callbacks ----------------------------------------------------------------------------------


def test_the_example_of_twilio_s_documentation_is_genuine() -> None:
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    params = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    gateway = made("twilio", "http://127.0.0.1:1", MovableClock(), token="12345")  # noqa: S106
    signed = {"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}
    body = urlencode(params).encode()
    assert gateway.receipts(InboundRequest(url=url, headers=signed, body=body)) == []
    with pytest.raises(NotGenuine):
        gateway.receipts(InboundRequest(url=url, headers=signed, body=body + b"&Digits=1"))


_WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(
    params=st.dictionaries(st.text("abcXYZ", min_size=1, max_size=4), _WORDS, max_size=4),
    port=st.sampled_from(["", ":443", ":8443"]),
    signs_port=st.booleans(),
    forged=st.booleans(),
)
def test_twilio_s_validator_and_ours_agree(
    params: Mapping[str, str], port: str, signs_port: bool, forged: bool
) -> None:
    from twilio.request_validator import RequestValidator

    theirs: Any = RequestValidator(TOKEN)
    url = f"https://host.example{port}/twilio?ref=abc"
    signed = "https://host.example:443/twilio?ref=abc" if signs_port and not port else url
    signature = theirs.compute_signature(signed, params)
    if forged:
        signature = signature[:-2] + ("A=" if signature[-2] != "A" else "B=")
    right = theirs.validate(url, params, signature)
    gateway = made("twilio", "http://127.0.0.1:1", MovableClock())
    request = InboundRequest(url=url, headers={"x-twilio-signature": signature}, body=urlencode(params).encode())
    assert right is not forged
    if right:
        assert gateway.receipts(request) == []
    else:
        with pytest.raises(NotGenuine):
            gateway.receipts(request)


def test_a_body_of_json_is_proven_by_its_digest() -> None:
    from twilio.request_validator import RequestValidator

    gateway = made("twilio", "http://127.0.0.1:1", MovableClock())
    body = b'{"a": 1}'
    for stated, right in ((sha256(body).hexdigest(), True), (sha256(b"other").hexdigest(), False)):
        url = f"https://host.example/twilio?bodySHA256={stated}"
        signature = base64.b64encode(hmac.new(TOKEN.encode(), url.encode(), sha1).digest()).decode()
        theirs: Any = RequestValidator(TOKEN)
        assert theirs.validate(url, body.decode(), signature) is right
        request = InboundRequest(url=url, headers={"X-Twilio-Signature": signature}, body=body)
        if right:
            assert gateway.receipts(request) == []
        else:
            with pytest.raises(NotGenuine):
                gateway.receipts(request)
