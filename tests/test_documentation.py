"""What the docs show is run: snippets of every page, doctests of every docstring, every example."""

import doctest
import importlib
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path

import pytest
from sybil import Document
from sybil.parsers.markdown import PythonCodeBlockParser

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md")])
EXAMPLES = sorted((ROOT / "examples").glob("[0-9]*.py"))
SOURCES = sorted(p for top in ("src", "adapters") for p in (ROOT / top).rglob("*.py") if ">>>" in p.read_text("utf-8"))
#: A block of a page that is run by itself, and one that is text of a file which is.
BLOCK = re.compile(r"^ *```python *(?P<info>[^\n]*)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)
#: What a doctest has beside its code: prompts, and the lines of output.
PROMPT = re.compile(r"^(?:>>> |\.\.\. ?)|^(?!>>>|\.\.\.).*\n?", re.MULTILINE)
#: Libraries that ship no types.
UNTYPED = [
    f"[mypy-{name}]\nignore_missing_imports = true\n"
    for name in ("django.*", "jsonschema", "pymysql.*", "xlsxwriter.*")
]
TITLE = re.compile(r'title="(?P<file>[\w./-]+)"')


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_snippets_of_a_page_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check_files(page.read_text("utf-8"))
    run_page(page)


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "README.zh-CN.md"], ids=name_of)
def test_f38_the_readme_runs_any_number_of_times(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_page(page) == run_page(page) > 1  # on the database that the first run left


def check_files(text: str) -> int:
    """That each Python block which names a file is text of that file, which runs elsewhere; how many there were."""
    named = 0
    for block in BLOCK.finditer(text):
        if not block["info"]:
            continue  # run by `run_page`
        title = TITLE.fullmatch(block["info"].strip())
        assert title, "a snippet that does not run does not belong in the docs"
        file = ROOT / title["file"]
        assert file in EXAMPLES, f"{title['file']} is no example that a test runs"
        text, whole = block["text"].rstrip(), file.read_text("utf-8")
        shown = any(f"\n{textwrap.indent(text, ' ' * inside)}\n" in whole for inside in range(0, 16, 4))
        assert shown, f"the block is not text of {title['file']}"
        named += 1
    return named


def run_page(page: Path) -> int:
    """Run the Python blocks of a page one after the other in one namespace; how many there were."""
    document = Document.parse(str(page), PythonCodeBlockParser(doctest_optionflags=doctest.ELLIPSIS))
    document.namespace["__name__"] = "__page__"
    examples = list(document.examples())
    for example in examples:
        example.evaluate()
    return len(examples)


def typed(pages: Iterable[Path], folder: Path) -> str:
    """What mypy says of the Python of pages, with its strict rules; a page is one module."""
    folder.mkdir()
    for page in pages:
        blocks = (
            textwrap.dedent(block["text"]) for block in BLOCK.finditer(page.read_text("utf-8")) if not block["info"]
        )
        code = "\n".join(PROMPT.sub("", block) if ">>>" in block else block for block in blocks)
        if code:
            (folder / f"{re.sub(r'[^a-z0-9]+', '_', page.as_posix().lower())}.py").write_text(code, "utf-8")
    config = folder / "mypy.ini"
    config.write_text(f"[mypy]\nstrict = true\n{''.join(UNTYPED)}", "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", "--config-file", str(config), "."],
        cwd=folder,
        env=os.environ | {"MYPYPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT / 'adapters'}"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    return done.stdout + done.stderr


def test_f37_every_snippet_passes_mypy_strict(tmp_path: Path) -> None:
    assert typed(PAGES, tmp_path / "pages") == ""


def test_an_untyped_snippet_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```python\n>>> def half(number):\n...     return number / 2\n>>> half(2)\n1.0\n```\n", "utf-8")
    assert "missing a type annotation" in typed([page], tmp_path / "pages")


@pytest.mark.parametrize("source", SOURCES, ids=name_of)
def test_the_examples_in_docstrings_run(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    parts = source.relative_to(ROOT).with_suffix("").parts[1:]
    name = ".".join(parts).removesuffix(".__init__")
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert result.attempted
    assert not result.failed


@pytest.mark.parametrize("example", EXAMPLES, ids=name_of)
def test_an_example_runs_by_itself(example: Path, tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CSDOMAIN_")} | {"PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(example)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert done.stdout.strip(), "an example shows something"


def test_a_wrong_snippet_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A\n\n```python\nx = 1\n```\n\ntext\n\n```python\n>>> x\n1\n>>> x + 1\n3\n```\n", "utf-8")
    with pytest.raises(Exception, match="Expected:\n    3\nGot:\n    2"):
        run_page(page)
    page.write_text("```python\nassert 1 == 2\n```\n", "utf-8")
    with pytest.raises(AssertionError):
        run_page(page)


def test_a_block_of_a_file_is_text_of_a_file_that_runs() -> None:
    page = '# A\n\n```python title="{}"\n{}\n```\n\n```python\nx = 1\n```\n'
    shown = EXAMPLES[0].read_text("utf-8").splitlines()[-1]
    assert check_files(page.format(name_of(EXAMPLES[0]), shown)) == 1
    for file, text, why in (
        (name_of(EXAMPLES[0]), shown + " or True", "is not text of"),
        (name_of(EXAMPLES[0]), shown[1:], "is not text of"),
        ("tools/check.py", "import argparse", "no example"),
        ("examples/99_missing.py", shown, "no example"),
    ):
        with pytest.raises(AssertionError, match=why):
            check_files(page.format(file, text))
    with pytest.raises(AssertionError, match="does not run"):
        check_files("```python no-run\nx = 1\n```\n")


def test_the_snippets_of_a_page_share_a_namespace(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```python\nx = 1\n```\n\n- in a list:\n\n  ```python\n  assert x == 1\n  ```\n", "utf-8")
    assert run_page(page) == 2


def test_every_page_of_the_site_is_in_its_navigation() -> None:
    listed = re.findall(r"^ *- ([\w./-]+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in PAGES if path.is_relative_to(ROOT / "docs")]
    assert sorted(listed) == sorted(pages)


def test_the_tutorial_does_the_same_in_both_languages() -> None:
    def calls(name: str) -> list[str]:
        blocks = BLOCK.findall((ROOT / "docs" / "tutorial" / name).read_text("utf-8"))
        return re.findall(r"(?:desk|does|csdomain)\.[\w.]+|\bat\(\d+, \d+\)", "\n".join(text for _, text in blocks))

    english = calls("your-first-complaint-desk.md")
    assert len(english) > 50
    assert english == calls("your-first-complaint-desk.zh-CN.md")
