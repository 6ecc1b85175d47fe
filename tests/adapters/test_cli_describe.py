"""``csdomain describe``: tables for a person, all of it as JSON for a program."""

import json

import pytest

from csdomain.contexts import HOUSE, contexts
from csdomain.frame.describe import describe
from csdomain.frame.views import as_data
from csdomain_adapters.cli.app import run


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(["describe", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_overview_names_every_context(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys)
    assert code == 0
    assert all(name in out for name in HOUSE)


def test_a_context_is_told_whole(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "240")
    code, out, _ = said(capsys, "orders")
    assert code == 0
    for part in (
        "take_back(shipment: int, item: Item)",
        "orders.ship",
        "ORD-03",
        "goods_sent",
        "order.refill",
        "tuple[str, ...]",
    ):
        assert part in out
    assert "time to return unopened goods" in out


def test_labels_are_told_in_chinese(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "240")
    assert run(["--language", "zh", "describe", "orders"]) == 0
    assert "未拆封退货期限" in capsys.readouterr().out


def test_json_is_the_description(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "--json")
    assert code == 0
    assert json.loads(out) == as_data(describe(contexts()))
    code, out, _ = said(capsys, "orders", "--json")
    assert [one["name"] for one in json.loads(out)["contexts"]] == ["orders"]


def test_a_rulebook_gives_values(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "complaints", "--rulebook", "after_sales", "--json")
    assert code == 0
    told = json.loads(out)
    settings = {one["path"]: one["value"] for one in told["contexts"][0]["section"]["settings"]}
    assert settings["close_within"] == "6 days"
    assert told["rulebook"].startswith("after_sales@")


def test_an_unknown_context_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = said(capsys, "gardening")
    assert code == 1
    assert "complaints, orders" in err
    code, out, _ = said(capsys, "gardening", "--json")
    assert (code, json.loads(out)["error"]["code"]) == (1, "not_found")
