#!/usr/bin/env python3
"""What it costs where the state is, and that it is encrypted.

    cargo build --release && python3 benches/state.py [FILES [KIB [ROUNDS]]]
    bash .ci/storage python3 benches/state.py           # with the states on servers, too

In each of ROUNDS (5), for each kind of state in turn: applies FILES (250) scripts of KIB (40) KiB to an empty library, plans
when there is nothing to do, and applies a change of one script. Prints medians, and how often as long that is as with a
plain state in a folder. The library's emulator runs without limits, on the same cores, as do the servers.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
JUMPBAG = ROOT / "target/release/jumpbag"
FILES, KIB, ROUNDS = (list(map(int, sys.argv[1:])) + [250, 40, 5][len(sys.argv) - 1 :])[:3]
# Of a key that opens nothing else.
RECIPIENT = "age10lpswvj3a2uetceg4gvfkjurahm7rc4stk72rs6406z0gz3duves8n7k55"
IDENTITY = "AGE-SECRET-KEY-19QFZYKQ2G954AS6MD4NGS3GU9JX9P5SWYT0RLFNKU6SEE7YY5DWQF33KC5"


def run(environment: dict[str, str], *args: str) -> float:
    """Seconds of one process."""
    start = time.perf_counter()
    environment = {"PATH": os.environ["PATH"], "JUMPBAG_TOKEN": "any", **environment}
    process = subprocess.run([JUMPBAG, *args], env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if process.returncode != 0:
        sys.exit(f"{args}: exit code {process.returncode}\n{process.stderr[-2000:]}")
    return seconds


def kinds() -> dict[str, tuple[str, dict[str, str]]]:
    """What the manifest says about the state, and what the environment does."""
    places = {"folder": ("backend: local", {})}
    servers = os.environ.get("JUMPBAG_TEST_SERVERS")
    for server in json.loads(Path(servers).read_text()) if servers else []:
        places[server["name"]] = (f"backend: {server['backend']}, url: '{server['url']}/PLACE'", server["environment"])
    age = {"JUMPBAG_AGE_IDENTITY": IDENTITY}
    return places | {
        f"{name}, encrypted": (f"{state}, encrypt_to: [{RECIPIENT}]", environment | age)
        for name, (state, environment) in places.items()
    }


def script(number: int) -> str:
    """Lines that compress as scripts do."""
    words = random.Random(number)
    lines = (f"$value{words.randrange(99)} = Get-Item -Path 'HKLM:\\{words.randrange(10**9)}'\n" for _ in range(KIB * 20))
    return "".join(lines)[: KIB * 1024]


def once(state: str, environment: dict[str, str], place: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("scripts").mkdir()
        for number in range(FILES):
            Path(f"scripts/{number:03}.ps1").write_text(script(number))
        emulator = subprocess.Popen(
            [JUMPBAG, "emulator", "--data", ".library", "--no-limit"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            url = emulator.stdout.readline().removeprefix("listening on ").strip()
            Path("jumpbag.yaml").write_text(
                f"version: 1\nlibraries: {{test: {{endpoint: '{url}', limits: []}}}}\n"
                f"state: {{{state.replace('PLACE', place)}}}\nfiles:\n- source: scripts/*.ps1\n"
            )
            seconds = {"apply all": run(environment, "apply", "--auto-approve", "-q")}
            seconds["plan, nothing to do"] = run(environment, "plan")
            Path("scripts/000.ps1").write_text("Write-Output 'other'\n")
            seconds["apply one"] = run(environment, "apply", "--auto-approve", "-q")
            return seconds
        finally:
            os.chdir("/")
            emulator.terminate()
            emulator.wait()


def main() -> None:
    measured: dict[str, list[dict[str, float]]] = {name: [] for name in kinds()}
    for number in range(ROUNDS):
        for name, (state, environment) in kinds().items():
            measured[name].append(once(state, environment, f"bench-{os.getpid()}-{number}-{name.replace(', ', '-')}"))
    print(f"{FILES} files of {KIB} KiB, medians of {ROUNDS}")
    for what in measured["folder"][0]:
        medians = {name: statistics.median(one[what] for one in all) for name, all in measured.items()}
        for name, median in medians.items():
            print(f"{what:<22}{name:<22}{median:>8.2f} s {median / medians['folder']:>6.2f} ×")


main()
