"""Following events: a consumer that is killed in the middle of its work and started again misses none of them."""

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import csdomain
from csdomain.kernel.store.ports import AuditRecord


# --- the consumer: a process of its own
def consume(url: str, mirror: str, seconds: float) -> None:
    """Write every event that this consumer has not had to the file ``mirror``, taking ``seconds`` over each."""
    with csdomain.open(url) as desk, open(mirror, "a", encoding="utf-8") as file:

        def handle(event: AuditRecord) -> None:
            line = {"position": event.position, "id": event.event_id, "name": event.name, "subject": event.subject}
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())  # when this returns, the event is handled, whatever happens next
            time.sleep(seconds)

        desk.follow("mirror", handle)


# --- the app, which knows nothing of it
def work(database: Path, complaints: int) -> int:
    """Complaints, received and checked; how many events that is."""
    with csdomain.open(f"sqlite:///{database}") as desk:
        agent = desk.actor("u-17", branch="hq", positions=("sales",))
        now = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
        for number in range(complaints):
            form = csdomain.ComplaintForm(customer=f"c-{number}", demand="refund", reason="cracked")
            filed = desk.complaints.receive(form, by=agent, at=now)
            desk.complaints.check(filed.id, "the order is ours", by=agent, at=now)
    return 2 * complaints


def consumer(database: Path, mirror: Path, seconds: float) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, __file__, f"sqlite:///{database}", str(mirror), str(seconds)])  # noqa: S603 - itself


def lines(mirror: Path) -> list[str]:
    return mirror.read_text("utf-8").splitlines() if mirror.exists() else []


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    database, mirror = folder / "desk.db", folder / "mirror.jsonl"
    total = work(database, 8)

    first = consumer(database, mirror, 0.5)
    while len(lines(mirror)) < 3:
        time.sleep(0.01)
    first.kill()  # no farewell: nothing of it is tidied up
    first.wait()
    killed_at = len(lines(mirror))
    print("killed after", killed_at, "of", total, "events")
    assert killed_at < total

    assert consumer(database, mirror, 0).wait() == 0
    had = [json.loads(line) for line in lines(mirror)]
    again = len(had) - total
    print("then        ", total, "events,", again, "of them a second time")
    assert 1 <= again <= killed_at

    # What came again is told by its id; the rest is every event, once, in order.
    once = list({event["id"]: event for event in had}.values())
    assert [event["position"] for event in once] == list(range(1, total + 1))

    # The next call has what happened since, and nothing else.
    later = work(database, 1)
    assert consumer(database, mirror, 0).wait() == 0
    assert len(lines(mirror)) == len(had) + later
    print("later       ", later, "more")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        consume(sys.argv[1], sys.argv[2], float(sys.argv[3]))
    else:
        main()
