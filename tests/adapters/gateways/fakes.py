"""The other side of gateways, on sockets of this machine: they check signatures by computing them anew from what they
were sent, keep what arrives, and answer, refuse, hang, close or lie as they are told."""

import hmac
import json
import threading
import time
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs, parse_qsl, quote, urlsplit

import attrs

from csdomain.testing import Arrival, MovableClock

CHINA: Final = timezone(timedelta(hours=8))
KEY, SECRET = "LTAIkey", "s3cr3t-of-ours"
ACCOUNT, TOKEN = "AC00000000000000000000000000000001", "t0ken-of-ours"


@attrs.frozen
class Request:
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def asked(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))


@attrs.define
class Answer:
    status: int
    data: Any
    headers: Mapping[str, str] = attrs.field(factory=dict)


class Fake:
    """A vendor. ``behaves`` is how it answers the next requests: ``answer``, ``hang`` and ``close`` (after it took the
    request), ``drop`` (before it took it), ``slowly``, ``huge``, ``garbage``, ``redirect``, or an Answer of a test."""

    def __init__(self, clock: MovableClock) -> None:
        self.clock = clock
        self.behaves: list[str | Answer] = []
        self.requests: list[Request] = []
        self.arrivals: list[Arrival] = []
        self.made: list[tuple[str, datetime, Arrival]] = []
        self.stopping = threading.Event()

    def arrived(self) -> list[Arrival]:
        return list(self.arrivals)

    def take(self, ref: str, address: str, text: str) -> str:
        id = f"{type(self).__name__}{len(self.made)}"
        self.arrivals.append(Arrival(ref, address, text))
        self.made.append((id, self.clock.now(), self.arrivals[-1]))
        return id

    def served(self, request: Request) -> Answer:
        raise NotImplementedError


class _Handler(BaseHTTPRequestHandler):
    fake: ClassVar[Fake]

    def do_POST(self) -> None:
        fake = self.fake
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path)
        request = Request(self.command, path.path, path.query, {k.lower(): v for k, v in self.headers.items()}, body)
        fake.requests.append(request)
        how = fake.behaves.pop(0) if fake.behaves else "answer"
        self.close_connection = True
        if how == "drop":
            return
        answer = how if isinstance(how, Answer) else fake.served(request)
        if how == "hang":
            fake.stopping.wait(20)
        elif how == "slowly":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for _ in range(200):
                self.wfile.write(b"x")
                if fake.stopping.wait(0.05):
                    return
        elif how == "garbage":
            self.wfile.write(b"\x00\x01 nothing that anybody reads\r\n\r\n")
        elif how == "huge":
            self.send_response(200)
            self.end_headers()
            for _ in range(40):
                self.wfile.write(b" " * 65536)
        elif how == "redirect":
            self.send_response(302)
            self.send_header("Location", f"http://{self.headers['Host']}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif how != "close":
            said = answer.data if isinstance(answer.data, bytes) else json.dumps(answer.data).encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

    do_GET = do_POST  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None: ...


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None: ...  # who was killed hangs up


@contextmanager
def serving(fake: Fake) -> Iterator[str]:
    """The URL at which a fake listens."""
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"fake": fake}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        fake.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), sha256).digest()


class FakeAliyun(Fake):
    """Dysmsapi, as its documentation tells ACS3-HMAC-SHA256: over the request that came, not the one that was meant."""

    templates: Mapping[str, str] = {"SMS_1": "尊敬的${name}${title}，您反映的问题我们已经受理。{braces} é"}
    secrets: Mapping[str, str] = {KEY: SECRET}
    hidden = False

    def served(self, request: Request) -> Answer:
        refused = self._refused(request)
        if refused:
            return Answer(400, {"Code": refused, "Message": "no", "RequestId": "r"})
        asked = {**request.asked, **dict(parse_qsl(request.body.decode(), keep_blank_values=True))}
        if request.headers["x-acs-action"] == "QuerySendDetails":
            return Answer(200, self._details(asked))
        text = self.templates[asked["TemplateCode"]]
        for name, value in json.loads(asked["TemplateParam"]).items():
            text = text.replace(f"${{{name}}}", value)
        number = asked["PhoneNumbers"]
        id = self.take(asked["OutId"], f"+86{number}" if len(number) == 11 else f"+{number}", text)
        return Answer(200, {"Code": "OK", "Message": "OK", "BizId": id, "RequestId": "r"})

    def _details(self, asked: Mapping[str, str]) -> Any:
        found = [
            {"OutId": one.ref, "PhoneNum": asked["PhoneNumber"], "SendStatus": 3, "Content": one.text}
            for _, at, one in self.made
            if one.address.endswith(asked["PhoneNumber"]) and f"{at.astimezone(CHINA):%Y%m%d}" == asked["SendDate"]
        ]
        size, page = int(asked["PageSize"]), int(asked["CurrentPage"])
        shown = found[size * (page - 1) : size * page]
        return {"Code": "OK", "TotalCount": str(len(found)), "SmsSendDetailDTOs": {"SmsSendDetailDTO": shown}}

    def _refused(self, request: Request) -> str:
        kind, _, rest = request.headers["authorization"].partition(" ")
        given = dict(part.strip().split("=", 1) for part in rest.split(","))
        names = given["SignedHeaders"].split(";")
        assert kind == "ACS3-HMAC-SHA256"
        assert {"host", "x-acs-date", "x-acs-action", "x-acs-version", "x-acs-content-sha256"} <= {*names}
        query = sorted(parse_qsl(request.query, keep_blank_values=True))
        listed = "".join(f"{name}:{request.headers[name].strip()}\n" for name in sorted(names))
        canonical = "\n".join(
            [
                request.method,
                request.path,
                "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in query),
                listed,
                ";".join(sorted(names)),
                sha256(request.body).hexdigest(),
            ]
        )
        said = f"ACS3-HMAC-SHA256\n{sha256(canonical.encode()).hexdigest()}"
        secret = self.secrets.get(given["Credential"])
        if secret is None:
            return "InvalidAccessKeyId.NotFound"
        right = _mac(secret.encode(), said).hex() == given["Signature"]
        return "" if right else "SignatureDoesNotMatch"


class FakeTencent(Fake):
    """SMS 2021-01-11, as its documentation tells TC3-HMAC-SHA256."""

    templates: Mapping[str, str] = {"1": "尊敬的{1}{2}，您反映的问题我们已经受理。{braces} é"}
    secrets: Mapping[str, str] = {KEY: SECRET}
    skew = True
    gives_context = True

    def served(self, request: Request) -> Answer:
        refused = self._refused(request)
        if refused:
            return self._said(Error={"Code": refused, "Message": "no"})
        asked = json.loads(request.body)
        if request.headers["x-tc-action"] == "PullSmsSendStatusByPhoneNumber":
            since, until = asked["BeginTime"], asked["EndTime"]
            found = [
                {"SerialNo": id, "SessionContext": one.ref if self.gives_context else "", "ReportStatus": "SUCCESS"}
                for id, at, one in self.made
                if one.address == asked["PhoneNumber"] and since <= at.timestamp() <= until
            ]
            return self._said(PullSmsSendStatusSet=found[: asked["Limit"]])
        text = self.templates[asked["TemplateId"]]
        for number, value in enumerate(asked["TemplateParamSet"], 1):
            text = text.replace(f"{{{number}}}", value)
        (address,) = asked["PhoneNumberSet"]
        id = self.take(asked.get("SessionContext", ""), address, text)
        return self._said(SendStatusSet=[{"SerialNo": id, "PhoneNumber": address, "Fee": 1, "Code": "Ok"}])

    def _said(self, **data: Any) -> Answer:
        return Answer(200, {"Response": {**data, "RequestId": "r"}}, {"Content-Type": "application/json"})

    def _refused(self, request: Request) -> str:
        headers = request.headers
        kind, _, rest = headers["authorization"].partition(" ")
        given = dict(part.strip().split("=", 1) for part in rest.split(","))
        id, day, service, end = given["Credential"].split("/")
        assert (kind, service, end) == ("TC3-HMAC-SHA256", "sms", "tc3_request")
        names = given["SignedHeaders"].split(";")
        assert {"content-type", "host"} <= {*names}
        listed = "".join(f"{name}:{headers[name].strip().lower()}\n" for name in names)
        canonical = "\n".join(
            [request.method, request.path, request.query, listed, ";".join(names), sha256(request.body).hexdigest()]
        )
        stamp = int(headers["x-tc-timestamp"])
        if self.skew and abs(stamp - self.clock.now().timestamp()) > 300:
            return "AuthFailure.SignatureExpire"
        if f"{datetime.fromtimestamp(stamp, tz=timezone.utc):%Y-%m-%d}" != day:  # noqa: UP017
            return "AuthFailure.SignatureFailure"
        said = f"{kind}\n{stamp}\n{day}/sms/tc3_request\n{sha256(canonical.encode()).hexdigest()}"
        if id not in self.secrets:
            return "AuthFailure.SecretIdNotFound"
        key = _mac(_mac(_mac(f"TC3{self.secrets[id]}".encode(), day), "sms"), "tc3_request")
        return "" if _mac(key, said).hex() == given["Signature"] else "AuthFailure.SignatureFailure"


class FakeTwilio(Fake):
    """Programmable Messaging: our reference comes in the URL of the callback, where there is one."""

    users: Mapping[str, str] = {ACCOUNT: TOKEN}
    prefix = ""

    def served(self, request: Request) -> Answer:
        user, _, password = b64decode(request.headers["authorization"].removeprefix("Basic ")).decode().partition(":")
        if self.users.get(user) != password:
            return Answer(401, {"code": 20003, "message": "Authenticate", "status": 401})
        assert request.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        if request.method == "GET":
            to = request.asked["To"]
            found = [self._data(id, at, one) for id, at, one in reversed(self.made) if one.address == to]
            return Answer(200, {"messages": found[: int(request.asked.get("PageSize", 50))]})
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        assert {"To", "Body"} <= {*form}
        assert len({"From", "MessagingServiceSid"} & {*form}) == 1
        ref = parse_qs(urlsplit(form.get("StatusCallback", "")).query).get("ref", [""])[0]
        id = self.take(ref, form["To"], form["Body"])
        return Answer(201, self._data(id, self.clock.now(), self.arrivals[-1]))

    def _data(self, id: str, at: datetime, one: Arrival) -> dict[str, Any]:
        return {
            "sid": id,
            "to": one.address,
            "body": f"{self.prefix}{one.text}",
            "date_created": format_datetime(at),
            "num_segments": "1",
            "status": "queued",
        }


def until(ready: Any, seconds: float = 5) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.01)
