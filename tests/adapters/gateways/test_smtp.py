"""E-mail over real sockets: what a mail server is sent, and what each of its answers means (MSG-12)."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTPUTF8
from pathlib import Path
from typing import Any

import attrs
import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from adapters.gateways.test_sms import means, nobody
from csdomain.frame.fields import InvalidSetting
from csdomain.kernel.cases.delivery import (
    DeliveryFailed,
    DeliveryUnknown,
    Postponed,
    Sent,
    Suppressed,
)
from csdomain.kernel.rules import PORTS
from csdomain.messaging.rules import GATEWAYS, OUTBOX
from csdomain.messaging.values import Channel, Language, OutgoingText
from csdomain.testing import Arrival, GatewayContract, GatewayDeathsContract, MovableClock
from csdomain.testing.messages import TEXT as SMS
from csdomain_adapters.gateways.answers import Fate
from csdomain_adapters.gateways.smtp import CODES, Security, Smtp

pytestmark = [pytest.mark.rule(GATEWAYS), pytest.mark.filterwarnings("ignore::DeprecationWarning")]

TEXT = attrs.evolve(SMS, channel=Channel.EMAIL, address="wang@example.com")
SUBJECTS = {Language.ZH_HANS: "青藤客服：您的投诉已受理", Language.EN: "Your complaint"}
PASSWORD = "pa55-of-ours"  # noqa: S105


def said(mail: EmailMessage) -> str:
    """The text of a mail; its lines end as a mail's do."""
    return str(mail.get_content()).replace("\r\n", "\n").removesuffix("\n")


class Mailbox:
    """A mail server's mailbox; ``says`` is what it answers at a step, ``hang`` and ``close`` among it."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.to: list[str] = []
        self.says: dict[str, str] = {}

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        envelope.mail_from = address
        return self.says.get("mail", "250 OK")

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        envelope.rcpt_tos.append(address)
        return self.says.get("rcpt", "250 OK")

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        said = self.says.get("data", "250 OK")
        if not said[0].isdigit() or said[0] == "2":
            self.raw.append(envelope.content)
            self.to.extend(envelope.rcpt_tos)
        if said == "hang":
            await asyncio.sleep(3)
        while said == "drip" and not server.transport.is_closing():
            server.transport.write(b"250-still at it\r\n")
            await asyncio.sleep(0.1)
        if said == "close":
            server.transport.close()
        return said if said[0].isdigit() else "250 OK"

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=SMTPUTF8) for raw in self.raw]

    def arrived(self) -> list[Arrival]:
        return [
            Arrival(str(mail["Message-ID"]).strip("<>").partition("@")[0], to, said(mail))
            for mail, to in zip(self.mails, self.to, strict=True)
        ]


@contextmanager
def served(box: Mailbox, *, tls: ssl.SSLContext | None = None, **options: Any) -> Iterator[int]:
    """The port at which a mailbox listens; with ``tls`` it is secret from the beginning."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def begin() -> asyncio.Server:
        return await loop.create_server(lambda: SMTP(box, hostname="here", **options), "127.0.0.1", 0, ssl=tls)

    async def end(server: asyncio.Server) -> None:
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    server = asyncio.run_coroutine_threadsafe(begin(), loop).result(20)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(end(server), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()


def made(port: int, **changes: Any) -> Smtp:
    given: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "security": Security.NONE,
        "sender": "service@example.org",
        "shown": "青藤客服",
        "subjects": SUBJECTS,
        "timeout": 10,
        "now": MovableClock().now,
    }
    return Smtp(**{**given, **changes})


@pytest.fixture
def box() -> Mailbox:
    return Mailbox()


@pytest.fixture
def port(box: Mailbox) -> Iterator[int]:
    with served(box) as port:
        yield port


def raised(gateway: Smtp, text: OutgoingText = TEXT) -> Exception:
    with pytest.raises((DeliveryFailed, DeliveryUnknown, Postponed, Suppressed)) as caught:
        gateway.deliver(text)
    for secret in (TEXT.address, TEXT.text, PASSWORD):
        assert secret not in f"{caught.value}{caught.value!r}{vars(caught.value)}"
    return caught.value


@pytest.mark.rule(PORTS, OUTBOX)
class TestSmtp(GatewayContract):
    @pytest.fixture
    def gateway(self, port: int) -> Smtp:
        return made(port, timeout=20)

    @pytest.fixture
    def arrived(self, box: Mailbox) -> Callable[[], Sequence[Arrival]]:
        return box.arrived

    @pytest.fixture
    def text(self) -> OutgoingText:
        return TEXT

    @pytest.fixture
    def broken(self) -> Smtp:
        return made(int(nobody().rpartition(":")[2]))

    @pytest.fixture
    def unanswered(self, box: Mailbox, port: int) -> Smtp:
        box.says["data"] = "close"
        return made(port)


@pytest.mark.rule(PORTS, OUTBOX)
@pytest.mark.faults
class TestSmtpUnderDeaths(GatewayDeathsContract):
    @pytest.fixture
    def gateway(self, port: int) -> Smtp:
        return made(port, timeout=20)

    @pytest.fixture
    def arrived(self, box: Mailbox) -> Callable[[], Sequence[Arrival]]:
        return box.arrived

    @pytest.fixture
    def text(self) -> OutgoingText:
        return TEXT

    @pytest.fixture
    def stride(self) -> int:
        return 8


# --- what an answer means ---------------------------------------------------------------------------------------------

#: What the server says at which step, and what it means.
SAID = {
    ("mail", "550 5.7.1 not you"): Fate.REFUSED_HERE,
    ("mail", "530 5.7.0 authenticate"): Fate.REFUSED_HERE,
    ("mail", "421 4.3.2 later"): Fate.THROTTLED,
    ("rcpt", f"550 5.1.1 <{TEXT.address}> unknown"): Fate.REFUSED_ADDRESSEE,
    ("rcpt", "550 no such user"): Fate.REFUSED_ADDRESSEE,
    ("rcpt", "553 5.1.3 bad"): Fate.REFUSED_ADDRESSEE,
    ("rcpt", "550 5.7.1 relay denied"): Fate.REFUSED_HERE,
    ("rcpt", "450 4.7.1 greylisted"): Fate.THROTTLED,
    ("rcpt", "452 4.2.2 full"): Fate.THROTTLED,
    ("data", "552 5.3.4 too large"): Fate.REFUSED_CONTENT,
    ("data", "554 5.7.1 spam"): Fate.REFUSED_CONTENT,
    ("data", "451 4.3.0 later"): Fate.THROTTLED,
    ("data", "hang"): Fate.UNKNOWN,
    ("data", "close"): Fate.UNKNOWN,
}


@pytest.mark.parametrize(("step", "said"), SAID)
def test_what_a_server_says_at_a_step_means(box: Mailbox, port: int, step: str, said: str) -> None:
    box.says[step] = said
    expected = SAID[step, said]
    if expected is Fate.REFUSED_CONTENT:
        expected = Fate.REFUSED_ADDRESSEE  # both are final
    assert means(raised(made(port, timeout=0.5 if said == "hang" else 10))) is expected
    assert len(box.raw) == (expected is Fate.UNKNOWN)


def test_every_row_of_the_table_is_of_a_step_that_there_is() -> None:
    steps = {code.split()[0] for code in CODES}
    assert steps == {"connect", "hello", "auth", "mail", "rcpt", "data"}
    assert {step for step, _ in SAID} <= steps


@pytest.mark.parametrize("greeting", ["554 no", "421 later", "nothing that anybody reads", "", "220 x\r\n554"])
def test_a_server_that_does_not_greet_is_sent_nothing(greeting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            peer, _ = server.accept()
            with peer:
                peer.sendall(f"{greeting}\r\n".encode() if greeting else b"")

        thread = threading.Thread(target=greet)
        thread.start()
        error = raised(made(server.getsockname()[1]))
        thread.join(5)
    assert means(error) in (Fate.REFUSED_HERE, Fate.THROTTLED)


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_a_mail_that_can_be_done_without_says_how_to_unsubscribe_at_one_click(box: Mailbox, port: int) -> None:
    link = f"https://fleet.example/u?t={'aB9_-' * 60}"
    made(port).deliver(attrs.evolve(TEXT, unsubscribe=link))
    (mail,), (raw,) = box.mails, box.raw
    assert f"List-Unsubscribe: <{link}>\r\n".encode() in raw, "in one piece: no reader decodes it"
    assert str(mail["List-Unsubscribe-Post"]) == "List-Unsubscribe=One-Click"
    assert said(mail).strip() == TEXT.text


def test_a_mail_is_as_mails_are(box: Mailbox, port: int) -> None:
    text = attrs.evolve(TEXT, text="第一行\n.点\n..\n\n末行 é \U0001f600")
    assert made(port).deliver(text) == Sent()
    (mail,), (raw,) = box.mails, box.raw
    assert str(mail["Subject"]) == SUBJECTS[Language.ZH_HANS]
    assert str(mail["From"]) == "青藤客服 <service@example.org>"
    assert str(mail["To"]) == TEXT.address
    assert str(mail["Message-ID"]) == f"<{text.ref}@example.org>"
    assert str(mail["Auto-Submitted"]) == "auto-generated"
    assert mail["List-Unsubscribe"] is None
    assert mail["Date"].datetime == MovableClock().now()
    assert mail.get_content_type() == "text/plain"
    assert said(mail) == text.text
    assert raw.isascii()
    assert max(map(len, raw.splitlines())) <= 998


def test_dots_and_long_lines_arrive_as_they_are(box: Mailbox, port: int) -> None:
    for words in (".", ".\n.", "..a\n.b", "x" * 2000, "a\nb", "Dear Sir,\n\n.\nBcc: all@example.com"):
        made(port).deliver(attrs.evolve(TEXT, text=words))
        assert said(box.mails[-1]) == words
        assert box.mails[-1]["Bcc"] is None
    assert len(box.raw) == 6


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "@example.com",
        "a@",
        "a b@example.com",
        "a@example.com\r\nRCPT TO:<all@example.com>",
        "a@example.com\nBcc: all@example.com",
        "a@example.com,b@example.com",
        "<a@example.com>",
        "a@b@example.com",
        "a@exa mple.com",
        "a@-example.com",
        f"{'a' * 250}@example.com",
        "a\x00@example.com",
        "王@example.com",
    ],
)
def test_what_is_no_address_is_sent_nothing(box: Mailbox, port: int, address: str) -> None:
    error = raised(made(port), attrs.evolve(TEXT, address=address))
    assert isinstance(error, DeliveryFailed)
    assert error.definite
    assert (box.raw, box.to) == ([], [])


def test_addresses_in_other_scripts(box: Mailbox, port: int) -> None:
    made(port).deliver(attrs.evolve(TEXT, address="wang@例子.中国"))
    assert box.to == ["wang@xn--fsqu00a.xn--fiqs8s"]


@pytest.mark.parametrize(
    "changes",
    [
        {"subjects": {}},
        {"subjects": {Language.EN: "a\nBcc: all@example.com"}},
        {"subjects": {Language.EN: " "}},
        {"sender": "nobody"},
        {"sender": "a@example.org\nBcc: b@example.org"},
        {"host": "mail.example.org", "security": Security.NONE},
    ],
)
def test_settings_that_are_not_possible_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidSetting):
        made(25, **changes)


# --- secrecy ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this machine's, with its key, in one file."""
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    day = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(day - timedelta(days=1))
        .not_valid_after(day + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "one.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file


@pytest.fixture
def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate)


def test_a_session_is_secret_and_logged_in(box: Mailbox, server_side: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    seen: list[tuple[bytes, bytes]] = []

    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        seen.append((data.login, data.password))
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)

    options: dict[str, Any] = {"authenticator": check, "auth_required": True, "require_starttls": True}
    with served(box, tls_context=server_side, **options) as port:
        common = {"security": Security.STARTTLS, "context": trusting, "user": "ours"}
        assert PASSWORD not in repr(made(port, **common, password=PASSWORD))
        made(port, **common, password=PASSWORD).deliver(TEXT)
        assert seen == [(b"ours", PASSWORD.encode())]
        assert means(raised(made(port, **common, password="wrong"))) is Fate.REFUSED_HERE  # noqa: S106
        assert means(raised(made(port, **{**common, "user": ""}))) is Fate.REFUSED_HERE
    assert len(box.raw) == 1


def test_nothing_is_said_to_a_server_that_cannot_prove_who_it_is(
    box: Mailbox, port: int, server_side: ssl.SSLContext
) -> None:
    with served(box, tls_context=server_side) as other:
        assert means(raised(made(other, security=Security.STARTTLS))) is Fate.REFUSED_HERE
    assert means(raised(made(port, security=Security.STARTTLS))) is Fate.REFUSED_HERE, "it has no TLS"
    assert means(raised(made(port, security=Security.TLS))) is Fate.REFUSED_HERE
    assert box.raw == []


def test_a_server_that_drips_is_left_though_each_byte_comes_in_time(
    box: Mailbox, server_side: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    box.says["data"] = "drip"
    with served(box, tls_context=server_side) as port:
        begun = time.monotonic()
        gateway = made(port, security=Security.STARTTLS, context=trusting, timeout=1)
        assert means(raised(gateway)) is Fate.UNKNOWN
        assert time.monotonic() - begun < 15


def test_a_session_may_be_secret_from_its_beginning(
    box: Mailbox, server_side: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    with served(box, tls=server_side) as port:
        made(port, security=Security.TLS, context=trusting).deliver(TEXT)
    assert len(box.raw) == 1
