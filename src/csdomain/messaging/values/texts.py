"""What a message is made of: channels, languages, texts with placeholders, and the templates of the house."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum, unique
from typing import Final

import attrs

from csdomain.kernel.cases.delivery import RECEIVED, MessageState, own_ref
from csdomain.kernel.cases.effects import MalformedMessage, check_short
from csdomain.kernel.cases.events import utc
from csdomain.kernel.cases.occasions import Occasion
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import InvalidValue, show
from csdomain.kernel.store.kinds import storable
from csdomain.kernel.values.personal import PersonalKind, personal
from csdomain.messaging.rules import GATEWAYS, TEMPLATES

_LONGEST: Final = 2000
#: A brace that is written twice, a placeholder, or text without braces; anything else is a fault.
_TOKEN: Final = re.compile(r"(?P<brace>\{\{|\}\})|\{(?P<name>[a-z][a-z0-9_]*)\}|(?P<text>[^{}]+)")
_UP_TO_BRACE: Final = re.compile(r".[^{}]*\}?", re.DOTALL)


@unique
class Channel(Enum):
    """The way a message takes."""

    SMS = "sms"
    EMAIL = "email"
    PHONE = "phone"
    LETTER = "letter"
    IN_APP = "in_app"


@unique
class Language(Enum):
    """The languages that texts are written in: Chinese in simplified and traditional characters, English."""

    ZH_HANS = "zh_hans"
    ZH_HANT = "zh_hant"
    EN = "en"


class MalformedTemplate(InvalidValue):
    """A text that is empty, too long, or has a brace that belongs to no placeholder (MSG-01)."""

    default_rule = TEMPLATES
    problem = Text("This text is no template.", "此文本不是有效的模板。")


class UnknownPlaceholder(InvalidValue):
    """A placeholder or a value that the occasion does not know (MSG-01)."""

    default_rule = TEMPLATES
    problem = Text("The occasion knows no such placeholder.", "该场合没有这个占位符。")


class PlaceholderMissing(InvalidValue):
    """The template names a placeholder for which there is no value (MSG-01)."""

    default_rule = TEMPLATES
    problem = Text("A placeholder of the template has no value.", "模板中的占位符没有值。")


class UnfitValue(InvalidValue):
    """A value that is not what its placeholder stands for; the value itself is never told (MSG-01)."""

    default_rule = TEMPLATES
    problem = Text("The value is not of the placeholder's kind.", "该值与占位符的种类不符。")


class TemplateMissing(InvalidValue):
    """The house has no text for that occasion on that channel (MSG-01)."""

    default_rule = TEMPLATES
    problem = Text("The rulebook has no text for this occasion.", "规则手册没有此场合的文本。")


@attrs.frozen
class Slot:
    """The place of a placeholder in a text."""

    name: str


Part = str | Slot


def known(occasion: Occasion) -> str:
    """The placeholders of an occasion as they are written in a text."""
    return " ".join(f"{{{name}}}" for name in sorted(occasion.known))


def parse(text: str, occasion: Occasion) -> tuple[Part, ...]:
    """The parts of a text: what is said as it stands, and placeholders between.

    ``{{`` and ``}}`` are braces; between single braces stands the bare name of a placeholder and nothing else, so that
    no text can run code. Raises :class:`MalformedTemplate`, :class:`UnknownPlaceholder`. [MSG-01]
    """
    if not storable(text, _LONGEST) or not text.strip():
        limit = Text(f"text of 1 to {_LONGEST} characters", f"1 到 {_LONGEST} 个字符的文本")
        raise MalformedTemplate(occasion=occasion.name, known=known(occasion), accepted=limit)
    names, parts = occasion.known, list[Part]()
    place = 0
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            found = _UP_TO_BRACE.match(text, place)
            what = Text("{name}, or {{ and }} for braces", "{name}；花括号本身写作 {{ 和 }}")
            raise MalformedTemplate(
                occasion=occasion.name,
                placeholder=found[0] if found else "",
                character=place + 1,
                known=known(occasion),
                accepted=what,
            )
        place = token.end()
        name = token["name"]
        if name is None:
            said = token["text"] or token["brace"][0]
            parts[-1:] = [parts[-1] + said] if parts and isinstance(parts[-1], str) else [*parts[-1:], said]
        elif name in names:
            parts.append(Slot(name))
        else:
            raise UnknownPlaceholder(occasion=occasion.name, placeholder=f"{{{name}}}", known=known(occasion))
    return tuple(parts)


def printed(parts: Iterable[Part]) -> str:
    """The text whose parts these are: what :func:`parse` reads."""
    return "".join(
        f"{{{part.name}}}" if isinstance(part, Slot) else part.replace("{", "{{").replace("}", "}}") for part in parts
    )


@attrs.frozen
class Template:
    """The text for an occasion on a channel in a language. Raises as :func:`parse` does. [MSG-01]"""

    occasion: Occasion
    channel: Channel
    language: Language
    text: str
    parts: tuple[Part, ...] = attrs.field(init=False, repr=False, eq=False)

    @parts.default
    def _parsed(self) -> tuple[Part, ...]:
        return parse(self.text, self.occasion)


def _receipt_ref(instance: object, attribute: "attrs.Attribute[str]", value: str) -> None:
    check_short(value, attribute.name)


def _own_ref(instance: object, attribute: "attrs.Attribute[str]", value: str) -> None:
    if value != "":
        check_short(value, attribute.name)


def _receipt_state(instance: object, attribute: "attrs.Attribute[MessageState]", value: MessageState) -> None:
    if value not in RECEIVED:
        names = ", ".join(f"MessageState.{state.name}" for state in RECEIVED)
        raise MalformedMessage(field=attribute.name, given=show(value), accepted=Text(names, names))


@attrs.frozen
class DeliveryReceipt:
    """What a gateway says later of the message that it took as ``ref``: sent, delivered, undelivered; since when.

    ``own`` is our reference, where the gateway gives it back: by it a message is found whose ``ref`` is not known yet,
    and a receipt whose two references are not of one message is refused. Raises MalformedMessage, NaiveTime. [MSG-09]
    """

    ref: str = attrs.field(validator=_receipt_ref)
    state: MessageState = attrs.field(validator=_receipt_state)
    at: datetime = attrs.field(converter=utc)
    own: str = attrs.field(default="", validator=_own_ref)


@attrs.frozen(kw_only=True)
class Recipient:
    """Whom a message is for: the channel and the address there, the language, how they are called and addressed.

    ``zone`` is the IANA zone of their clock, by which quiet hours are kept; the house's where empty. It comes from the
    records that hold personal data and is kept nowhere else (D12).
    """

    channel: Channel
    address: str = personal(PersonalKind.ADDRESS)
    language: Language
    name: str = personal(PersonalKind.NAME, default="")
    title: str = ""
    zone: str = ""


@attrs.frozen(kw_only=True)
class OutgoingText:
    """A message as a gateway sends it; ``key`` is the same whenever it comes again, so that it arrives once.

    ``text`` is the whole text; ``values`` are what stands for its placeholders, for gateways that take the code of an
    approved template instead. ``resent`` is how often it was sent again by hand. ``unsubscribe`` is the address that
    ends the subscription, where the host gives such links and the message can be done without.
    """

    key: str
    occasion: str
    channel: Channel
    language: Language
    address: str = personal(PersonalKind.ADDRESS)
    text: str = personal(PersonalKind.OTHER)
    values: Mapping[str, str] = personal(PersonalKind.OTHER, factory=dict)
    resent: int = 0
    unsubscribe: str = attrs.field(default="", repr=False)

    @property
    def ref(self) -> str:
        """Our reference for the gateway: the same at every try, another once the message is sent again by hand."""
        return own_ref(self.key, self.resent)


class NotGenuine(InvalidValue):
    """A receipt that is not proven to come from the gateway, or that cannot be read (MSG-12)."""

    default_rule = GATEWAYS
    problem = Text("The receipt is not genuine.", "回执不可信。")


@attrs.frozen(kw_only=True)
class InboundRequest:
    """A request that a gateway makes to the host, as it came: the whole ``url`` that was called, headers, body.

    ``sender`` is the address of who made it, where the host knows.
    """

    url: str = attrs.field(repr=False)
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    body: bytes = attrs.field(default=b"", repr=False)
    sender: str = attrs.field(default="", repr=False)
