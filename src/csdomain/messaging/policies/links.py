"""The link that ends a subscription: signed by the host, for this one purpose (MSG-10, D26)."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

import attrs

from csdomain.kernel.cases.effects import MessageClass
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import aware
from csdomain.messaging.values import Channel, LinkRefused

_PURPOSE: Final = "csdomain.unsubscribe.1"
_KEY_LEAST: Final = 16
_LONGEST: Final = 600
_FORGED: Final = Text("a link as it was sent", "未经改动的链接")


@attrs.frozen(kw_only=True)
class Unsubscription:
    """What a link says: the customer wants no more of a class by a channel; it can be used before ``until``."""

    house: str
    customer: str
    klass: MessageClass
    channel: Channel
    until: datetime


def token(key: bytes, wanted: Unsubscription) -> str:
    """The signed part of a link. ``key`` is the host's secret, at least 16 bytes. Raises LinkRefused. [MSG-10]"""
    until = str(int(wanted.until.timestamp()))
    parts = [wanted.house, wanted.customer, wanted.klass.value, wanted.channel.value, until]
    said = json.dumps(parts, separators=(",", ":"), ensure_ascii=False).encode()
    return f"{_text(said)}.{_text(_mark(key, said))}"


def unsubscription(key: bytes, given: str, house: str, now: datetime) -> Unsubscription:
    """What a link says. Raises :class:`LinkRefused` for one that is forged, expired, or of another house. [MSG-10]"""
    said, _, mark = given.partition(".") if isinstance(given, str) and len(given) <= _LONGEST else ("", "", "")
    try:
        body, signed = _bytes(said), _bytes(mark)
    except ValueError:
        body, signed = b"", b""
    if not body or not hmac.compare_digest(signed, _mark(key, body)):
        raise LinkRefused(field="signature", accepted=_FORGED)
    whose, customer, klass, channel, until = json.loads(body)
    if whose != house:
        raise LinkRefused(field="house", accepted=Text(f"a link of {house}", f"{house} 的链接"))
    end = datetime.fromtimestamp(int(until), UTC)
    if aware(now) >= end:
        raise LinkRefused(field="until", given=end, accepted=Text("a link that has not run out", "未过期的链接"))
    what, through = MessageClass(klass), Channel(channel)
    return Unsubscription(house=house, customer=customer, klass=what, channel=through, until=end)


def check_key(key: bytes) -> None:
    """Refuse a key that is too short to keep a secret. Raises LinkRefused."""
    if not isinstance(key, bytes) or len(key) < _KEY_LEAST:
        accepted = Text(f"{_KEY_LEAST} bytes or more", f"至少 {_KEY_LEAST} 字节")
        raise LinkRefused(field="key", accepted=accepted)


def _mark(key: bytes, said: bytes) -> bytes:
    check_key(key)
    return hmac.digest(key, f"{_PURPOSE}\n".encode() + said, sha256)


def _text(of: bytes) -> str:
    return urlsafe_b64encode(of).decode().rstrip("=")


def _bytes(of: str) -> bytes:
    found = urlsafe_b64decode(of + "=" * (-len(of) % 4))
    if _text(found) != of:  # base64 takes more than one text for the same bytes
        raise ValueError(of)
    return found
