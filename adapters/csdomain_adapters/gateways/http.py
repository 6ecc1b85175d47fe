"""One HTTP request to a gateway, and whether it was surely not written (extra ``sms``).

Each request has a connection of its own: on one that was kept, a request may be written to a peer that is gone, and
nobody could say whether it was read. No redirect is followed, no answer is longer than a megabyte, and none takes
longer than the time-out in all.
"""

import json
import ssl
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import attrs
from urllib3.connection import HTTPConnection, HTTPSConnection

from csdomain.frame.fields import InvalidSetting
from csdomain.kernel.rules import Text

from .answers import NoAnswer, NotTaken
from .sockets import ended, is_loopback

_LARGEST: Final = 1 << 20


@attrs.frozen
class HttpAnswer:
    """Status and body of an answer."""

    status: int
    body: bytes = attrs.field(repr=False)

    @property
    def data(self) -> Mapping[str, Any]:
        """The JSON object of the body; empty where it is none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


@attrs.frozen
class Endpoint:
    """Where a gateway listens. ``connect`` and ``answer`` are time-outs in seconds.

    Only ``https``, and ``http`` on this machine. Raises InvalidSetting.
    """

    scheme: str
    host: str
    port: int | None
    connect: float = 5.0
    answer: float = 15.0
    context: ssl.SSLContext | None = attrs.field(default=None, repr=False, eq=False)

    @classmethod
    def of(cls, url: str, **options: Any) -> "Endpoint":
        """The endpoint that a URL names. Raises InvalidSetting."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        plain = parts.scheme == "http" and is_loopback(host)
        if not host or parts.username or parts.path.strip("/") or not (parts.scheme == "https" or plain):
            accepted = Text("https://host", "https://host")
            raise InvalidSetting(field="endpoint", given=f"{parts.scheme}://{host}", accepted=accepted)
        return cls(parts.scheme, host, parts.port, **options)

    @property
    def netloc(self) -> str:
        """The value of the header ``Host``."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    def call(self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> HttpAnswer:
        """Make one request. Raises NotTaken, NoAnswer; neither has anything of the request in it."""
        connection = self._connection()
        try:
            try:
                connection.connect()
            except Exception as error:  # noqa: BLE001 - nothing was written, whatever it is
                raise NotTaken(type(error).__name__) from None
            try:
                return self._answered(connection, method, target, {"Host": self.netloc, **headers}, body)
            except Exception as error:  # noqa: BLE001 - it may have been written, whatever it is
                raise NoAnswer(type(error).__name__) from None
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        if self.scheme == "http":
            return HTTPConnection(self.host, self.port, timeout=self.connect)
        context = self.context or ssl.create_default_context()
        return HTTPSConnection(self.host, self.port, timeout=self.connect, ssl_context=context)

    def _answered(
        self, connection: HTTPConnection, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> HttpAnswer:
        sock = connection.sock
        assert sock is not None  # noqa: S101 - it was connected
        sock.settimeout(self.answer)
        connection.timeout = self.answer
        with ended(lambda: sock, self.answer):
            connection.request(
                method, target, body=body, headers={**headers, "Connection": "close"}, preload_content=False
            )
            answer, found = connection.getresponse(), bytearray()
            try:
                while more := answer.read(_LARGEST + 1 - len(found), decode_content=False):
                    found += more
                    if len(found) > _LARGEST:
                        raise ValueError("too long")
            finally:
                answer.close()
        return HttpAnswer(answer.status, bytes(found))
