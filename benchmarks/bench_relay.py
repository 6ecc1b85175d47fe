"""How fast relays send: a gateway of 0 ms and of 50 ms, one relay and four, on one database.

    python benchmarks/bench_relay.py [--url postgresql+psycopg://…] [--messages 200] [--http] [--quick]

Each message is marked by a commit of its own before its call. At 50 ms that has to cost little: so many relays send at
least 0.75 times as many as so many processes that only call the gateway, measured before and after (the share). At 0 ms
the figure is that of the commits alone, and only reported. ``--http`` has them call a fake gateway over HTTP, on a
socket of this machine, as the SMS gateways do, instead of only waiting.
"""

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import csdomain
from csdomain.kernel.cases.effects import Message
from csdomain.kernel.cases.events import Event
from csdomain.kernel.store.ports import Queued
from csdomain.kernel.values.actors import ActorId
from csdomain.testing import no_holidays
from csdomain_adapters.gateways.http import Endpoint

SHARE: Final = 0.75
MESSAGE: Final = Queued("m/1", "bench.told", "boss", {}, created_at=datetime(2026, 3, 4, tzinfo=UTC))


class Gateway:
    """Takes its time over each message; with ``at`` by asking who listens there, and else by itself."""

    def __init__(self, seconds: float, at: str) -> None:
        self._seconds = seconds
        self._endpoint = Endpoint.of(at) if at else None
        self.sent = 0

    def send(self, message: Queued, /) -> None:
        """Wait, and count."""
        if self._endpoint is None:
            time.sleep(self._seconds)
        else:
            assert self._endpoint.call("POST", f"/{self._seconds}", {}, message.key.encode()).status == 201
        self.sent += 1


class Vendor(BaseHTTPRequestHandler):
    """Answers each request after the time that its path says."""

    def do_POST(self) -> None:
        """Answer."""
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(float(self.path[1:]))
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def serve(ports: Any) -> None:
    """A vendor's side, in a process of its own."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Vendor) as server:
        server.daemon_threads = True
        ports.put(server.server_address[1])
        server.serve_forever()


def opened(url: str) -> csdomain.Desk:
    """A desk, its tables made where they are missing."""
    return csdomain.open(url, holidays=no_holidays(), upgrade=True)


def queue(url: str, count: int, round_: str) -> None:
    """Queue so many messages."""
    with opened(url) as desk:
        now = desk.clock.now()
        messages = [Message(f"{round_}/{n}", "bench.told", "boss", {"n": n}) for n in range(count)]
        event = Event(subject=round_, by=ActorId("bench"), at=now)
        desk.store.run(lambda unit: unit.record([event], messages))


def work(url: str, seconds: float, at: str, only: int, start: Any, counts: Any) -> None:
    """One relay, in a process of its own; with ``only`` it calls the gateway so often and does nothing else."""
    gateway = Gateway(seconds, at)
    with opened(url) as desk:
        desk.relay(gateway)  # nothing is there yet: what a process does for the first time is done
        start.wait()
        for _ in range(only):
            gateway.send(MESSAGE)
        if not only:
            desk.relay(gateway)
        counts.put(gateway.sent)


def measure(url: str, seconds: float, at: str, relays: int, count: int, *, only: bool = False) -> float:
    """Messages a second."""
    context = multiprocessing.get_context("spawn")
    start, counts = context.Barrier(relays + 1), context.Queue()
    given = (url, seconds, at, count // relays if only else 0, start, counts)
    processes = [context.Process(target=work, args=given) for _ in range(relays)]
    for process in processes:
        process.start()
    while start.n_waiting < relays:
        time.sleep(0.05)
    if not only:
        queue(url, count, f"r{time.time_ns()}")
    start.wait()
    begun = time.perf_counter()
    sent = sum(counts.get() for _ in processes)
    took = time.perf_counter() - begun
    for process in processes:
        process.join()
    if sent != count:
        raise SystemExit(f"{sent} sent of {count}")
    return count / took


def main(arguments: list[str]) -> int:
    """Print the figures; 1 where the share at 50 ms is too small."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="")
    parser.add_argument("--messages", type=int, default=200)
    parser.add_argument("--http", action="store_true")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args(arguments)
    url = options.url or f"sqlite:///{tempfile.mkdtemp()}/relay.db"
    count = 80 if options.quick else options.messages
    opened(url).close()
    figures: dict[str, float] = {}
    context = multiprocessing.get_context("spawn")
    ports = context.Queue()
    vendor = context.Process(target=serve, args=(ports,), daemon=True)
    at = ""
    if options.http:
        vendor.start()
        at = f"http://127.0.0.1:{ports.get()}"
    for relays in (1, 4) if not options.http else ():
        figures[f"0 ms, {relays}: a second"] = round(measure(url, 0, at, relays, count), 1)
    for relays in (1, 4):
        given = (url, 0.05, at, relays, count)
        before, rate, after = measure(*given, only=True), measure(*given), measure(*given, only=True)
        figures[f"50 ms, {relays}: a second"] = round(rate, 1)
        figures[f"50 ms, {relays}: only sending"] = round((before + after) / 2, 1)
        figures[f"50 ms, {relays}: share"] = round(rate / ((before + after) / 2), 2)
    if options.http:
        vendor.terminate()
    print(json.dumps(figures, indent=1))
    return 0 if all(figure >= SHARE for name, figure in figures.items() if name.endswith("share")) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
