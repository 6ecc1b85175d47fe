"""E-mail by SMTP, over the standard library.

A server cannot be asked whether it took a message: what it did not answer after the last line is lost, and a person
decides. ``Message-ID`` is our reference, so that many servers drop a twin.
"""

import re
import smtplib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import Enum, unique
from typing import Any, Final

import attrs

from csdomain.frame.fields import InvalidSetting
from csdomain.kernel.cases.delivery import Sent
from csdomain.messaging.values import Channel, Language, OutgoingText

from .answers import Codes, Fate, Gate, Now, now
from .sockets import ended, is_loopback

_ADDRESS: Final = re.compile(r"[^\s@<>\"(),;:\\\[\]\x00-\x1f\x7f]{1,64}@[^\W_](?:[\w-]*\.)*[\w-]*[^\W_]")
_LONGEST: Final = 254
_SUBJECT_LONGEST: Final = 120
#: In seconds. A relay holds a message for two minutes.
_SLOWEST: Final = 120
#: An enhanced status code (RFC 3463) at the beginning of a reply.
_ENHANCED: Final = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}\b", re.ASCII)

#: By the step that was answered, its code and enhanced code.
CODES: Final[Codes] = {
    "rcpt 5*": Fate.REFUSED_ADDRESSEE,
    "rcpt 550 5.7.*": Fate.REFUSED_HERE,
    "rcpt 554 5.7.*": Fate.REFUSED_HERE,
    "rcpt 530*": Fate.REFUSED_HERE,
    "data 5*": Fate.REFUSED_CONTENT,
    "connect 5*": Fate.REFUSED_HERE,
    "hello 5*": Fate.REFUSED_HERE,
    "auth 5*": Fate.REFUSED_HERE,
    "mail 5*": Fate.REFUSED_HERE,
    "connect 4*": Fate.THROTTLED,
    "hello 4*": Fate.THROTTLED,
    "auth 4*": Fate.THROTTLED,
    "mail 4*": Fate.THROTTLED,
    "rcpt 4*": Fate.THROTTLED,
    "data 4*": Fate.THROTTLED,
}


@unique
class Security(Enum):
    """How a connection is made secret: from its beginning, by STARTTLS, or not at all, which only this machine may."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class _Answered(Exception):
    """A reply that is not the one wanted."""


def _sender(instance: object, attribute: "attrs.Attribute[str]", value: str) -> None:
    if not _is_address(value) or not value.isascii():
        raise InvalidSetting(field=attribute.name)


def _subjects(instance: object, attribute: "attrs.Attribute[Any]", value: Mapping[Language, str]) -> None:
    lines = [text for text in value.values() if text.strip() and text.isprintable() and len(text) <= _SUBJECT_LONGEST]
    if not lines or len(lines) != len(value):
        raise InvalidSetting(field=attribute.name, maximum=_SUBJECT_LONGEST)


def _security(instance: "Smtp", attribute: "attrs.Attribute[Security]", value: Security) -> None:
    if value is Security.NONE and not is_loopback(instance.host):
        raise InvalidSetting(field=attribute.name, given=value)


def _port(instance: object, attribute: "attrs.Attribute[int]", value: int) -> None:
    if not 0 < value < 1 << 16:
        raise InvalidSetting(field=attribute.name, given=value, minimum=1, maximum=(1 << 16) - 1)


def _timeout(instance: object, attribute: "attrs.Attribute[float]", value: float) -> None:
    if not 0 < value <= _SLOWEST:
        raise InvalidSetting(field=attribute.name, given=str(value), maximum=_SLOWEST)


@attrs.frozen(kw_only=True)
class Smtp:
    """A gateway by a mail server.

    ``sender`` is the address that messages are from, ``shown`` the name beside it; ``subjects`` by language (our texts
    have none). ``timeout`` is in seconds, for each step; a message takes at most four times as long. Raises
    InvalidSetting.
    """

    channel: Channel = attrs.field(default=Channel.EMAIL, init=False)
    host: str
    port: int = attrs.field(default=587, validator=_port)
    security: Security = attrs.field(default=Security.STARTTLS, validator=_security)
    user: str = ""
    password: str = attrs.field(default="", repr=False)
    sender: str = attrs.field(validator=_sender)
    shown: str = ""
    subjects: Mapping[Language, str] = attrs.field(validator=_subjects)
    timeout: float = attrs.field(default=15.0, validator=_timeout)
    context: ssl.SSLContext | None = attrs.field(default=None, repr=False, eq=False)
    now: Now = attrs.field(default=now, repr=False)
    name: str = "smtp"

    @property
    def _gate(self) -> Gate:
        return Gate(self.name, CODES, self.now)

    def deliver(self, text: OutgoingText, /) -> Sent:
        """Send the text as an e-mail. Raises what a gateway raises."""
        gate = self._gate
        if not _is_address(text.address):
            raise gate.failed(Fate.REFUSED_ADDRESSEE, "no e-mail address")
        to = _in_ascii(text.address)
        message, written = _quoted(self._message(text, to)), False
        try:
            with self._session() as session:
                _wanted("mail", session.mail(self.sender), 250)
                _wanted("rcpt", session.rcpt(to), 250, 251)
                _wanted("data", session.docmd("DATA"), 354)
                written = True
                session.send(message)
                _wanted("data", session.getreply(), 250)
        except _Answered as error:
            raise gate.judged(str(error), 500 if written else 400) from None
        except Exception as error:  # noqa: BLE001 - whatever it is, it is known whether the message was on its way
            fate = Fate.UNKNOWN if written else Fate.NOT_TAKEN
            raise gate.failed(fate, type(error).__name__) from None
        return Sent()

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        """A session that is connected, secret and logged in; what its end answers says nothing any more."""
        context = self.context or ssl.create_default_context()
        name = self.sender.rpartition("@")[2]  # to ask the system for this machine's name may take seconds
        if self.security is Security.TLS:
            session: smtplib.SMTP = smtplib.SMTP_SSL(local_hostname=name, timeout=self.timeout, context=context)
        else:
            session = smtplib.SMTP(local_hostname=name, timeout=self.timeout)
        session._host = self.host  # type: ignore[attr-defined]  # noqa: SLF001 - as its constructor does, for TLS
        try:
            reply = session.connect(self.host, self.port)
            with ended(lambda: session.sock, 4 * self.timeout):  # STARTTLS puts another in its place
                _wanted("connect", reply, 220)
                _wanted("hello", session.ehlo(), 250)
                if self.security is Security.STARTTLS:
                    _wanted("hello", session.starttls(context=context), 220)
                    _wanted("hello", session.ehlo(), 250)
                if self.user:
                    self._log_in(session)
                yield session
                with suppress(Exception):
                    if session.sock is not None:
                        session.sock.settimeout(1)
                    session.docmd("QUIT")
        finally:
            session.close()

    def _log_in(self, session: smtplib.SMTP) -> None:
        try:
            session.login(self.user, self.password)
        except smtplib.SMTPAuthenticationError as error:
            raise _Answered(_code("auth", error.smtp_code, error.smtp_error)) from None

    def _message(self, text: OutgoingText, to: str) -> bytes:
        message = EmailMessage(policy=SMTP)
        message["From"] = Address(self.shown, addr_spec=self.sender)
        message["To"] = Address(addr_spec=to)
        message["Subject"] = self.subjects.get(text.language) or next(iter(self.subjects.values()))
        message["Date"] = format_datetime(self.now())
        message["Message-ID"] = f"<{text.ref}@{self.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text.text, cte="quoted-printable" if text.text.isascii() else "base64")
        return _unsubscribing(text.unsubscribe) + message.as_bytes()


def _unsubscribing(link: str) -> bytes:
    """The lines by which a reader ends the subscription at one click (RFC 2369, RFC 8058).

    By hand: the standard library would write a long address as encoded words, which no reader takes for one.
    """
    if not link:
        return b""
    return f"List-Unsubscribe: <{link}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n".encode("ascii")


def _in_ascii(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.encode('idna').decode()}"


def _is_address(text: str) -> bool:
    """Whether a text is an address that every server takes: what stands before the @ is ASCII."""
    if len(text) > _LONGEST or not _ADDRESS.fullmatch(text) or not text.rpartition("@")[0].isascii():
        return False
    try:
        return bool(_in_ascii(text))
    except UnicodeError:
        return False


def _quoted(message: bytes) -> bytes:
    """A message as it stands after DATA: a dot at the beginning of a line is doubled, and a single one ends it."""
    return re.sub(rb"(?m)^\.", b"..", message).removesuffix(b"\r\n") + b"\r\n.\r\n"


def _wanted(step: str, reply: tuple[int, bytes], *codes: int) -> None:
    if reply[0] not in codes:
        if reply[0] == -1:
            raise smtplib.SMTPServerDisconnected
        raise _Answered(_code(step, *reply))


def _code(step: str, code: int, said: bytes | str) -> str:
    """Step, code and enhanced code: never the server's own words, which name the addressee."""
    found = _ENHANCED.match(said if isinstance(said, str) else said.decode("ascii", "replace"))
    return f"{step} {code} {found[0]}" if found else f"{step} {code}"
