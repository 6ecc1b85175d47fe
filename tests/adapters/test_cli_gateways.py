"""The command with gateways: messages leave by those of a file, and what became of each is seen and put right."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

import csdomain
from adapters.gateways.fakes import ACCOUNT, TOKEN, Answer, FakeTwilio, serving
from csdomain.messaging.rules import GATEWAYS, OUTBOX
from csdomain.testing import MovableClock, accepted, no_holidays
from csdomain_adapters.cli.app import run

pytestmark = pytest.mark.rule(GATEWAYS, OUTBOX)
ASKS = ("--as", "u-17", "--branch", "hq", "--position", "service_manager")


@pytest.fixture
def fake() -> FakeTwilio:
    return FakeTwilio(MovableClock())


@pytest.fixture
def gateways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake: FakeTwilio) -> Iterator[str]:
    """A file of gateways, and a package that installs the directory ``shop``."""
    package = tmp_path / "site"
    info = package / "shop-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[csdomain.directories]\nshop = shop_people:directory\n")
    (package / "shop_people.py").write_text(
        "from csdomain.desk import Desk\n"
        "from csdomain.testing import MemoryDirectory, recipient\n"
        "def directory(desk):\n"
        "    assert isinstance(desk, Desk)\n"
        "    return MemoryDirectory({'customer-1': recipient()})\n"
    )
    monkeypatch.syspath_prepend(str(package))
    monkeypatch.setenv("TWILIO_TOKEN", TOKEN)
    file = tmp_path / "gateways.toml"
    with serving(fake) as url:
        file.write_text(
            '[channels]\nsms = ["ours"]\n[gateways.ours]\nkind = "twilio"\n'
            f'account = "{ACCOUNT}"\ntoken = "env:TWILIO_TOKEN"\nsender = "+15005550006"\n'
            f'callback = "https://desk.example.com/twilio"\nendpoint = "{url}"\n'
        )
        yield str(file)


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    with csdomain.open(url, holidays=no_holidays(), clock=MovableClock()) as desk:
        accepted(desk)
    return url


def data(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    capsys.readouterr()
    code = run([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_messages_leave_by_the_gateways_of_a_file(
    capsys: pytest.CaptureFixture[str], url: str, gateways: str, fake: FakeTwilio, tmp_path: Path
) -> None:
    road = ("--gateways", gateways, "--directory", "shop")
    assert run(["relay", url, *road, "--notifier", "print"]) == 0
    assert fake.requests == [], "printing sends nothing, whatever else is said"
    fake.behaves = [Answer(400, {"code": 21211})]
    code, done = data(capsys, "relay", url, *road)
    assert (code, done["sent"], done["dead"] > 1) == (1, 0, True), "colleagues have no address, the customer's is no"
    _, listed = data(capsys, "messages", "list", url, "--state", "dead", "--to", "customer-1")
    (dead,) = listed["messages"]
    for _ in range(2):  # twice is once
        code, again = data(capsys, "messages", "resend", url, dead["key"], *ASKS)
        assert (code, again["state"], again["resent"]) == (0, "waiting", 1)
    code, done = data(capsys, "work", url, "--once", *road)
    assert (code, "relay" in done["done"]) == (0, True)
    ((id, _, arrival),) = fake.made
    assert arrival.address == "+8613800138000"
    _, listed = data(capsys, "messages", "list", url, "--state", "sent")
    assert [one["ref"] for one in listed["messages"]] == [f"ours:{id}"]
    kept = tmp_path / "kept.txt"
    lines = [{"MessageSid": id, "MessageStatus": "delivered"}, {"MessageSid": "SMx", "MessageStatus": "failed"}]
    kept.write_text("\n".join(map(urlencode, lines)))
    code, noted = data(capsys, "messages", "receipts", url, "ours", str(kept), "--gateways", gateways, *ASKS)
    assert (code, noted) == (1, {"noted": 1, "unknown": ["ours:SMx"]})
    _, listed = data(capsys, "messages", "list", url, "--state", "delivered")
    assert [one["key"] for one in listed["messages"]] == [dead["key"]]
    code, refused = data(capsys, "messages", "resend", url, dead["key"], *ASKS)
    assert (code, refused["error"]["rule"]) == (1, "MSG-09")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--gateways", "FILE"), "--directory NAME"),
        (("--gateways", "FILE", "--directory", "shopp"), "shop"),
        (("--gateways", "FILE", "--directory", "shop", "--notifier", "pigeon"), "pigeon"),
        (("--gateways", "nowhere.toml", "--directory", "shop"), "There is no such file."),
    ],
)
def test_how_messages_leave_is_said_clearly_or_nothing_is_sent(
    capsys: pytest.CaptureFixture[str], url: str, gateways: str, fake: FakeTwilio, options: tuple[str, ...], said: str
) -> None:
    for command in (("relay",), ("work", "--once")):
        code = run([command[0], url, *command[1:], *(gateways if one == "FILE" else one for one in options)])
        assert (code, said in capsys.readouterr().err) == (1, True)
    assert fake.requests == []


def test_a_secret_that_is_not_set_is_named_and_not_shown(
    capsys: pytest.CaptureFixture[str], url: str, gateways: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TWILIO_TOKEN")
    assert run(["relay", url, "--gateways", gateways, "--directory", "shop"]) == 1
    error = capsys.readouterr().err
    assert "$.gateways.ours.token" in error
    assert TOKEN not in error


def test_receipts_are_of_a_gateway_that_reports(
    capsys: pytest.CaptureFixture[str], url: str, gateways: str, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_bytes(b"\xff")
    for name, said in (("theirs", "ours"), ("ours", "not genuine")):
        assert run(["messages", "receipts", url, name, str(kept), "--gateways", gateways, *ASKS]) == 1
        assert said in capsys.readouterr().err
