"""Receipts as vendors post them: proof that they come from there, and reading them."""

import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address, ip_network
from typing import Any, Final
from urllib.parse import urlsplit

import attrs

from csdomain.frame.fields import InvalidSetting
from csdomain.kernel.cases.delivery import MessageState
from csdomain.kernel.cases.effects import MalformedMessage
from csdomain.kernel.rules.errors import NaiveTime
from csdomain.messaging.values import DeliveryReceipt, InboundRequest, NotGenuine

_CHINA: Final = timezone(timedelta(hours=8))
_LARGEST: Final = 1 << 20
_SHORTEST_TOKEN: Final = 16


def _token(instance: object, attribute: "attrs.Attribute[str]", value: str) -> None:
    if len(value) < _SHORTEST_TOKEN or not value.isascii() or not value.isalnum():
        raise InvalidSetting(field=f"hook.{attribute.name}", minimum=_SHORTEST_TOKEN)


def _networks(instance: object, attribute: "attrs.Attribute[tuple[str, ...]]", value: tuple[str, ...]) -> None:
    try:
        _ = [ip_network(one) for one in value]
    except ValueError:
        raise InvalidSetting(field=f"hook.{attribute.name}", given=value) from None


@attrs.frozen
class Hook:
    """What proves a receipt of a vendor that does not sign: the last part of the path, known to nobody else, and the
    networks that it comes from (any where none is named). Raises InvalidSetting."""

    token: str = attrs.field(repr=False, validator=_token)
    networks: tuple[str, ...] = attrs.field(default=(), validator=_networks)

    def proves(self, request: InboundRequest) -> bool:
        """Whether a request has the token, and comes from one of the networks."""
        last = urlsplit(request.url).path.rpartition("/")[2]
        known = hmac.compare_digest(last.encode(), self.token.encode())
        return known and (not self.networks or _within(request.sender, self.networks))


def _within(sender: str, networks: Sequence[str]) -> bool:
    try:
        address = ip_address(sender)
    except ValueError:
        return False
    return any(address in ip_network(one) for one in networks)


def records(gateway: str, hook: Hook | None, request: InboundRequest) -> Sequence[Mapping[str, Any]]:
    """The objects of the JSON list that a vendor posts. Raises NotGenuine."""
    if hook is None:
        raise NotGenuine(gateway=gateway, why="no hook is set")
    if not hook.proves(request):
        raise NotGenuine(gateway=gateway, why="the token or the sender is wrong")
    return read_list(gateway, request.body)


def read_list(gateway: str, body: bytes) -> Sequence[Mapping[str, Any]]:
    """A JSON list of objects. Raises NotGenuine."""
    try:
        found = json.loads(body) if len(body) <= _LARGEST else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise NotGenuine(gateway=gateway, why="no list of receipts")
    return found


def stamped(gateway: str, id: str, state: MessageState, at: object, *, own: str = "") -> DeliveryReceipt:
    """A receipt of a vendor's id and local time in China. Raises NotGenuine where it cannot be read."""
    try:
        when = at if isinstance(at, datetime) else datetime.fromisoformat(str(at)).replace(tzinfo=_CHINA)
        if not id:
            raise ValueError
        return DeliveryReceipt(f"{gateway}:{id}", state, when, own)
    except (ValueError, OverflowError, MalformedMessage, NaiveTime):
        raise NotGenuine(gateway=gateway, why="no id or no time in a receipt") from None
