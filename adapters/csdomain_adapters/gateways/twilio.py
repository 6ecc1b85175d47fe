"""Twilio Programmable Messaging: HTTP Basic, and the signature of its callbacks.

It takes no key that makes a second call harmless. Our reference stands in the URL of the status callback, so that a
callback answers by itself; else a message of unknown fate is looked for among those to that number, by its text.
"""

import hmac
import unicodedata
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha1, sha256
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urlsplit

import attrs

from csdomain.frame.fields import InvalidSetting
from csdomain.kernel.cases.delivery import Answer, MessageState, NotSent, Sent, StillUnknown
from csdomain.kernel.rules import Text
from csdomain.messaging.policies import segments
from csdomain.messaging.values import Channel, DeliveryReceipt, InboundRequest, NotGenuine, OutgoingText

from .answers import Codes, Fate, Gate, NoAnswer, NotTaken, Now, now
from .http import Endpoint, HttpAnswer
from .inbound import stamped
from .numbers import e164

_API: Final = "/2010-04-01/Accounts"
_PAGE: Final = 100
#: Clocks of this machine and of Twilio may be so far apart.
_SKEW: Final = timedelta(minutes=30)
_LARGEST: Final = 1 << 20

CODES: Final[Codes] = {
    "20003": Fate.REFUSED_HERE,
    "20404": Fate.REFUSED_HERE,
    "21408": Fate.REFUSED_HERE,
    "21606": Fate.REFUSED_HERE,
    "21612": Fate.REFUSED_HERE,
    "21602": Fate.REFUSED_CONTENT,
    "21617": Fate.REFUSED_CONTENT,
    "30007": Fate.REFUSED_CONTENT,
    "21211": Fate.REFUSED_ADDRESSEE,
    "21614": Fate.REFUSED_ADDRESSEE,
    "21610": Fate.OPTED_OUT,
    "20429": Fate.THROTTLED,
    "429": Fate.THROTTLED,
    "21611": Fate.THROTTLED,
    "14107": Fate.THROTTLED,
}
_STATES: Final = {
    "sent": MessageState.SENT,
    "delivered": MessageState.DELIVERED,
    "read": MessageState.DELIVERED,
    "undelivered": MessageState.UNDELIVERED,
    "failed": MessageState.UNDELIVERED,
}


def _callback(instance: object, attribute: "attrs.Attribute[str]", value: str) -> None:
    parts = urlsplit(value)
    if value and (parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment):
        accepted = Text("https://host/path", "https://host/path")
        raise InvalidSetting(field=attribute.name, accepted=accepted)


@attrs.frozen(kw_only=True)
class Twilio:
    """A gateway by Twilio. ``sender`` is a number, or a messaging service (``MG…``).

    ``token`` is the auth token, which signs callbacks too; with an API key, ``key_id`` is its SID and ``key_secret``
    its secret. ``callback`` is the URL that receipts come to, as Twilio calls it. Raises InvalidSetting.
    """

    channel: Channel = attrs.field(default=Channel.SMS, init=False)
    account: str
    token: str = attrs.field(repr=False)
    sender: str
    key_id: str = ""
    key_secret: str = attrs.field(default="", repr=False)
    callback: str = attrs.field(default="", validator=_callback, repr=False)
    endpoint: Endpoint = attrs.field(factory=lambda: Endpoint.of("https://api.twilio.com"))
    now: Now = attrs.field(default=now, repr=False)
    name: str = "twilio"

    @property
    def _gate(self) -> Gate:
        return Gate(self.name, CODES, self.now)

    def deliver(self, text: OutgoingText, /) -> Sent:
        """Send the text. Raises what a gateway raises."""
        gate = self._gate
        given = {"To": e164(gate, text.address), "Body": text.text}
        given["MessagingServiceSid" if self.sender.startswith("MG") else "From"] = self.sender
        if self.callback:
            given["StatusCallback"] = f"{self.callback}?{urlencode({'ref': text.ref})}"
        body = urlencode(given).encode()
        answer = gate.answered(lambda: self._call("POST", "Messages.json", body))
        said = answer.data
        if answer.status == 201 and said.get("sid"):
            count = str(said.get("num_segments") or "")
            known = int(count) if count.isdecimal() and count != "0" else len(segments(text.text).parts)
            return gate.taken(str(said["sid"]), known)
        if answer.status == 429:
            raise gate.failed(Fate.THROTTLED, "429")
        raise gate.judged(str(said.get("code") or ""), answer.status)

    def ask(self, text: OutgoingText, since: datetime, /) -> Answer:
        """Whether Twilio has such a message to that number, made about then.

        NotSent only where no message at all was made to the number about then: texts may have changed since.
        """
        to = e164(self._gate, text.address)
        query = urlencode({"To": to, "PageSize": _PAGE}, quote_via=quote)
        try:
            answer = self._call("GET", f"Messages.json?{query}")
        except (NotTaken, NoAnswer):
            return StillUnknown()
        said = answer.data
        found = said.get("messages")
        if answer.status != 200 or not isinstance(found, list):
            return StillUnknown()
        about = [one for one in found if isinstance(one, dict) and _is_about(one, since)]
        ours = [one for one in about if _same(text.text, one.get("body"))]
        if ours:
            return self._gate.taken(str(ours[0].get("sid") or ""), 1)
        return StillUnknown() if about or (len(found) >= _PAGE and _reaches(found, since)) else NotSent()

    def receipts(self, request: InboundRequest, /) -> Sequence[DeliveryReceipt]:
        """The receipt of a status callback; none for a state that says nothing new. Raises NotGenuine."""
        if len(request.body) > _LARGEST:
            raise NotGenuine(gateway=self.name, why="it is too long")
        given = {name.lower(): value for name, value in request.headers.items()}
        try:
            form = parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=200)
        except ValueError:
            raise NotGenuine(gateway=self.name, why="it cannot be read") from None
        if not self._is_signed(request, form, given.get("x-twilio-signature", "")):
            raise NotGenuine(gateway=self.name, why="the signature is wrong")
        fields = dict(form)
        own = parse_qs(urlsplit(request.url).query).get("ref", [""])[0]
        return self.read([{**fields, "ref": own}])

    def reported(self, body: bytes, /) -> Sequence[DeliveryReceipt]:
        """The receipts of callbacks that were kept, a form a line, and are known to be genuine. Raises NotGenuine."""
        try:
            lines = body.decode().splitlines()
        except UnicodeDecodeError:
            raise NotGenuine(gateway=self.name, why="it cannot be read") from None
        return self.read([dict(parse_qsl(line)) for line in lines])

    def read(self, reports: Sequence[Mapping[str, Any]], /) -> Sequence[DeliveryReceipt]:
        """The receipts of callbacks that are known to be genuine. Raises NotGenuine where they cannot be read."""
        return [
            stamped(self.name, str(one.get("MessageSid") or ""), state, self.now(), own=str(one.get("ref") or ""))
            for one in reports
            if (state := _STATES.get(str(one.get("MessageStatus") or one.get("SmsStatus")))) is not None
        ]

    def _is_signed(self, request: InboundRequest, form: Sequence[tuple[str, str]], signature: str) -> bool:
        stated = parse_qs(urlsplit(request.url).query).get("bodySHA256")
        if stated is not None:
            form = ()
            if not hmac.compare_digest(sha256(request.body).hexdigest(), stated[0].lower()):
                return False
        said = "".join(f"{name}{value}" for name, value in sorted(set(form)))
        key, given = self.token.encode(), signature.encode()
        made = (hmac.new(key, f"{url}{said}".encode(), sha1).digest() for url in _with_and_without_port(request.url))
        return any(hmac.compare_digest(b64encode(one), given) for one in made)

    def _call(self, method: str, path: str, body: bytes = b"") -> HttpAnswer:
        user, secret = (self.key_id, self.key_secret) if self.key_id else (self.account, self.token)
        headers = {
            "Authorization": f"Basic {b64encode(f'{user}:{secret}'.encode()).decode()}",
            "Accept": "application/json",
        }
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        return self.endpoint.call(method, f"{_API}/{quote(self.account, safe='')}/{path}", headers, body)


def _with_and_without_port(url: str) -> Iterable[str]:
    """Twilio signs sometimes with the port and sometimes without."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    usual = 443 if parts.scheme == "https" else 80
    netloc = parts.netloc.rpartition("@")[2]
    name = netloc.rpartition(":")[0] if parts.port else netloc
    yield url
    if host:
        yield parts._replace(netloc=name).geturl()
        yield parts._replace(netloc=f"{name}:{parts.port or usual}").geturl()


def _made(one: Mapping[str, Any]) -> datetime | None:
    try:
        return parsedate_to_datetime(str(one.get("date_created"))).astimezone(UTC)
    except (TypeError, ValueError):
        return None


def _is_about(one: Mapping[str, Any], since: datetime) -> bool:
    made = _made(one)
    return made is None or abs(made - since) <= _SKEW


def _reaches(found: Sequence[object], since: datetime) -> bool:
    """Whether a full page, newest first, ends before it comes to what was made before ``since``."""
    last = found[-1]
    made = _made(last) if isinstance(last, dict) else None
    return made is None or made >= since - _SKEW


def _same(ours: str, theirs: object) -> bool:
    """Whether a text is ours: Twilio may put a sentence before it, and plainer punctuation in it."""
    mine = _folded(ours)
    return bool(mine) and mine in _folded(str(theirs or ""))


def _folded(text: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFKC", text) if one.isalnum())
