"""Aliyun SMS (Dysmsapi 2017-05-25), signed by ACS3-HMAC-SHA256.

It is not idempotent; a message of unknown fate is asked for by ``QuerySendDetails``, which gives our ``OutId`` back.
"""

import hmac
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote

import attrs

from csdomain.kernel.cases.delivery import Answer, MessageState, NotSent, Sent, StillUnknown
from csdomain.messaging.policies import segments
from csdomain.messaging.values import Channel, DeliveryReceipt, InboundRequest, OutgoingText
from csdomain_adapters.system import nonce

from .answers import Codes, Fate, Gate, NoAnswer, NotTaken, Now, now
from .http import Endpoint, HttpAnswer
from .inbound import Hook, read_list, records, stamped
from .numbers import e164
from .templates import Templates, template_of

_ALGORITHM: Final = "ACS3-HMAC-SHA256"
_VERSION: Final = "2017-05-25"
_CHINA: Final = timezone(timedelta(hours=8))
_PAGE: Final = 50
#: No more pages are read: 500 messages to one number on one day.
_PAGES: Final = 10

CODES: Final[Codes] = {
    "isv.OUT_OF_SERVICE": Fate.REFUSED_HERE,
    "isv.AMOUNT_NOT_ENOUGH": Fate.REFUSED_HERE,
    "isv.ACCOUNT_*": Fate.REFUSED_HERE,
    "isv.PRODUCT_UN*": Fate.REFUSED_HERE,
    "isv.SMS_TEMPLATE_ILLEGAL": Fate.REFUSED_HERE,
    "isv.SMS_SIGN*": Fate.REFUSED_HERE,
    "isv.DAY_LIMIT_CONTROL": Fate.REFUSED_HERE,
    "isv.MONTH_LIMIT_CONTROL": Fate.REFUSED_HERE,
    "isv.DENY_IP_RANGE": Fate.REFUSED_HERE,
    "isp.RAM_PERMISSION_DENY": Fate.REFUSED_HERE,
    "SignatureDoesNotMatch": Fate.REFUSED_HERE,
    "InvalidAccessKeyId.*": Fate.REFUSED_HERE,
    "isv.SMS_CONTENT_ILLEGAL": Fate.REFUSED_CONTENT,
    "isv.TEMPLATE_PARAMS_ILLEGAL": Fate.REFUSED_CONTENT,
    "isv.TEMPLATE_MISSING_PARAMETERS": Fate.REFUSED_CONTENT,
    "isv.PARAM_LENGTH_LIMIT": Fate.REFUSED_CONTENT,
    "isv.PARAM_NOT_SUPPORT_URL": Fate.REFUSED_CONTENT,
    "isv.BLACK_KEY_CONTROL_LIMIT": Fate.REFUSED_CONTENT,
    "isv.MOBILE_NUMBER_ILLEGAL": Fate.REFUSED_ADDRESSEE,
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": Fate.REFUSED_ADDRESSEE,
    "isv.BUSINESS_LIMIT_CONTROL": Fate.THROTTLED,
    "Throttling*": Fate.THROTTLED,
    "isp.SYSTEM_ERROR": Fate.UNKNOWN,
    "ServiceUnavailable*": Fate.UNKNOWN,
    "InternalError*": Fate.UNKNOWN,
}


@attrs.frozen(kw_only=True)
class Aliyun:
    """A gateway by Aliyun's SMS service.

    ``signature`` is the approved one, without brackets. ``hook`` proves receipts: Aliyun does not sign them.
    """

    channel: Channel = attrs.field(default=Channel.SMS, init=False)
    key_id: str
    secret: str = attrs.field(repr=False)
    signature: str
    templates: Templates = attrs.field(factory=dict, repr=False)
    hook: Hook | None = attrs.field(default=None, repr=False)
    endpoint: Endpoint = attrs.field(factory=lambda: Endpoint.of("https://dysmsapi.aliyuncs.com"))
    now: Now = attrs.field(default=now, repr=False)
    nonce: Callable[[], str] = attrs.field(default=nonce, repr=False)
    name: str = "aliyun"

    @property
    def _gate(self) -> Gate:
        return Gate(self.name, CODES, self.now)

    def deliver(self, text: OutgoingText, /) -> Sent:
        """Send the text as its approved template. Raises what a gateway raises."""
        gate = self._gate
        code, values = template_of(gate, self.templates, text)
        given = {
            "PhoneNumbers": _number(e164(gate, text.address)),
            "SignName": self.signature,
            "TemplateCode": code,
            "TemplateParam": json.dumps(dict(values), ensure_ascii=False),
            "OutId": text.ref,
        }
        answer = gate.answered(lambda: self._call("SendSms", given))
        said = answer.data
        if said.get("Code") == "OK" and answer.status == 200:
            count = len(segments(f"【{self.signature}】{text.text}").parts)
            return gate.taken(str(said.get("BizId") or ""), count)
        raise gate.judged(str(said.get("Code") or ""), answer.status)

    def ask(self, text: OutgoingText, since: datetime, /) -> Answer:
        """Whether Aliyun has a message with our reference to that number, on the days around the try."""
        number = _number(e164(self._gate, text.address))
        tried, unsure = since.astimezone(_CHINA), False
        days = {(tried + timedelta(hours=hours)).strftime("%Y%m%d") for hours in (-1, 0, 24)}
        today = self.now().astimezone(_CHINA).strftime("%Y%m%d")
        for day in sorted(day for day in days if day <= today):
            try:
                if any(found.get("OutId") == text.ref for found in self._sent_on(number, day)):
                    return Sent()
            except (NotTaken, NoAnswer):
                unsure = True
        return StillUnknown() if unsure else NotSent()

    def receipts(self, request: InboundRequest, /) -> Sequence[DeliveryReceipt]:
        """The receipts of an ``SmsReport`` that Aliyun posts. Raises NotGenuine."""
        return self.read(records(self.name, self.hook, request))

    def reported(self, body: bytes, /) -> Sequence[DeliveryReceipt]:
        """The receipts of a body that was kept, and is known to be genuine. Raises NotGenuine."""
        return self.read(read_list(self.name, body))

    def read(self, reports: Sequence[Mapping[str, Any]], /) -> Sequence[DeliveryReceipt]:
        """The receipts of reports that are known to be genuine. Raises NotGenuine where they cannot be read."""
        return [
            stamped(
                self.name,
                str(one.get("biz_id") or ""),
                MessageState.DELIVERED if one.get("success") is True else MessageState.UNDELIVERED,
                one.get("report_time"),
                own=str(one.get("out_id") or ""),
            )
            for one in reports
        ]

    def _sent_on(self, number: str, day: str) -> Iterator[Mapping[str, Any]]:
        """What was sent to a number on a day. Raises NotTaken, NoAnswer where not all of it could be read."""
        for page in range(1, _PAGES + 1):
            given = {"PhoneNumber": number, "SendDate": day, "PageSize": str(_PAGE), "CurrentPage": str(page)}
            said = self._call("QuerySendDetails", given).data
            if said.get("Code") != "OK":
                raise NoAnswer("QuerySendDetails")
            found = (said.get("SmsSendDetailDTOs") or {}).get("SmsSendDetailDTO") or []
            yield from found
            if len(found) < _PAGE:
                return
        raise NoAnswer("too many")

    def _call(self, action: str, given: Mapping[str, str]) -> HttpAnswer:
        query = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(given.items()))
        headers = {
            "host": self.endpoint.netloc,
            "x-acs-action": action,
            "x-acs-content-sha256": sha256(b"").hexdigest(),
            "x-acs-date": self.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "x-acs-signature-nonce": self.nonce(),
            "x-acs-version": _VERSION,
        }
        signed = ";".join(headers)  # in the order of their names, as they stand above
        listed = "".join(f"{name}:{value}\n" for name, value in headers.items())
        canonical = f"POST\n/\n{query}\n{listed}\n{signed}\n{headers['x-acs-content-sha256']}"
        to_sign = f"{_ALGORITHM}\n{sha256(canonical.encode()).hexdigest()}"
        signature = hmac.new(self.secret.encode(), to_sign.encode(), sha256).hexdigest()
        said = f"{_ALGORITHM} Credential={self.key_id},SignedHeaders={signed},Signature={signature}"
        sent = {name: value for name, value in headers.items() if name != "host"}
        return self.endpoint.call("POST", f"/?{query}", {**sent, "Authorization": said})


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")


def _number(number: str) -> str:
    return number.removeprefix("+86").removeprefix("+")
