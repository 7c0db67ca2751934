#!/usr/bin/env python3
"""Many changes over many libraries, with faults of every kind: what is lost, what is left unexplained, and what it takes.

    cargo build --release && python3 benches/soak.py [CHANGES [LIBRARIES [SEED]]]

Starts an emulator process for each of LIBRARIES (100). Of their calls, 5 % meet a fault, of every kind there is, at random
places that SEED (1) decides. One apply creates CHANGES (20,000) files, during which the states grow; one updates all of them, during
which nothing does; then ten runs with a twentieth of CHANGES each create, update and delete. What a run left incomplete is
repeated before the next edits.

Every change that is not reported as done has to be explained by an answer that was bad or did not come. In the end the
emulators are started anew without faults, one more apply has to settle everything, and manifest, state and libraries have to
be the same to the byte. Exits with 1 where anything is not so. JUMPBAG names another binary.
"""

import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
JUMPBAG = os.environ.get("JUMPBAG", ROOT / "target/release/jumpbag")
CHANGES, LIBRARIES, SEED = (list(map(int, sys.argv[1:])) + [20_000, 100, 1][len(sys.argv) - 1 :])[:3]
RUNS = 10
RATE = 0.05
EFFECTS = [
    "status=429,retry-after=1", "status=500", "html=502", "status=503", "status=503,retry-after=1", "status=408",
    "drop-before", "drop-after", "truncate", "delay=300ms", "wrong-sha256", "hang",
]  # fmt: skip
ENVIRONMENT = {"PATH": os.environ["PATH"], "JUMPBAG_TOKEN": "any", "JUMPBAG_TIMEOUT": "10s"}
APPLY = ["apply", "--auto-approve", "--allow-deletes", str(CHANGES), "--events", "events.jsonl"]
# What a run may say about a change whose answer was bad or did not come.
ENDS = ("failed", "unknown", "not_tried", "not_recorded")

mistakes: list[str] = []


def mistake(text: str) -> None:
    mistakes.append(text)
    print(f"UNEXPLAINED: {text}", flush=True)


def faults(number: int) -> list[str]:
    """Which calls of this emulator meet which fault: more than are ever made."""
    dice = random.Random(f"{SEED}/{number}")
    calls = 20 * CHANGES // LIBRARIES + 1000
    # A list with other digests is another library, and not a fault that could be told from one.
    chosen = [(nth, dice.choice(EFFECTS)) for nth in range(1, calls) if dice.random() < RATE]
    specs = [f"{'upload' if effect == 'wrong-sha256' else 'any'}:{nth}:{effect}" for nth, effect in chosen]
    return [word for spec in specs for word in ("--fault", spec)]


def emulator(number: int, listen: str, extra: list[str]) -> tuple[subprocess.Popen, str]:
    command = [JUMPBAG, "emulator", "--data", f".tenants/{number}", "--no-limit", "--listen", listen, *extra]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return process, process.stdout.readline().removeprefix("listening on ").strip()


def stop(emulators: list[tuple[subprocess.Popen, str]]) -> None:
    for process, _ in emulators:
        process.terminate()
    for process, _ in emulators:
        process.wait()


def memory(pid: int, what: str = "VmRSS") -> float:
    """In MiB; 0 once it has ended."""
    try:
        found = re.search(rf"{what}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) / 1024 if found else 0


class Run:
    """One apply, looked at while it runs."""

    def __init__(self) -> None:
        self.curve: dict[int, float] = {}
        self.peak = 0.0
        self.errors: Counter[str] = Counter()
        offset = os.path.getsize("events.jsonl") if os.path.exists("events.jsonl") else 0
        start = time.perf_counter()
        process = subprocess.Popen(
            [JUMPBAG, *APPLY], env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        watching = threading.Thread(target=self.watch, args=(process.pid,))
        watching.start()
        for line in process.stderr:
            if line.startswith("["):
                self.progress(process.pid, line)
            elif code := re.search(r"jumpbag::\w+::\w+", line):
                self.errors[code[0]] += 1
        self.code = process.wait()
        watching.join()
        self.seconds = time.perf_counter() - start
        with open("events.jsonl") as events:
            events.seek(offset)
            self.events = [json.loads(line) for line in events]

    def watch(self, pid: int) -> None:
        while (peak := memory(pid, "VmHWM")) > 0:
            self.peak = max(self.peak, peak)
            time.sleep(0.2)

    def progress(self, pid: int, line: str) -> None:
        done, total = (int(number) for number in re.findall(r"\d+", line)[:2])
        step = max(total // 10, 1)
        if done % step == 0 and (rss := memory(pid)) > 0:
            self.curve[done] = rss

    def count(self) -> Counter[str]:
        return Counter(event["event"] for event in self.events if event["event"] in ("done", *ENDS))

    def calls(self) -> Counter[str]:
        made = (call for event in self.events for call in event.get("calls") or [])
        return Counter("no answer" if call["status"] is None else str(call["status"]) for call in made)

    def explain(self) -> None:
        """Every change has one end, and one that is not `done` has an answer that was bad, or none."""
        planned = Counter((event["library"], event["name"]) for event in self.events if event["event"] == "planned")
        ended = Counter((event["library"], event["name"]) for event in self.events if event["event"] in ("done", *ENDS))
        # A library that could not be locked or listed is said so on standard error, and nothing of it is begun.
        begun = {event["library"] for event in self.events if event["event"] == "library_started"}
        unread = {key for key in planned if key[0] not in begun}
        if any(count != 1 for key, count in (planned - ended).items() if key not in unread) or ended - planned:
            mistake(f"not every change has one end: {planned - ended} {ended - planned}")
        for event in self.events:
            if event["event"] not in ENDS:
                continue
            calls = event.get("calls") or []
            is_bad = any(call["status"] is None or call["status"] >= 400 for call in calls)
            code = (event.get("error") or {}).get("code", "")
            self.errors[f"{event['event']} {code}"] += 1
            if not is_bad and code not in EXPLAINED:
                mistake(f"{event}")
        if unread and not self.errors:
            mistake(f"{len(unread)} changes were not tried, and nothing says why")
        if (self.code == 0) != (not unread and not any(self.count()[end] for end in ENDS)):
            mistake(f"exit code {self.code} with {self.count()}")
        if self.code not in (0, 3):
            mistake(f"exit code {self.code}: {self.errors}")

    def tell(self, what: str, emulators: list[tuple[subprocess.Popen, str]]) -> None:
        self.explain()
        count, calls = self.count(), self.calls()
        bad = sum(number for status, number in calls.items() if not status.startswith("2"))
        others = sum(memory(process.pid) for process, _ in emulators)
        print(
            f"{what:<22} exit {self.code} {self.seconds:>7.1f} s  done {count['done']:>6}  not done "
            f"{sum(count[end] for end in ENDS):>4}  calls {sum(calls.values()):>6}, {bad:>5} bad  peak {self.peak:>5.0f} MiB  "
            f"emulators {others:>6.0f} MiB",
            flush=True,
        )
        for error, number in sorted(self.errors.items()):
            print(f"{'':<22} {number:>5} × {error}", flush=True)


# Said about an answer whose status is good: another digest than was sent, or no answer that can be read.
EXPLAINED = {"jumpbag::library::answered_other_content", "jumpbag::library::entry"}


class Files:
    """What the manifest asks for."""

    def __init__(self) -> None:
        self.dice = random.Random(SEED)
        self.wanted: dict[tuple[int, str], str] = {}
        self.made = 0
        for number in range(LIBRARIES):
            os.makedirs(f"files/{number:03}")

    def write(self, number: int, name: str) -> None:
        content = f"#!/bin/sh\n# {self.dice.getrandbits(64):x}\n" + "echo a line of a script\n" * self.dice.randrange(1, 80)
        Path(f"files/{number:03}/{name}").write_text(content)
        self.wanted[number, name] = hashlib.sha256(content.encode()).hexdigest()

    def create(self, number: int) -> None:
        self.made += 1
        self.write(number, f"{self.made:06}.sh")

    def edit(self, count: int) -> None:
        """As many changes, a third of each kind."""
        chosen = self.dice.sample(sorted(self.wanted), 2 * count // 3)
        for nth, (number, name) in enumerate(chosen):
            if nth % 2:
                self.write(number, name)
            else:
                os.remove(f"files/{number:03}/{name}")
                del self.wanted[number, name]
        for _ in range(count - len(chosen)):
            self.create(self.dice.randrange(LIBRARIES))

    def of(self, number: int) -> dict[str, str]:
        return {name: digest for (library, name), digest in self.wanted.items() if library == number}


def compare(files: Files) -> None:
    """Manifest, state and library are the same, to the byte of what the library keeps."""
    for number in range(LIBRARIES):
        wanted = files.of(number)
        state = json.loads(Path(f".jumpbag/tenant-{number:03}/state.json").read_text())
        tracked = {name: file["sha256"] for name, file in items(state["files"])}
        index = json.loads(Path(f".tenants/{number}/index.json").read_text())
        held = {name: file["sha256"] for name, file in items(index["files"])}
        for name, digest in held.items():
            content = Path(f".tenants/{number}/contents/{digest}").read_bytes()
            if hashlib.sha256(content).hexdigest() != digest:
                mistake(f"{number} {name}: the library keeps other bytes")
        if tracked != wanted or held != wanted or state.get("pending"):
            mistake(f"library {number}: {len(wanted)} wanted, {len(tracked)} tracked, {len(held)} held, and not the same")
    left = [path for path in Path().rglob(".jumpbag-*.tmp")]
    if left:
        mistake(f"temporary files are left: {left}")


def items(files: dict | list) -> list[tuple[str, dict]]:
    if isinstance(files, dict):
        return list(files.items())
    return [(file["name"], file) for file in files]


def soak() -> None:
    files = Files()
    emulators = [emulator(number, "127.0.0.1:0", faults(number)) for number in range(LIBRARIES)]
    try:
        libraries = "".join(f"  tenant-{n:03}: {{endpoint: '{url}', limits: []}}\n" for n, (_, url) in enumerate(emulators))
        entries = "".join(f"- {{source: 'files/{n:03}/*', libraries: [tenant-{n:03}]}}\n" for n in range(LIBRARIES))
        Path("jumpbag.yaml").write_text(f"version: 1\nlibraries:\n{libraries}files:\n{entries}")
        print(f"{CHANGES} files to create over {LIBRARIES} libraries, to update, and to edit; {RATE:.0%} of calls meet a fault; seed {SEED}")
        for nth in range(CHANGES):
            files.create(nth % LIBRARIES)
        done = long("one apply, all new", emulators)
        for number, name in sorted(files.wanted):
            files.write(number, name)
        done += long("one apply, all other", emulators)
        for number in range(1, RUNS + 1):
            files.edit(CHANGES // RUNS // 2)
            run = Run()
            run.tell(f"edits {number}", emulators)
            done += settle(run, emulators)
    finally:
        stop(emulators)
    asked = 2 * CHANGES + CHANGES // RUNS // 2 * RUNS
    print(f"{done} of {asked} changes were reported as done; of the others the next list said that they were")
    ports = [(number, url.removeprefix("http://")) for number, (_, url) in enumerate(emulators)]
    healthy = [emulator(number, address, []) for number, address in ports]
    try:
        last = Run()
        last.tell("without faults", healthy)
        if last.code != 0:
            mistake("a run without faults does not settle it")
        plan = subprocess.run([JUMPBAG, "plan", "--detailed-exitcode"], env=ENVIRONMENT, capture_output=True, text=True)
        if plan.returncode != 0:
            mistake(f"there is something left to do: {plan.stdout[-1000:]}{plan.stderr[-1000:]}")
        compare(files)
    finally:
        stop(healthy)


def long(what: str, emulators: list[tuple[subprocess.Popen, str]]) -> int:
    """One apply of everything, with the memory that it takes on its way; returns how many changes were done."""
    run = Run()
    run.tell(what, emulators)
    for changes, rss in sorted(run.curve.items()):
        print(f"{changes:>29} changes {rss:>6.1f} MiB  {'#' * round(rss / 2)}", flush=True)
    return settle(run, emulators)


def settle(run: Run, emulators: list[tuple[subprocess.Popen, str]]) -> int:
    """Repeats what was left incomplete; returns how many changes were done."""
    done = run.count()["done"]
    for again in range(1, 10):
        if run.code == 0:
            return done
        run = Run()
        run.tell(f"  again {again}", emulators)
        done += run.count()["done"]
    mistake("ten runs did not complete it")
    return done


def main() -> None:
    folder = tempfile.mkdtemp(prefix="soak-")
    os.chdir(folder)
    try:
        soak()
    finally:
        os.chdir("/")
        if not mistakes:
            shutil.rmtree(folder)
    print(f"{len(mistakes)} unexplained outcomes" + (f"; see {folder}" if mistakes else ""))
    sys.exit(1 if mistakes else 0)


main()
