"""A message centre on a socket of this machine: it reads and writes SMPP byte by byte, without smpplib, puts parts
together, and answers, refuses, hangs, closes or lies as it is told."""

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import attrs
from smpplib.gsm import GSM_CHARACTER_TABLE

from csdomain.kernel.cases.delivery import own_ref
from csdomain.testing import Arrival
from csdomain.testing.messages import TEXT

BIND_RX, BIND_TX, SUBMIT, DELIVER, UNBIND, ENQUIRE = 1, 2, 4, 5, 6, 0x15
RESP, NACK = 0x80000000, 0x80000000
#: What smpplib has wrong of the alphabet: § stands at 0x5F.
ALPHABET: Final = GSM_CHARACTER_TABLE[:0x5F] + "§" + GSM_CHARACTER_TABLE[0x60:]
#: The keys that tests send under, by what a submit_sm says of their reference.
KEYS = (TEXT.key, "other", "whole", *(f"k{n}" for n in range(120)))
REFS = {int(own_ref(key)[:4], 16): own_ref(key) for key in KEYS}


def pdu(command: int, sequence: int, body: bytes = b"", status: int = 0) -> bytes:
    return struct.pack(">LLLL", 16 + len(body), command, status, sequence) + body


def decoded(said: bytes, coding: int) -> str:
    if coding == 8:
        return said.decode("utf-16-be")
    assert coding == 0
    found, escape = "", 0
    for code in said:
        assert code < 0x80
        if code == 0x1B and not escape:
            escape = 0x80
            continue
        found, escape = found + ALPHABET[code + escape], 0
    assert not escape, "a part ends in the middle of a character"
    return found


@attrs.frozen
class Submit:
    """A submit_sm as it came."""

    source: tuple[int, int, str]
    to: tuple[int, int, str]
    esm_class: int
    registered: int
    coding: int
    said: bytes
    more: dict[int, bytes]

    @classmethod
    def of(cls, body: bytes) -> "Submit":
        place = 0

        def text() -> str:
            nonlocal place
            end = body.index(0, place)
            found, place = body[place:end].decode("ascii"), end + 1
            return found

        def octet() -> int:
            nonlocal place
            place += 1
            return body[place - 1]

        text()
        source, to = (octet(), octet(), text()), (octet(), octet(), text())
        esm, _, _ = octet(), octet(), octet()
        assert (text(), text()) == ("", "")
        registered, _, coding, _, length = (octet() for _ in range(5))
        said, place = body[place : place + length], place + length
        more = {}
        while place < len(body):
            tag, length = struct.unpack_from(">HH", body, place)
            more[tag] = body[place + 4 : place + 4 + length]
            place += 4 + length
        assert place == len(body)
        return cls(source, to, esm, registered, coding, said, more)

    @property
    def place(self) -> tuple[int, int, int]:
        """Reference, parts, and which of them it is."""
        if self.esm_class & 0x40:
            assert self.said[:3] == b"\x05\x00\x03"
            return self.said[3], self.said[4], self.said[5]
        if 0x020C in self.more:
            return tuple(int.from_bytes(self.more[tag]) for tag in (0x020C, 0x020E, 0x020F))  # type: ignore[return-value]
        return 0, 1, 1

    @property
    def text(self) -> str:
        assert len(self.said) <= (140 if self.coding == 8 else 160)
        said = self.more.get(0x0424, b"") or self.said[6 if self.esm_class & 0x40 else 0 :]
        return decoded(said, self.coding)


class Centre:
    """``behaves`` is what it does with the next submits: a status that it answers, ``hang``, ``close`` (after it took
    the part), ``drop`` (before), ``garbage``, ``nack``, ``twice``, ``asks`` (whether the link lives, first), ``other``
    (the answer of another request first), ``slowly``. ``bind`` is the status that a bind is answered with."""

    def __init__(self) -> None:
        self.behaves: list[int | str] = []
        self.bind = 0
        self.binds: list[bytes] = []
        self.enquiries = 0
        self.submits: list[Submit] = []
        self.arrivals: list[Arrival] = []
        self.parts: dict[tuple[Any, ...], dict[int, str]] = {}
        self.delivers: list[bytes] = []
        self.told: list[int] = []
        self.stopping = threading.Event()
        self.given = 0x1A

    def arrived(self) -> list[Arrival]:
        return list(self.arrivals)

    def take(self, body: bytes) -> str:
        one = Submit.of(body)
        self.submits.append(one)
        ref, total, place = one.place
        whose = (one.to, int.from_bytes(one.more[0x0204]), ref)
        there = self.parts.setdefault(whose, {})
        there[place] = one.text
        if len(there) == total:
            text = "".join(there[n] for n in range(1, total + 1))
            self.arrivals.append(Arrival(REFS[whose[1]], f"+{one.to[2]}", text))
            del self.parts[whose]
        self.given += 1
        return f"{self.given:x}"


class _Session(socketserver.BaseRequestHandler):
    centre: Centre

    def _read(self) -> tuple[int, int, int, bytes]:
        head = b""
        while len(head) < 16:
            more = self.request.recv(16 - len(head))
            if not more:
                raise EOFError
            head += more
        length, command, status, sequence = struct.unpack(">LLLL", head)
        body = b""
        while len(body) < length - 16:
            body += self.request.recv(length - 16 - len(body))
        return command, status, sequence, body

    def handle(self) -> None:
        try:
            while True:
                if not self._served(*self._read()):
                    return
        except (EOFError, OSError):
            return

    def _served(self, command: int, status: int, sequence: int, body: bytes) -> bool:
        centre, send = self.centre, self.request.sendall
        if command in (BIND_RX, BIND_TX):
            centre.binds.append(body)
            send(pdu(command | RESP, sequence, b"centre\0" if not centre.bind else b"", centre.bind))
            if command == BIND_RX and not centre.bind:
                for n, one in enumerate(centre.delivers):
                    send(pdu(DELIVER, 100 + n, one))
            return not centre.bind
        if command == ENQUIRE:
            centre.enquiries += 1
            send(pdu(ENQUIRE | RESP, sequence))
        elif command == DELIVER | RESP:
            centre.told.append(status)
        elif command == SUBMIT:
            return self._submitted(centre.behaves.pop(0) if centre.behaves else 0, sequence, body)
        return True

    def _submitted(self, how: int | str, sequence: int, body: bytes) -> bool:
        centre, send = self.centre, self.request.sendall
        if how == "drop":
            return False
        if how == "nack" or (isinstance(how, int) and how):
            send(pdu(NACK, sequence, status=2) if how == "nack" else pdu(SUBMIT | RESP, sequence, status=int(how)))
            return True
        answer = pdu(SUBMIT | RESP, sequence, centre.take(body).encode() + b"\0")
        if how == "hang":
            centre.stopping.wait(10)
        elif how == "garbage":
            send(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 3)
        elif how == "asks":
            send(pdu(ENQUIRE, 7) + answer)
        elif how == "other":
            send(pdu(SUBMIT | RESP, sequence + 1, b"zz\0") + pdu(UNBIND | RESP, sequence) + answer)
        elif how == "twice":
            send(answer + answer)
        elif how == "slowly":
            for n in range(len(answer)):
                send(answer[n : n + 1])
                if centre.stopping.wait(0.2):
                    return False
        elif how == "unbinds":
            send(answer + pdu(UNBIND, 9))
        elif how != "close":
            send(answer)
        return how not in ("close", "hang")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def serving(centre: Centre) -> Iterator[int]:
    """The port at which a centre listens."""
    server = _Server(("127.0.0.1", 0), type("Session", (_Session,), {"centre": centre}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        centre.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


def receipt(text: bytes, *, esm_class: int = 4, coding: int = 0, more: dict[int, bytes] | None = None) -> bytes:
    """The body of a deliver_sm."""
    head = b"\0\x01\x01" + b"8613800138000\0" + b"\x03\0" + b"10690\0"
    body = head + bytes([esm_class, 0, 0]) + b"\0\0" + bytes([0, 0, coding, 0, len(text)]) + text
    return body + b"".join(struct.pack(">HH", tag, len(value)) + value for tag, value in (more or {}).items())
