"""SMS by SMPP 3.4: smpplib's PDUs, our own splitting and coding, since smpplib breaks characters (extra ``smpp``).

A message centre cannot be asked whether it took a message: what it did not answer is lost, and a person decides. Its
session is kept, and asked whether it lives before it is used. Receipts come on one of their own: :meth:`Smpp.hear`.
"""

import os
import re
import select
import socket
import ssl
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from enum import Enum, unique
from threading import Lock
from typing import Any, Final

import attrs
from smpplib import consts
from smpplib.smpp import make_pdu, parse_pdu

from csdomain.frame.fields import InvalidSetting
from csdomain.kernel.cases.delivery import MessageState, Sent
from csdomain.kernel.rules.errors import DomainError
from csdomain.messaging.policies import Encoding, segments
from csdomain.messaging.values import Channel, DeliveryReceipt, NotGenuine, OutgoingText

from .answers import Codes, Fate, Gate, Now, now
from .inbound import stamped
from .numbers import e164
from .sockets import ended

#: The GSM 7-bit alphabet in the order of its codes (3GPP TS 23.038), and its extension behind the escape.
_BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = dict(zip("\f^{}\\[~]|€", b"\x0a\x14\x28\x29\x2f\x3c\x3d\x3e\x40\x65", strict=True))
_SEPTETS: Final = {
    **{character: bytes([code]) for code, character in enumerate(_BASIC)},
    **{character: bytes([0x1B, code]) for character, code in _EXTENDED.items()},
}
_CHARACTERS: Final = {code: character for character, code in _SEPTETS.items()}
_LARGEST: Final = 1 << 16
_MOST_PARTS: Final = 255
#: A session that was not used for so long is asked whether it lives before a message is put on it.
_IDLE: Final = timedelta(seconds=10)
#: In seconds: a session that only listens is asked so often.
_LISTENS: Final = 30.0
#: In seconds. A relay holds a message for two minutes.
_SLOWEST: Final = 60
_NAMES: Final = {
    getattr(consts, name): name.removeprefix("SMPP_ESME_") for name in dir(consts) if name.startswith("SMPP_ESME_")
}
CODES: Final[Codes] = {
    "RINVPASWD": Fate.REFUSED_HERE,
    "RINVSYSID": Fate.REFUSED_HERE,
    "RBINDFAIL": Fate.REFUSED_HERE,
    "RINVSRCADR": Fate.REFUSED_HERE,
    "RSUBMITFAIL": Fate.REFUSED_HERE,
    "RX_P_APPN": Fate.REFUSED_HERE,
    "RINVMSGLEN": Fate.REFUSED_CONTENT,
    "RX_R_APPN": Fate.REFUSED_CONTENT,
    "RINVDSTADR": Fate.REFUSED_ADDRESSEE,
    "RINVDSTTON": Fate.REFUSED_ADDRESSEE,
    "RINVDSTNPI": Fate.REFUSED_ADDRESSEE,
    "RTHROTTLED": Fate.THROTTLED,
    "RMSGQFUL": Fate.THROTTLED,
    "RSYSERR": Fate.THROTTLED,
    "RALYBND": Fate.THROTTLED,
    "RX_T_APPN": Fate.THROTTLED,
    "RUNKNOWNERR": Fate.UNKNOWN,
}
_STATES: Final = {
    **dict.fromkeys(("DELIVRD", 2), MessageState.DELIVERED),
    **dict.fromkeys(("ENROUTE", 1, "ACCEPTD", 6), MessageState.SENT),
    **dict.fromkeys(("EXPIRED", 3, "DELETED", 4, "UNDELIV", 5, "REJECTD", 8), MessageState.UNDELIVERED),
}
_SAID: Final = re.compile(rb"\bid:(?P<id>[^\s]{1,65}).*?\bstat:(?P<stat>[A-Za-z]{1,10})", re.DOTALL | re.IGNORECASE)
_RECEIPT: Final = 0x04
_SENDER: Final = re.compile(r"\+?[0-9]{1,20}|[ -~]{1,11}", re.ASCII)


@unique
class Long(Enum):
    """How the parts of a long text say that they are of one: by a header in front of each, by parameters beside it, or
    as one payload that the centre cuts."""

    UDH = "udh"
    SAR = "sar"
    PAYLOAD = "payload"


@unique
class Security(Enum):
    """Whether a session is secret from its beginning; SMPP itself has nothing for that, so else a tunnel has to be."""

    TLS = "tls"
    NONE = "none"


@unique
class Ids(Enum):
    """How receipts write ids: as the answers do, or in decimal where the answers are hexadecimal."""

    SAME = "same"
    DECIMAL = "decimal"


class _Refused(Exception):
    """An answer that says no, by its code."""


def _fits(pattern: re.Pattern[str]) -> Callable[[Any, "attrs.Attribute[str]", str], None]:
    def check(_: object, attribute: "attrs.Attribute[str]", value: str) -> None:
        if not pattern.fullmatch(value):
            raise InvalidSetting(field=attribute.name)

    return check


def _printable(longest: int, least: int = 0) -> Any:
    return _fits(re.compile(rf"[!-~]{{{least},{longest}}}", re.ASCII))


def _within(least: float, most: float) -> Callable[[Any, "attrs.Attribute[Any]", Any], None]:
    def check(_: object, attribute: "attrs.Attribute[Any]", value: float) -> None:
        if not least <= value <= most:
            raise InvalidSetting(field=attribute.name, given=str(value), maximum=most)

    return check


@attrs.frozen(kw_only=True)
class Smpp:
    """A gateway by a message centre that speaks SMPP 3.4.

    ``sender`` is a number in E.164, a short code, or a name of up to 11 characters. ``timeout`` is in seconds, for
    each answer. Passwords have at most 8 characters: the protocol has no room for more. Raises InvalidSetting.
    """

    channel: Channel = attrs.field(default=Channel.SMS, init=False)
    host: str = attrs.field(validator=_printable(253, 1))
    port: int = attrs.field(default=2775, validator=_within(1, 65535))
    security: Security = Security.TLS
    system_id: str = attrs.field(validator=_printable(15, 1))
    password: str = attrs.field(default="", repr=False, validator=_printable(8))
    system_type: str = attrs.field(default="", validator=_printable(12))
    sender: str = attrs.field(validator=_fits(_SENDER))
    long: Long = Long.UDH
    ids: Ids = Ids.SAME
    timeout: float = attrs.field(default=15.0, validator=_within(0.1, _SLOWEST))
    context: ssl.SSLContext | None = attrs.field(default=None, repr=False, eq=False)
    now: Now = attrs.field(default=now, repr=False)
    name: str = "smpp"
    _kept: "_Kept" = attrs.field(factory=lambda: _Kept(), init=False, repr=False, eq=False)

    @property
    def _gate(self) -> Gate:
        return Gate(self.name, CODES, self.now)

    def deliver(self, text: OutgoingText, /) -> Sent:
        """Send the text, in as many parts as it takes; a receipt is asked for with the last. Raises what a gateway
        raises: once a part was taken, nothing is known of the message where another was not."""
        gate = self._gate
        to = e164(gate, text.address)
        parts = list(self._parts(text))
        if len(parts) > _MOST_PARTS:
            raise gate.failed(Fate.REFUSED_CONTENT, "too many parts")
        with self._kept.lock:
            link = self._link(gate)
            id, count = "", 0
            try:
                for part in parts:
                    given = {**part, "registered_delivery": int(count + 1 == len(parts))}
                    id = _text(link.ask("submit_sm", **self._from_to(to), **given).message_id)
                    count += 1
            except _Refused as error:
                if str(error) == "RINVBNDSTS":  # the centre knows of no session any more
                    self._kept.drop()
                if count:
                    raise gate.failed(Fate.UNKNOWN, f"part {count + 1} of {len(parts)}: {error}") from None
                raise gate.judged(str(error), 400) from None
            except Exception as error:  # noqa: BLE001 - it may have been written, whatever it is
                self._kept.drop()
                raise gate.failed(Fate.UNKNOWN, type(error).__name__) from None
            self._kept.used = self.now()
        return gate.taken(self._id(id, 16), len(parts) if self.long is not Long.PAYLOAD else self._count(text))

    def hear(
        self,
        take: Callable[[DeliveryReceipt], object],
        seconds: float,
        reply: Callable[[str, str], object] | None = None,
    ) -> int:
        """Listen for receipts for so many seconds, and hand each to ``take``; how many it took.

        The centre is told so when ``take`` has returned, and to say it again later where it raised: a receipt may come
        before the relay has noted its message. ``reply`` is told number and text of a message that came from a phone.
        Raises DeliveryFailed where there is no session.
        """
        link, taken = self._bound(self._gate, "bind_receiver"), 0
        try:
            with ended(lambda: link.sock, seconds):
                while (came := link.next(seconds)) is not None:
                    good = self._heard(came, take, reply)
                    taken += bool(good)
                    link.answer(came, consts.SMPP_ESME_ROK if good is not False else consts.SMPP_ESME_RX_T_APPN)
        except (OSError, EOFError, _Refused):  # the time is over, or the link is lost: whoever listens begins again
            return taken
        finally:
            link.close()
        return taken

    def close(self) -> None:
        """End the session that is kept; another is made where one is needed."""
        with self._kept.lock:
            self._kept.drop()

    # --- what is sent
    def _count(self, text: OutgoingText) -> int:
        return len(segments(text.text).parts)

    def _parts(self, text: OutgoingText) -> Iterator[Mapping[str, Any]]:
        """What each submit_sm has of the text."""
        found = segments(text.text)
        coding = consts.SMPP_ENCODING_DEFAULT if found.encoding is Encoding.GSM7 else consts.SMPP_ENCODING_ISO10646
        number, total = int(text.ref[:4], 16), len(found.parts)
        about = {"data_coding": coding, "esm_class": 0, "user_message_reference": number}
        if total > 1 and self.long is Long.PAYLOAD:
            yield {**about, "short_message": b"", "message_payload": _coded(text.text, found.encoding)}
            return
        for place, part in enumerate(found.parts, 1):
            said = _coded(part, found.encoding)
            if total > 1 and self.long is Long.UDH:
                header = bytes([5, 0, 3, number & 0xFF, total & 0xFF, place & 0xFF])
                yield {**about, "esm_class": consts.SMPP_GSMFEAT_UDHI, "short_message": header + said}
            elif total > 1:
                of = {"sar_msg_ref_num": number, "sar_total_segments": total, "sar_segment_seqnum": place}
                yield {**about, "short_message": said, **of}
            else:
                yield {**about, "short_message": said}

    def _from_to(self, to: str) -> Mapping[str, Any]:
        digits = self.sender.removeprefix("+")
        kind = (1, 1) if self.sender.startswith("+") else (3, 0) if digits.isdecimal() else (5, 0)
        return {
            "source_addr": digits,
            "source_addr_ton": kind[0],
            "source_addr_npi": kind[1],
            "destination_addr": to.removeprefix("+"),
            "dest_addr_ton": 1,
            "dest_addr_npi": 1,
        }

    # --- sessions
    def _link(self, gate: Gate) -> "_Link":
        """A session that lives. Raises DeliveryFailed, Postponed: nothing was written yet."""
        found = self._kept.link()
        try:
            if found is not None and found.lives(ask=self.now() - self._kept.used > _IDLE):
                return found
        except Exception:  # noqa: BLE001, S110 - it does not live, whatever it is, and no message was on it
            pass
        self._kept.drop()
        made = self._bound(gate, "bind_transmitter")
        self._kept.keep(made, self.now())
        return made

    def _bound(self, gate: Gate, how: str) -> "_Link":
        link: _Link | None = None
        try:
            link = _Link(self._connected(), self.timeout)
            link.ask(how, system_id=self.system_id, password=self.password, system_type=self.system_type)
        except Exception as error:  # noqa: BLE001 - no message was written, whatever it is
            if link is not None:
                link.close()
            if not isinstance(error, _Refused):
                raise gate.failed(Fate.NOT_TAKEN, type(error).__name__) from None
            later = CODES.get(str(error)) is Fate.THROTTLED
            raise gate.failed(Fate.THROTTLED if later else Fate.REFUSED_HERE, str(error)) from None
        return link

    def _connected(self) -> socket.socket:
        sock = socket.create_connection((self.host, self.port), self.timeout)
        if self.security is Security.NONE:
            return sock
        return (self.context or ssl.create_default_context()).wrap_socket(sock, server_hostname=self.host)

    # --- what is heard
    def _heard(self, came: Any, take: Any, reply: Any) -> bool | None:
        """True: it was taken; False: it is to come again; None: it says nothing to us."""
        said: bytes = came.short_message or came.message_payload or b""
        try:
            if (came.esm_class or 0) & _RECEIPT or came.receipted_message_id:
                found = self._receipt(came, said)
                if found is None:
                    return None
                take(found)
                return True
            if reply is not None:
                reply(f"+{_text(came.source_addr).removeprefix('+')}", _decoded(said, came.data_coding or 0))
        except NotGenuine:
            return None
        except DomainError:
            return False
        return None

    def _receipt(self, came: Any, said: bytes) -> DeliveryReceipt | None:
        """A receipt, by its parameters where it has them, else by its text; None where its state says nothing."""
        found = _SAID.search(said)
        stat = came.message_state or (found["stat"].decode().upper() if found else "")
        id = _text(came.receipted_message_id) or (_text(found["id"]) if found else "")
        state = _STATES.get(stat)
        return None if state is None else stamped(self.name, self._id(id, 10), state, self.now())

    def _id(self, id: str, base: int) -> str:
        if self.ids is Ids.DECIMAL:
            with suppress(ValueError):
                return str(int(id, base))
        return id


class _Kept:
    """The session that a gateway keeps, for one process and one thread at a time."""

    def __init__(self) -> None:
        self.lock = Lock()
        self._link: _Link | None = None
        self._pid = 0
        self.used: datetime

    def link(self) -> "_Link | None":
        """The session; none of the process that this one was forked from."""
        if self._pid != os.getpid():
            self.drop()
        return self._link

    def keep(self, link: "_Link", at: datetime) -> None:
        self._link, self._pid, self.used = link, os.getpid(), at

    def drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()


class _Link:
    """A session over a socket: requests and their answers, one after the other."""

    def __init__(self, sock: socket.socket, timeout: float) -> None:
        self.sock = sock
        self._timeout = timeout
        self.sequence = 0  # smpplib asks its client for it

    def next_sequence(self) -> int:
        """The number of the next request."""
        self.sequence = self.sequence % 0x7FFFFFFF + 1
        return self.sequence

    def ask(self, command: str, **given: Any) -> Any:
        """Send a request; its answer. Raises _Refused for one that says no, OSError, EOFError."""
        pdu = make_pdu(command, client=self, **given)
        with ended(lambda: self.sock, self._timeout):
            self.sock.settimeout(self._timeout)
            self.sock.sendall(pdu.generate())
            while True:
                came = self._read()
                if came.sequence == pdu.sequence and came.command in (f"{command}_resp", "generic_nack"):
                    break
                self._see_to(came)
        if came.status or came.command == "generic_nack":
            raise _Refused(_NAMES.get(came.status, f"0x{came.status:08x}"))
        return came

    def lives(self, *, ask: bool) -> bool:
        """Whether the session is not ended: by what has come meanwhile, and where wished by asking."""
        while self._has_come(0):
            self._see_to(self._read())
        if ask:
            self.ask("enquire_link")
        return True

    def next(self, seconds: float) -> Any:
        """The next request that is not of the session itself; None where it did not come in time."""
        while True:
            if not self._has_come(min(seconds, _LISTENS)):
                if seconds <= _LISTENS:
                    return None
                self.ask("enquire_link")
                continue
            self.sock.settimeout(self._timeout)
            came = self._read()
            if came.command == "deliver_sm":
                return came
            self._see_to(came)

    def answer(self, came: Any, status: int = consts.SMPP_ESME_ROK) -> None:
        """Answer a request."""
        pdu = make_pdu(f"{came.command}_resp", client=self)
        pdu.sequence, pdu.status = came.sequence, status
        self.sock.sendall(pdu.generate())

    def close(self) -> None:
        """End it."""
        with suppress(OSError):
            self.sock.close()

    def __del__(self) -> None:
        self.close()

    def _has_come(self, within: float) -> bool:
        held = self.sock.pending() if isinstance(self.sock, ssl.SSLSocket) else 0
        return bool(held or select.select([self.sock], [], [], within)[0])

    def _see_to(self, came: Any) -> None:
        if came.command in ("enquire_link", "unbind"):
            self.answer(came)
        elif came.command == "deliver_sm":  # on a session that only sends: it is to come on the other one
            self.answer(came, consts.SMPP_ESME_RX_T_APPN)
        if came.command == "unbind":
            raise EOFError

    def _read(self) -> Any:
        head = self._exactly(4)
        (length,) = struct.unpack(">L", head)
        if not 16 <= length <= _LARGEST:
            raise EOFError
        said = head + self._exactly(length - 4)
        try:
            return parse_pdu(said, client=self, allow_unknown_opt_params=True)
        except Exception:  # noqa: BLE001 - smpplib raises whatever comes of bytes that are no PDU
            raise EOFError from None

    def _exactly(self, count: int) -> bytes:
        found = bytearray()
        while len(found) < count:
            more = self.sock.recv(count - len(found))
            if not more:
                raise EOFError
            found += more
        return bytes(found)


def _text(said: bytes | str | None) -> str:
    """What stands in a field of a PDU, without its end."""
    return (said or b"").decode("ascii", "replace").rstrip("\0") if not isinstance(said, str) else said


def _coded(text: str, encoding: Encoding) -> bytes:
    if encoding is Encoding.UCS2:
        return text.encode("utf-16-be")
    return b"".join(map(_SEPTETS.__getitem__, text))


def _decoded(said: bytes, coding: int) -> str:
    """What came from a phone."""
    if coding == consts.SMPP_ENCODING_ISO10646:
        return said.decode("utf-16-be", "replace")
    if coding == consts.SMPP_ENCODING_DEFAULT:
        found = re.findall(rb"\x1b?.", said, re.DOTALL)
        return "".join(_CHARACTERS.get(one, "?") for one in found)
    return said.decode("latin-1")
