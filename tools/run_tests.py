"""All tests, or chosen ones: what `make test` runs. With `--coverage` also which branches they reach.

Measuring doubles the time, and hardly any branch needs many examples: it is done with those of the profile `dev`.

Usage: python tools/run_tests.py [--workers N] [--coverage] [-- PYTEST ARGUMENTS]
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: A test that hangs this long is named with its stack and ended; the others go on.
HANGS_SECONDS = 600


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--workers", default="2", help="processes that share the tests; 0 for none")
    options.add_argument("--coverage", action="store_true", help="measure branches; fails below the bound")
    options.add_argument("pytest", nargs="*", help="arguments for pytest")
    given = options.parse_args()
    pytest = ["-m", "pytest", "-n", given.workers, "--durations=10", "--durations-min=0.5"]
    pytest += ["-o", f"faulthandler_timeout={HANGS_SECONDS}", "-o", "faulthandler_exit_on_timeout=true", *given.pytest]
    began = time.monotonic()
    if not given.coverage:
        failed = subprocess.run([sys.executable, *pytest], cwd=ROOT, check=False).returncode
        print(f"tests: {time.monotonic() - began:.0f} s", flush=True)
        return failed
    data = Path(tempfile.mkdtemp(prefix="csd-coverage-"))
    # Data files of killed processes are left in this folder, not in the tree.
    environment = {"HYPOTHESIS_PROFILE": "dev", **os.environ, "COVERAGE_FILE": str(data / "coverage")}

    def coverage(*arguments: str) -> int:
        command = [sys.executable, "-m", "coverage", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode

    try:
        failed = coverage("run", *pytest)
        print(f"tests: {time.monotonic() - began:.0f} s", flush=True)
        if failed:
            return failed
        return coverage("combine", "--quiet") or coverage("report")
    finally:
        shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    raise SystemExit(main())
