#!/usr/bin/env python3
"""Time and memory of one run over many libraries.

    cargo build --release && python3 benches/fleet.py [LIBRARIES [FILES]]

Starts an emulator process for each of LIBRARIES (100), with FILES (50) scripts in the manifest, then plans, applies, plans
again (nothing to change), changes one script, plans it, and plans each library by a process of its own, for comparison.
The emulators run on the same cores as what is measured.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
JUMPBAG = ROOT / "target/release/jumpbag"
LIBRARIES = int(sys.argv[1]) if len(sys.argv) > 1 else 100
FILES = int(sys.argv[2]) if len(sys.argv) > 2 else 50


def run(*args: str) -> tuple[float, float]:
    """Seconds, and the most memory in MiB, of one process."""
    start = time.perf_counter()
    out = [
        (os.POSIX_SPAWN_OPEN, number, name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for number, name in ((1, "stdout"), (2, "stderr"))
    ]
    environment = {"PATH": os.environ["PATH"], "JUMPBAG_TOKEN": "any"}
    pid = os.posix_spawn(JUMPBAG, ["jumpbag", *args], environment, file_actions=out)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - start
    code = os.waitstatus_to_exitcode(status)
    if code != 0:
        sys.exit(f"{args}: exit code {code}\n{Path('stderr').read_text()[-2000:]}")
    return seconds, usage.ru_maxrss / 1024


def emulator(number: int) -> tuple[subprocess.Popen, str]:
    command = [JUMPBAG, "emulator", "--data", f".tenants/{number}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return process, process.stdout.readline().removeprefix("listening on ").strip()


def tell(what: str, measured: tuple[float, float]) -> None:
    print(f"{what:<44} {measured[0]:>8.2f} s {measured[1]:>6.0f} MiB", flush=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("scripts").mkdir()
        for nth in range(FILES):
            Path(f"scripts/{nth:03}.ps1").write_text(f"Write-Output 'file {nth}'\n" * 50)
        emulators = [emulator(number) for number in range(LIBRARIES)]
        try:
            libraries = "".join(
                f"  tenant-{number:03}:\n    endpoint: {url}\n" for number, (_, url) in enumerate(emulators)
            )
            Path("jumpbag.yaml").write_text(
                f"version: 1\nlibraries:\n{libraries}files:\n  - source: scripts/*.ps1\n    description: A script\n"
            )
            print(f"{LIBRARIES} libraries, {FILES} files each")
            tell("plan, all to create", run("plan"))
            tell("apply", run("apply", "--auto-approve", "-q"))
            tell("plan, nothing to change", run("plan"))
            Path("scripts/000.ps1").write_text("Write-Output 'other'\n")
            tell("plan, one script changed", run("plan", "--markdown", "plan.md", "--html", "plan.html"))
            print(f"{'':<4}text {os.path.getsize('stdout')} B, Markdown {os.path.getsize('plan.md')} B, "
                  f"HTML {os.path.getsize('plan.html')} B")
            one_by_one = [run("-l", f"tenant-{number:03}", "plan") for number in range(LIBRARIES)]
            tell("the same, a process for each library", (sum(it[0] for it in one_by_one), max(it[1] for it in one_by_one)))
        finally:
            for process, _ in emulators:
                process.terminate()
            for process, _ in emulators:
                process.wait()


main()
