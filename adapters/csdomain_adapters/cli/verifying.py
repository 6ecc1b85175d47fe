"""``csdomain verify`` and ``csdomain checkpoint``: whether a store is what its trail says."""

import json
from pathlib import Path
from typing import Annotated, Final

import typer

from csdomain.desk import kinds
from csdomain.kernel.rules import PORTS, Text
from csdomain.kernel.rules.errors import InvalidValue
from csdomain.kernel.store.verify import Checkpoint, Part, Problem, make_checkpoint, verify

from . import stores
from .files import there
from .options import Url, command
from .output import answer, progress, table
from .settings import say, settings

_KEY: Final = typer.Option("--key", help="The file with the key that signs, of 16 bytes or more.")

_PARTS: Final = {
    Part.BODY: Text("body", "正文"),
    Part.COLUMN: Text("column", "列"),
    Part.TIMER: Text("timer", "计时器"),
    Part.LINE: Text("line of the trail", "审计行"),
    Part.TRAIL: Text("trail", "审计记录"),
}
_PROBLEMS: Final = {
    Problem.CHANGED: Text("changed", "被更改"),
    Problem.MISSING: Text("missing", "缺失"),
    Problem.ADDED: Text("no line vouches for it", "无审计行可证"),
    Problem.UNREADABLE: Text("cannot be read", "无法读取"),
}


class KeyWanted(InvalidValue):
    """A checkpoint was given without the key that signed it."""

    default_rule = PORTS
    problem = Text("A checkpoint needs its key.", "检查点需要密钥。")


def _key(file: Path | None) -> bytes:
    if file is None:
        raise KeyWanted(accepted=Text("--key FILE", "--key FILE"))
    there(file)
    return file.read_bytes()


def _verify(
    url: Url,
    checkpoint: Annotated[
        Path | None, typer.Option(help="The file with a checkpoint that was kept: it shows what the trail has lost.")
    ] = None,
    key: Annotated[Path | None, _KEY] = None,
) -> int:
    """Say what in a store is not what its trail says. Exit code 1 where there is anything."""
    known, signed = None, b"" if key is None else _key(key)
    if checkpoint is not None:
        there(checkpoint)
        known, signed = Checkpoint.read(checkpoint.read_text("utf-8", "replace")), _key(key)
    with stores.store(url) as store, progress(say("records verified", "已核验记录")) as advance:
        found = verify(store, kinds(), checkpoint=known, key=signed, progress=advance)
    faults = [
        {"subject": f.subject, "part": f.part.value, "problem": f.problem.value, "name": f.name} for f in found.faults
    ]
    counts = {"subjects": found.subjects, "lines": found.lines, "timers": found.timers}
    total = len(found.faults) + found.left_off
    if found.faults and not settings.as_json:
        heads = (say("subject", "对象"), say("what", "内容"), say("name", "名称"), say("problem", "问题"))
        language = settings.language
        rows = [(f.subject, _PARTS[f.part](language), f.name, _PROBLEMS[f.problem](language)) for f in found.faults]
        table(say("Not what the trail says", "与审计记录不符"), heads, rows)
    text = say(
        f"{found.subjects} records, {found.lines} lines, {found.timers} timers verified; {total} faults",
        f"已核验 {found.subjects} 条记录、{found.lines} 行审计、{found.timers} 个计时器；{total} 处不符",
    )
    answer({"ok": found.sound, **counts, "faults": faults, "left_off": found.left_off}, text)
    return 0 if found.sound else 1


def _checkpoint(url: Url, key: Annotated[Path, _KEY]) -> None:
    """Sign the trail as it is, as JSON to keep elsewhere. Refused where the store is not what its trail says."""
    signed = _key(key)
    with stores.store(url) as store, progress(say("records verified", "已核验记录")) as advance:
        made = make_checkpoint(store, kinds(), signed, stores.now(), progress=advance)
    answer(json.loads(made.text()), made.text())


def add_to(root: typer.Typer) -> None:
    """Both stand beside the groups."""
    command(root, "verify")(_verify)
    command(root, "checkpoint")(_checkpoint)
