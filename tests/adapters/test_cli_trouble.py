"""Every command, whichever there are, with each kind of trouble: one line, a right exit code, nothing half-written."""

import contextlib
import json
import os
import re
import sqlite3
import sys
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from adapters.cli_calls import AT, Calls, House, Said, contents, house, leaf, leaves
from csdomain.kernel.rules import Language
from csdomain_adapters.cli import stores
from csdomain_adapters.cli.app import CALLED_WRONGLY, INTERRUPTED, NOBODY_READS, REFUSED, run

COMMANDS = leaves()
LANGUAGES: tuple[Language, ...] = ("en", "zh")
URLS, FILES = {"url", "database"}, {"log", "map_", "files", "checkpoint", "key", "gateways", "reports"}
BOOKS = {"rulebook", "old", "new"}
#: Those that may make a file: an output that is named, and a database by the one command that is for it.
MAKES = ("db", "upgrade")
NOT_MADE = [f"sqlite:///{name}" for name in ("typo.db", "empty.db", "other.db", "file:typo.db?uri=true")]


def named(path: object) -> str:
    return " ".join(path) if isinstance(path, tuple) else str(path)


every = pytest.mark.parametrize("path", COMMANDS, ids=named)


def parameters(*, of: set[str] | None = None, to_write: bool = False) -> list[tuple[tuple[str, ...], str]]:
    """Commands with each of their parameters that names one of ``of``, or a file that the command writes."""
    found = []
    for path in COMMANDS:
        for parameter in leaf(path).params:
            writes = not parameter.required and parameter.name not in FILES and "file" in f"{parameter.help}".lower()
            writes = writes or f"{getattr(parameter, 'help', '')}".startswith("Write ")
            if parameter.name in (of or ()) or (to_write and writes and parameter.name not in BOOKS):
                found.append((path, str(parameter.name)))
    return found


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> House:
    return house(tmp_path_factory.mktemp("house"))


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Calls:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stores, "now", lambda: AT)
    return Calls(monkeypatch)


def is_one_line(said: Said) -> None:
    assert len(said.lines) == 1, said.err
    assert "Traceback" not in said.err
    assert not said.out


def test_the_commands_are_found() -> None:
    assert {("sweep",), ("relay",), ("rules", "diff"), ("case", "list"), ("clocks",)} <= set(COMMANDS)


@every
def test_the_how_to_names_it(path: Sequence[str]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "use-the-command.md").read_text(encoding="utf-8")
    assert f"`{' '.join(path)}`" in page or f"`csdomain {' '.join(path)}`" in page


@every
def test_its_help_is_in_both_languages(path: Sequence[str], call: Calls) -> None:
    for depth in range(len(path) + 1):
        command = leaf(path[:depth], "zh")
        for text in (command.help, *(parameter.help for parameter in command.params)):
            assert re.search("[\u4e00-\u9fff]", text), f"{text!r} is not in cli/chinese.py"
    said = call([*path, "--help", "-l", "zh"])
    in_a_line = re.sub(r"[\s│]+", "", said.out)  # a narrow column breaks it
    assert (said.code, "以JSON回答" in in_a_line, said.err) == (0, True, "")
    assert "Answer as JSON" in call([*path, "--help"]).out


@every
def test_f33_it_answers_a_person_and_a_program_in_both_languages(
    path: Sequence[str], there: House, call: Calls
) -> None:
    given = there.arguments(path)
    for language in (("-l", "en"), ("-l", "zh")):
        said = call([*given, *language])
        assert (said.code, "Traceback" in said.err) == (0, False), said.err
        assert said.out.strip() or said.lines
        assert call([*language, *given]).out == call([*given, *language]).out
    json.loads(call([*given, "--json"]).out)


@every
def test_f33_a_typo_in_an_option_is_one_line(path: Sequence[str], there: House, call: Calls) -> None:
    given = there.arguments(path)
    for typo in ("--jsno", "--languag"):
        said = call([*given, typo])
        is_one_line(said)
        assert said.code == CALLED_WRONGLY
        assert f"csdomain {' '.join(path)}" in said.err
    chinese = call([*given, "--jsno", "-l", "zh"])
    assert (chinese.code, "没有此选项" in chinese.err) == (CALLED_WRONGLY, True)
    said = call([*given, "-l", "fr"])
    assert (said.code, len(said.lines)) == (CALLED_WRONGLY, 1)
    program = call([*given, "--jsno", "--json"])
    assert json.loads(program.out)["error"]["code"] == "called_wrongly"
    wrong = call([*path[:-1], path[-1] + "x"])
    assert (wrong.code, len(wrong.lines)) == (CALLED_WRONGLY, 1)


@every
def test_f33_an_argument_that_is_missing_is_one_line(path: Sequence[str], call: Calls) -> None:
    said = call(path)
    needs = any(parameter.required for parameter in leaf(path).params)
    assert (said.code == CALLED_WRONGLY) is needs
    if needs:
        is_one_line(said)


@pytest.mark.parametrize(("path", "parameter"), parameters(of=URLS), ids=named)
def test_f09_a_typo_in_an_address_fails_and_makes_nothing(
    path: Sequence[str], parameter: str, there: House, call: Calls, tmp_path: Path
) -> None:
    (tmp_path / "text.db").write_text("this is no database, it is only text of some length " * 40)
    (tmp_path / "folder.db").mkdir()
    (tmp_path / "empty.db").touch()
    with contextlib.closing(sqlite3.connect(tmp_path / "other.db")) as other:  # of somebody else
        other.execute("create table orders (id integer)")
    before = contents(tmp_path)
    addresses = [
        "sqlite://x.db",
        "sqlite:x.db",
        "sqlite:///",
        "sqlite:///no/typo.db",
        "sqlite:///folder.db",
        "sqlit:///",
    ]
    addresses += ["sqlite+nope:///x.db", "postgresql+psycopg://host:port/x", "", "sqlite:///text.db"]
    addresses += ["sqlite:///text.db?timeout=soon", "sqlite:///text.db?mode=ro"]
    for address in [*addresses, *(NOT_MADE if path != MAKES else [])]:
        said = call(there.arguments(path, **{parameter: [address]}))
        if path == ("db", "status") and said.out:
            assert (said.code, "needs" in said.out) == (1, True)
        else:
            is_one_line(said)
            assert said.code == REFUSED, address
        assert contents(tmp_path) == before, address


@pytest.mark.parametrize(("path", "parameter"), parameters(of=FILES | BOOKS), ids=named)
def test_f32_a_file_that_is_not_there_is_said_to_be_no_file(
    path: Sequence[str], parameter: str, there: House, call: Calls, tmp_path: Path
) -> None:
    name = str(tmp_path / "nope.toml")
    said = call(there.arguments(path, **{parameter: [name]}))
    is_one_line(said)
    assert (said.code, "There is no such file." in said.err) == (REFUSED, True)
    assert "没有这个文件" in call([*there.arguments(path, **{parameter: [name]}), "-l", "zh"]).err
    program = call([*there.arguments(path, **{parameter: [name]}), "--json"])
    assert "no_such_file" in program.out
    assert not contents(tmp_path)
    folder = call(there.arguments(path, **{parameter: [str(tmp_path)]}))  # a rulebook may be one, but not an empty one
    assert (folder.code, "Traceback" in folder.err, folder.out) == (REFUSED, False, "")


@pytest.mark.parametrize(("path", "parameter"), parameters(to_write=True), ids=named)
def test_f33_a_file_that_cannot_be_written_is_refused_before_the_work(
    path: Sequence[str], parameter: str, there: House, call: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked: list[object] = []
    for module in ("csdomain_adapters.replay.run_replay", "csdomain.desk.store_to_read"):
        monkeypatch.setattr(module, lambda *_, **__: worked.append(1))
    (tmp_path / "file").write_text("mine")
    before, inputs = contents(tmp_path), contents(there.folder)
    reads = (
        there.values["log"][0] if "log" in {p.name for p in leaf(path).params} else there.url.removeprefix("sqlite:///")
    )
    for wrong in (tmp_path / "none" / "x.out", tmp_path, tmp_path / "file" / "x.out", Path(reads)):
        said = call(there.arguments(path, **{parameter: [str(wrong)]}))
        is_one_line(said)
        assert (said.code, worked) == (REFUSED, [])
    assert (contents(tmp_path), contents(there.folder)) == (before, inputs)


@pytest.mark.parametrize(("path", "parameter"), parameters(to_write=True), ids=named)
def test_f33_what_fails_half_way_leaves_the_file_that_was_there(
    path: Sequence[str], parameter: str, there: House, call: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "report.out"
    given = there.arguments(path, **{parameter: [str(target)]})
    assert call(given).code == 0
    assert target.stat().st_size > 100
    target.write_text("what was there")

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", interrupted)
        said = call(given)
    is_one_line(said)
    assert (said.code, target.read_text()) == (INTERRUPTED, "what was there")
    assert set(contents(tmp_path)) == {"report.out"}
    assert call(there.arguments(path, **{parameter: ["/dev/full"]})).code == REFUSED


@pytest.mark.parametrize(
    ("path", "encoding"), list(zip(COMMANDS, cycle(["ascii", "cp932", "cp1252"]), strict=False)), ids=named
)
def test_f33_it_answers_on_any_code_page(path: Sequence[str], encoding: str, there: House, call: Calls) -> None:
    given = there.arguments(path)
    for language in ("en", "zh"):
        said = call(["-l", language, *given], encoding)
        assert (said.code, "Error" in said.err) == (0, False), said.err
    # Where the encoding lacks a character JSON escapes it: what a program reads is the same.
    assert json.loads(call([*given, "--json"], encoding).out) == json.loads(call([*given, "--json"]).out)
    wrong = call(["-l", "zh", *given, "--jsno"], encoding)
    assert (wrong.code, len(wrong.lines)) == (CALLED_WRONGLY, 1)


@every
def test_f33_nobody_reads_the_answer_any_more(
    path: Sequence[str], there: House, call: Calls, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for more in ([], ["--json"]):
        reader, writer = os.pipe()
        os.close(reader)
        pipe = os.fdopen(writer, "w")
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", pipe)
            code = run([*there.arguments(path), *more])
        with contextlib.suppress(BrokenPipeError):
            pipe.close()
        assert code == NOBODY_READS
        assert "Traceback" not in capfd.readouterr().err


@every
def test_f33_an_answer_that_cannot_be_written_is_one_line(
    path: Sequence[str], there: House, call: Calls, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with contextlib.suppress(OSError), Path("/dev/full").open("w") as full, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", full)
        code = run([*there.arguments(path), "--json"])
    err = capfd.readouterr().err
    assert (code, len(err.splitlines()), "Traceback" in err) == (REFUSED, 1, False)


@every
def test_f33_ctrl_c_says_so(path: Sequence[str], there: House, call: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(**_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        for language in LANGUAGES:
            patch.setattr(leaf(path, language), "callback", interrupted)
        said = call(there.arguments(path))
        is_one_line(said)
        assert (said.code, "Interrupted" in said.err) == (INTERRUPTED, True)
        assert "已中断" in call([*there.arguments(path), "-l", "zh"]).err


@every
def test_f33_a_fault_of_its_own_is_one_line_and_shows_no_data(
    path: Sequence[str], there: House, call: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: Any) -> None:
        raise ValueError("customer-77")

    with monkeypatch.context() as patch:
        patch.setattr(leaf(path), "callback", broken)
        said = call(there.arguments(path))
        is_one_line(said)
        assert (said.code, "ValueError" in said.err, "customer-77" in said.err) == (70, True, False)
        assert json.loads(call([*there.arguments(path), "--json"]).out)["error"]["code"] == "fault"
        patch.setenv("CSDOMAIN_TRACEBACK", "1")
        assert "customer-77" in call(there.arguments(path)).err


@every
def test_f09_nothing_is_made_by_accident(path: Sequence[str], there: House, call: Calls, tmp_path: Path) -> None:
    before = set(contents(there.folder))
    assert call(there.arguments(path)).code == 0
    assert (contents(tmp_path), set(contents(there.folder))) == ({}, before)
