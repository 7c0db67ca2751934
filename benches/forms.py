#!/usr/bin/env python3
"""Time and memory of every form of a plan of many changes.

    cargo build --release && python3 benches/forms.py [CHANGES]

Makes a library of CHANGES scripts (10,000) in a folder of its own, changes all of them, plans, and shows the saved plan
in each form, three times. Prints medians of the whole process: reading the plan, and the sources and contents for the diffs.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
JUMPBAG = ROOT / "target/release/jumpbag"
COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
FORMS = ["text", "markdown", "html", "json"]


def script(nth: int, days: int) -> str:
    body = "".join(f"$step{line} = Get-Item -Path C:\\Evidence\\{nth}\\{line}\n" for line in range(40))
    return f"param([int]$Days = {days})\n{body}Write-Output 'file {nth}'\n"


def run(*args: str, cwd: str) -> tuple[float, int]:
    """Seconds, and the most memory in KiB, of one process."""
    start = time.perf_counter()
    pid = os.posix_spawn(
        JUMPBAG,
        ["jumpbag", *args],
        {"PATH": os.environ["PATH"], "HOME": cwd},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 1, os.path.join(cwd, "stdout"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
            (os.POSIX_SPAWN_OPEN, 2, os.path.join(cwd, "stderr"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        ],
    )
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - start
    code = os.waitstatus_to_exitcode(status)
    if code != 0:
        sys.exit(f"{args}: exit code {code}\n{Path(cwd, 'stderr').read_text()}")
    return seconds, usage.ru_maxrss


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("scripts").mkdir()
        for nth in range(COUNT):
            Path(f"scripts/{nth:05}.ps1").write_text(script(nth, 7))
        Path("jumpbag.yaml").write_text(
            "version: 1\nlibraries:\n  bench:\n    endpoint: emulator:.library\n"
            "    limits: [{ calls: 1000000, per: 1s }]\nfiles:\n  - source: scripts/*.ps1\n"
        )
        run("apply", "--auto-approve", "--concurrency", "8", cwd=folder)
        for nth in range(COUNT):
            Path(f"scripts/{nth:05}.ps1").write_text(script(nth, 14))
        run("plan", "--out", "plan.json", cwd=folder)
        print(f"{COUNT} updates\n{'form':<10} {'seconds':>8} {'MiB':>6} {'bytes':>12}")
        for form in FORMS:
            args = ["show", "plan.json"] + ([] if form == "text" else [f"--{form}", "-"])
            runs = [run(*args, cwd=folder) for _ in range(3)]
            seconds = statistics.median(it[0] for it in runs)
            memory = max(it[1] for it in runs) / 1024
            size = os.path.getsize("stdout")
            print(f"{form:<10} {seconds:>8.3f} {memory:>6.0f} {size:>12}")


main()
