"""Every gate but the tests: what `make check` runs.

Usage: python tools/check.py [GATE…]

Two gates run at a time. Each prints one line when it is done, and its output when it failed. All run, also after a
failure; exit 1 when any failed.
"""

import argparse
import concurrent.futures
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PYTHON = [sys.executable]
CODE = ("src", "adapters", "tests", "tools", "benchmarks", "examples")
TYPED = [folder for folder in CODE if any(ROOT.glob(f"{folder}/**/*.py"))]
# The longest first: the others run beside it.
GATES: dict[str, list[str]] = {
    "types": [str(BIN / "mypy"), *TYPED],
    "docs": [*PYTHON, "tools/build_docs.py"],
    "references": [*PYTHON, "tools/generate_reference.py", "--check"],
    "architecture": [str(BIN / "lint-imports"), "--no-logo"],
    "lint": [str(BIN / "ruff"), "check", "."],
    "format": [str(BIN / "ruff"), "format", "--check", "."],
    "dependencies": [str(BIN / "deptry"), "src", "adapters"],
    "docstrings": [str(BIN / "interrogate"), "src", "-v"],
}


def run(name: str) -> tuple[str, bool, float, str]:
    """One gate: its name, whether it passed, seconds, output."""
    began = time.monotonic()
    done = subprocess.run(
        GATES[name],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "120", "NO_COLOR": "1"},
    )
    return name, done.returncode == 0, time.monotonic() - began, done.stdout


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("gate", nargs="*", help=", ".join(GATES))
    names = options.parse_args().gate or list(GATES)
    unknown = set(names) - GATES.keys()
    if unknown:
        options.error(f"no gate {', '.join(sorted(unknown))}; there are {', '.join(GATES)}")
    began = time.monotonic()
    failed = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for future in concurrent.futures.as_completed([pool.submit(run, name) for name in names]):
            name, passed, seconds, output = future.result()
            print(f"{'ok    ' if passed else 'FAILED'} {name:<13} {seconds:5.1f} s", flush=True)
            if not passed:
                failed.append(name)
                print(output, flush=True)
    print(f"check: {len(names) - len(failed)} passed, {len(failed)} failed, {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
