"""Tencent Cloud SMS (2021-01-11), signed by TC3-HMAC-SHA256.

It is not idempotent. A message of unknown fate is found by ``PullSmsSendStatusByPhoneNumber`` where the account has
``SessionContext``; that it is not there proves nothing, for only what has a receipt is listed: such a message is lost,
and a person decides.
"""

import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import attrs

from csdomain.kernel.cases.delivery import Answer, MessageState, Sent, StillUnknown
from csdomain.messaging.policies import segments
from csdomain.messaging.values import Channel, DeliveryReceipt, InboundRequest, OutgoingText

from .answers import Codes, Fate, Gate, NoAnswer, NotTaken, Now, now
from .http import Endpoint, HttpAnswer
from .inbound import Hook, read_list, records, stamped
from .numbers import e164
from .templates import Templates, template_of

_ALGORITHM: Final = "TC3-HMAC-SHA256"
_VERSION: Final = "2021-01-11"
_TYPE: Final = "application/json"
_PAGE: Final = 100
_SKEW: Final = timedelta(minutes=30)

CODES: Final[Codes] = {
    "AuthFailure*": Fate.REFUSED_HERE,
    "UnauthorizedOperation*": Fate.REFUSED_HERE,
    "FailedOperation.InsufficientBalanceInSmsPackage": Fate.REFUSED_HERE,
    "FailedOperation.SignatureIncorrectOrUnapproved": Fate.REFUSED_HERE,
    "FailedOperation.TemplateIncorrectOrUnapproved": Fate.REFUSED_HERE,
    "FailedOperation.TemplateUnapprovedOrNotExist": Fate.REFUSED_HERE,
    "FailedOperation.MarketingSendTimeConstraint": Fate.THROTTLED,
    "LimitExceeded.App*": Fate.REFUSED_HERE,
    "FailedOperation.ContainSensitiveWord": Fate.REFUSED_CONTENT,
    "FailedOperation.TemplateParamSetNotMatchApprovedTemplate": Fate.REFUSED_CONTENT,
    "InvalidParameterValue.ContentLengthLimit": Fate.REFUSED_CONTENT,
    "InvalidParameterValue.TemplateParameter*": Fate.REFUSED_CONTENT,
    "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter": Fate.REFUSED_CONTENT,
    "InvalidParameterValue.IncorrectPhoneNumber": Fate.REFUSED_ADDRESSEE,
    "FailedOperation.PhoneNumberInBlacklist": Fate.OPTED_OUT,
    "UnsupportedOperation.*": Fate.REFUSED_HERE,
    "LimitExceeded.DeliveryFrequencyLimit": Fate.THROTTLED,
    "LimitExceeded.PhoneNumber*": Fate.THROTTLED,
    "RequestLimitExceeded*": Fate.THROTTLED,
    "InternalError*": Fate.UNKNOWN,
    "FailedOperation.FailResolvePacket": Fate.UNKNOWN,
    "FailedOperation.OtherError": Fate.UNKNOWN,
}


@attrs.frozen(kw_only=True)
class Tencent:
    """A gateway by Tencent Cloud's SMS service.

    ``app_id`` is the SmsSdkAppId, ``signature`` the approved one without brackets. ``hook`` proves receipts: Tencent
    does not sign them.
    """

    channel: Channel = attrs.field(default=Channel.SMS, init=False)
    secret_id: str
    secret_key: str = attrs.field(repr=False)
    app_id: str
    signature: str
    templates: Templates = attrs.field(factory=dict, repr=False)
    region: str = "ap-guangzhou"
    hook: Hook | None = attrs.field(default=None, repr=False)
    endpoint: Endpoint = attrs.field(factory=lambda: Endpoint.of("https://sms.tencentcloudapi.com"))
    now: Now = attrs.field(default=now, repr=False)
    name: str = "tencent"

    @property
    def _gate(self) -> Gate:
        return Gate(self.name, CODES, self.now)

    def deliver(self, text: OutgoingText, /) -> Sent:
        """Send the text as its approved template. Raises what a gateway raises."""
        gate = self._gate
        code, values = template_of(gate, self.templates, text)
        given = {
            "PhoneNumberSet": [e164(gate, text.address)],
            "SmsSdkAppId": self.app_id,
            "SignName": self.signature,
            "TemplateId": code,
            "TemplateParamSet": [value for _, value in values],
            "SessionContext": text.ref,
        }
        answer = gate.answered(lambda: self._call("SendSms", given))
        said = _read(answer)
        refused = (said.get("Error") or {}).get("Code")
        if refused:
            raise gate.judged(str(refused), answer.status)
        found = said.get("SendStatusSet")
        one = found[0] if isinstance(found, list) and len(found) == 1 and isinstance(found[0], dict) else {}
        if one.get("Code") == "Ok" and answer.status == 200:
            count = len(segments(f"【{self.signature}】{text.text}").parts)
            return gate.taken(str(one.get("SerialNo") or ""), count)
        raise gate.judged(str(one.get("Code") or ""), answer.status)

    def ask(self, text: OutgoingText, since: datetime, /) -> Answer:
        """Whether Tencent has a receipt with our reference for that number. Never NotSent: see above."""
        given = {
            "PhoneNumber": e164(self._gate, text.address),
            "SmsSdkAppId": self.app_id,
            "BeginTime": int((since - _SKEW).timestamp()),
            "EndTime": int(self.now().timestamp()),
            "Offset": 0,
            "Limit": _PAGE,
        }
        try:
            found = _read(self._call("PullSmsSendStatusByPhoneNumber", given)).get("PullSmsSendStatusSet") or []
        except (NotTaken, NoAnswer):
            return StillUnknown()
        ours = [one for one in found if isinstance(one, dict) and one.get("SessionContext") == text.ref]
        return self._gate.taken(str(ours[0].get("SerialNo") or ""), 1) if ours else StillUnknown()

    def receipts(self, request: InboundRequest, /) -> Sequence[DeliveryReceipt]:
        """The receipts that Tencent posts. Raises NotGenuine."""
        return self.read(records(self.name, self.hook, request))

    def reported(self, body: bytes, /) -> Sequence[DeliveryReceipt]:
        """The receipts of a body that was kept, and is known to be genuine. Raises NotGenuine."""
        return self.read(read_list(self.name, body))

    def read(self, reports: Sequence[Mapping[str, Any]], /) -> Sequence[DeliveryReceipt]:
        """The receipts of reports that are known to be genuine. Raises NotGenuine where they cannot be read."""
        return [
            stamped(
                self.name,
                str(one.get("sid") or ""),
                MessageState.DELIVERED if one.get("report_status") == "SUCCESS" else MessageState.UNDELIVERED,
                one.get("user_receive_time"),
                own=str(one.get("ext") or ""),
            )
            for one in reports
        ]

    def _call(self, action: str, given: Mapping[str, Any]) -> HttpAnswer:
        body, at = json.dumps(given, ensure_ascii=False).encode(), self.now().astimezone(UTC)
        day, stamp, host = at.strftime("%Y-%m-%d"), str(int(at.timestamp())), self.endpoint.netloc
        signed = "content-type;host"
        canonical = f"POST\n/\n\ncontent-type:{_TYPE}\nhost:{host}\n\n{signed}\n{sha256(body).hexdigest()}"
        scope = f"{day}/sms/tc3_request"
        to_sign = f"{_ALGORITHM}\n{stamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
        key = f"TC3{self.secret_key}".encode()
        for part in (day, "sms", "tc3_request"):
            key = hmac.new(key, part.encode(), sha256).digest()
        signature = hmac.new(key, to_sign.encode(), sha256).hexdigest()
        headers = {
            "Content-Type": _TYPE,
            "X-TC-Action": action,
            "X-TC-Version": _VERSION,
            "X-TC-Timestamp": stamp,
            "X-TC-Region": self.region,
            "Authorization": f"{_ALGORITHM} Credential={self.secret_id}/{scope}, SignedHeaders={signed}, "
            f"Signature={signature}",
        }
        return self.endpoint.call("POST", "/", headers, body)


def _read(answer: HttpAnswer) -> Mapping[str, Any]:
    said = answer.data.get("Response")
    return said if isinstance(said, dict) else {}
