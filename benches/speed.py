#!/usr/bin/env python3
"""How fast jumpbag is, against what people use today, on the same machine in the same minutes.

    cargo build --release && python3 benches/speed.py [-n ROUNDS] [CASE ...]

Each case runs jumpbag and a peer in turn, ROUNDS times (5), and prints the median of each, the median of the ratios within a
round, and the peak memory of each. A peer that the machine does not have is left out, and said. CASES are the functions here
whose names begin with `case_`; without any, all are run but `limited_really`. Nothing here uses a network but loopback.
"""

import argparse
import hashlib
import http.client
import json
import math
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime
from pathlib import Path

JUMPBAG = Path(os.environ.get("JUMPBAG", Path(__file__).resolve().parent.parent / "target/release/jumpbag"))
MEGABYTE = 1_000_000
# A file that was written within this time is read again by the next plan, as git does.
YOUNG = 2.5
ROUNDS = 5


# Starts a process and says its peak memory: a process counts that of whoever started it, too, and this is a small one.
STARTER = """
import os, sys
child = os.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(child, 0)
open(".memory", "w").write(str(usage.ru_maxrss))
sys.exit(os.waitstatus_to_exitcode(status))
"""


class Run:
    """One process: how long it took, in seconds, or else, where that is what is measured, its peak memory, in MiB."""

    measures_memory = False

    def __init__(self, *command: str | Path, codes: tuple[int, ...] = (0,), **environment: str) -> None:
        if Run.measures_memory:
            command = (sys.executable, "-I", "-S", "-c", STARTER, *command)
        home = {"HOME": os.environ["HOME"], "PATH": os.environ["PATH"], "JUMPBAG_TOKEN": "any", "JUMPBAG_CACHE_DIR": f"{os.getcwd()}/.cache"}
        with open(".out", "wb") as out:
            start = time.perf_counter()
            process = subprocess.Popen([str(word) for word in command], env=home | environment, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            self.seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in codes:
            sys.exit(f"{command}: exit code {process.returncode}\n{Path('.out').read_text()[-2000:]}")
        if Run.measures_memory:
            self.memory = int(Path(".memory").read_text()) / 1024


def memory(run) -> str:
    """The peak memory of what `run` runs."""
    Run.measures_memory = True
    peak = run().memory
    Run.measures_memory = False
    return f"{peak:.0f} MiB"


def shown(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def row(*cells: str) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)


def head() -> None:
    row("what", "jumpbag", "peer", "jumpbag / peer", "memory", "peer's memory")
    row("---", *["---:"] * 5)


def compare(what: str, ours, peer=None, before=lambda: None, rounds: int | None = None) -> None:
    """Runs both in turn and prints a row. `before` is not counted."""
    rounds = rounds or ROUNDS
    mine, theirs = [], []
    for turn in range(rounds + 1):
        before()
        mine.append(ours())
        if peer:
            before()
            theirs.append(peer())
    # The first of each warms the caches of the system.
    mine, theirs = mine[1:], theirs[1:]
    median = lambda runs: shown(statistics.median(run.seconds for run in runs))
    ratio = statistics.median(a.seconds / b.seconds for a, b in zip(mine, theirs)) if peer else None
    before()
    mine_at_peak = memory(ours)
    before()
    theirs_at_peak = memory(peer) if peer else ""
    row(what, median(mine), median(theirs) if peer else "", f"{ratio:.3g}" if ratio else "", mine_at_peak, theirs_at_peak)


def has(program: str) -> bool:
    found = shutil.which(program) is not None
    if not found:
        print(f"({program} is not on this machine)", flush=True)
    return found


class Tree:
    """A folder with COUNT files of SIZE bytes, and a manifest with all of them, in the working directory."""

    def __init__(self, count: int, size: int, explicit: bool = False, per_folder: int = 500, endpoint: str = "emulator:.library") -> None:
        self.names = []
        words = random.Random(count)
        for number in range(count):
            folder = f"scripts/{number // per_folder:03}"
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.names.append(f"{folder}/script-{number:06}.ps1")
            Path(self.names[-1]).write_bytes(words.randbytes(size))
        self.entries(endpoint, "".join(f"- source: {name}\n  description: Collects number {nth}\n" for nth, name in enumerate(self.names)) if explicit else "- source: scripts/**/*.ps1\n")

    @staticmethod
    def entries(endpoint: str, files: str, limits: str = "", state: str = ".jumpbag") -> None:
        library = f"{{endpoint: '{endpoint}', limits: [{limits}], max_file_size: 20MB}}"
        Path("jumpbag.yaml").write_text(f"version: 1\nlibraries: {{test: {library}}}\nstate: {{path: {state}}}\nfiles:\n{files}")

    def track(self, explicit: bool = False) -> None:
        """Has the state say that all of it is in the library, as an apply would."""
        files = {}
        for nth, name in enumerate(self.names):
            content = Path(name).read_bytes()
            file = {"has_parameters": False, "protect": False, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
            files[Path(name).name] = ({"description": f"Collects number {nth}"} if explicit else {}) | file
        state = {
            "files": files,
            "format_version": "1.1",
            "jumpbag_version": "0.1.0",
            "library": {"endpoint": "emulator:.library", "name": "test"},
            "lineage": "6f1d6d5e-0000-4000-8000-000000000000",
            "pending": {},
            "serial": 1,
            "written": {"at": "2026-01-01T00:00:00Z", "command": "jumpbag apply", "host": "bench", "user": "bench"},
        }
        compact = json.dumps(state, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        state["checksum"] = f"sha256:{hashlib.sha256(compact.encode()).hexdigest()}"
        Path("state.json").write_text(json.dumps(state, sort_keys=True))
        Run(JUMPBAG, "state", "push", "state.json")
        os.sync()
        time.sleep(YOUNG)
        for _ in range(2):
            Run(JUMPBAG, "plan", "--no-refresh", "--detailed-exitcode")


def planned(*args: str) -> Run:
    return Run(JUMPBAG, "plan", "--no-refresh", "--detailed-exitcode", *args)


def repository() -> None:
    """Everything of the tree but the state is committed, and git has seen that it is not young."""
    Path(".gitignore").write_text(".jumpbag\n.cache\n.out\nstate.json\n.library\n")
    git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        subprocess.run([*git, *command], check=True)
    # Until it is written, the system is busy with it.
    os.sync()
    time.sleep(YOUNG)
    subprocess.run(["git", "status"], check=True, stdout=subprocess.DEVNULL)


def case_startup() -> None:
    """`--version`, and a plan of one file that has not changed."""
    compare("`--version`, against `git --version`", lambda: Run(JUMPBAG, "--version"), lambda: Run("git", "--version"), rounds=100)
    Tree(1, 1000).track()
    repository()
    compare("plan of one unchanged file, against `git status`", planned, lambda: Run("git", "status"), rounds=50)


def case_terraform() -> None:
    """1,000 unchanged files from the state alone."""
    Tree(1000, 10_600).track()
    peer = None
    if has("terraform"):
        Path("main.tf").write_text(
            'resource "terraform_data" "file" {\n  for_each = fileset(path.module, "scripts/**/*.ps1")\n'
            '  input = { name = each.key, sha256 = filesha256("${path.module}/${each.key}") }\n}\n'
        )
        for command in (["init"], ["apply", "-auto-approve"]):
            subprocess.run(["terraform", *command], check=True, stdout=subprocess.DEVNULL)
        peer = lambda: Run("terraform", "plan", "-refresh=false", "-input=false")
    compare("unchanged, 1,000 files, against `terraform plan -refresh=false`", planned, peer)


def case_unchanged() -> None:
    """10,000 unchanged files of 106 MB in all, by a glob."""
    Tree(10_000, 10_600).track()
    repository()
    compare("unchanged, 10,000 files by a glob, against `git status`", planned, lambda: Run("git", "status"), rounds=4 * ROUNDS)
    compare("the same with `--no-cache`, against `git status`", lambda: planned("--no-cache"), lambda: Run("git", "status"))
    if has("rclone"):
        subprocess.run(["cp", "-rp", "scripts", ".library"], check=True)
        check = lambda: Run("rclone", "check", "scripts", ".library", "--size-only", "-q", RCLONE_CONFIG="")
        compare("the same, against `rclone check --size-only` of two folders", planned, check)
        check_all = lambda: Run("rclone", "check", "scripts", ".library", "-q", RCLONE_CONFIG="")
        compare("the same with `--no-cache`, against `rclone check`", lambda: planned("--no-cache"), check_all)


def case_explicit() -> None:
    """10,000 unchanged files, each with an entry of its own."""
    Tree(10_000, 10_600, explicit=True).track(explicit=True)
    repository()
    compare("unchanged, 10,000 entries, against `git status`", planned, lambda: Run("git", "status"), rounds=4 * ROUNDS)


def case_cold() -> None:
    """Files that are all read and hashed, and new."""
    hashed = "find scripts -name '*.ps1' -print0 | xargs -0 -P 2 -n {} sha256sum > .sums"
    for count, size, each in ((10_000, 10_600, 1000), (250, 4 * MEGABYTE, 25)):
        shutil.rmtree("scripts", ignore_errors=True)
        Tree(count, size)
        plan = lambda: Run(JUMPBAG, "plan", "--no-refresh", "--no-cache", "-q", "--json", ".plan.json")
        validate = lambda: Run(JUMPBAG, "validate", "--no-cache")
        what = f"{count:,} files of {size * count / MEGABYTE:,.0f} MB in all"
        sums = lambda: Run("sh", "-c", hashed.format(each))
        compare(f"cold plan, {what}, against two `sha256sum`", plan, sums)
        compare(f"cold `validate`, {what}, against two `sha256sum`", validate, sums)


def case_scripts() -> None:
    """Scripts of PowerShell with a `param` block, which are new, and in each of which something is odd."""
    body = "".join(f"Write-Output 'line {line} of a script that collects things'\n" for line in range(180))
    tree = Tree(10_000, 1)
    for number, name in enumerate(tree.names):
        Path(name).write_text(f"param([int] $Days = {number})\n{body}")
    size = sum(Path(name).stat().st_size for name in tree.names)
    what = f"{len(tree.names):,} scripts of {size / MEGABYTE:,.0f} MB in all"
    compare(f"cold plan, {what}", lambda: Run(JUMPBAG, "plan", "--no-refresh", "--no-cache", "-q"))
    compare(f"cold `validate`, {what}", lambda: Run(JUMPBAG, "validate", "--no-cache"))


class Server:
    """An emulator of a library that is empty at first, without limits or with these."""

    started = 0

    def __init__(self, *options: str) -> None:
        Server.started += 1
        # New folders each time: ext4 searches long for inodes while many were deleted within the last seconds.
        self.state = f".jumpbag-{Server.started}"
        command = [str(JUMPBAG), "emulator", "--data", f".library-{Server.started}", "--max-file-size", "20MB", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = self.process.stdout.readline().removeprefix("listening on ").strip()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()


def uploads(count: int, size: int) -> None:
    tree = Tree(count, size)
    apply = ("apply", "--auto-approve", "-q")

    def ours(*options: str) -> Run:
        with Server("--no-limit") as server:
            tree.entries(server.url, "- source: scripts/**/*.ps1\n", state=server.state)
            return Run(JUMPBAG, *apply, *options)

    def curl() -> Run:
        with Server("--no-limit") as server:
            Path(".curl").write_text(
                "next\n".join(
                    f'url = "{server.url}/api/libraryfiles"\nheader = "Authorization: Bearer any"\nform = "file=@{name}"\n'
                    'form = "OverrideIfExists=false"\nform = "HasParameters=false"\noutput = "/dev/null"\nfail\nsilent\n'
                    for name in tree.names
                )
            )
            run = Run("curl", "-Z", "--parallel-max", "8", "-K", ".curl")
            listed = subprocess.run(["curl", "-s", "-H", "Authorization: Bearer any", f"{server.url}/api/libraryfiles"], capture_output=True, text=True).stdout
            if listed.count('"sha256"') != count:
                sys.exit(f"curl has uploaded {listed.count('sha256')} of {count} files")
            return run

    what = f"{count:,} new files of {size / 1000:,.0f} KB"
    compare(f"apply, {what}, against `curl -Z --parallel-max 8`", ours, curl if has("curl") else None)
    print(f"peak memory with --concurrency 4: {memory(lambda: ours('--concurrency', '4'))}")


def case_uploads_small() -> None:
    """1,000 uploads of 8 KB without limits."""
    uploads(1000, 8000)


def case_uploads_large() -> None:
    """250 uploads of 4 MB without limits."""
    uploads(250, 4 * MEGABYTE)


def limited(calls: int, *windows: tuple[int, float]) -> None:
    Tree(calls - 1, 1000)
    limits = [f"--limit={count}/{round(per * 1000)}ms" for count, per in windows]
    with Server(*limits) as server:
        written = ", ".join(f"{{calls: {count}, per: {round(per * 1000)}ms}}" for count, per in windows)
        Tree.entries(server.url, "- source: scripts/**/*.ps1\n", written, server.state)
        run = Run(JUMPBAG, "apply", "--auto-approve", "-q", "--events", "events.jsonl")
    events = [json.loads(line) for line in Path("events.jsonl").read_text().splitlines()]
    answers = [call["status"] for event in events for call in event.get("calls") or []]
    started = sorted(datetime.fromisoformat(event["time"]) for event in events if event["event"] == "started")
    since = lambda time: (time - started[0]).total_seconds()
    count, per = windows[0]
    best = (math.ceil(calls / count) - 1) * per
    print(f"{calls} calls under {windows}: the last can begin {shown(best)} after the first, and 429: {answers.count(429)}")
    print(f"from the first that was begun to the last: {shown(since(started[-1]))}, {since(started[-1]) / best:.4f} of that; the whole process: {shown(run.seconds)}, {run.seconds / best:.4f}")
    print(f"the first {count} calls were begun within {shown(since(started[count - 2]))}, and no later than that can those of a later window be")
    sleeping(calls, per, limits)


def sleeping(calls: int, per: float, limits: list[str]) -> None:
    """The loop that people have: a call, and 0.7 s of sleep, as much faster as a minute is shorter than `per`. It does not ask again."""
    pause = 0.7 * per / 60
    with Server(*limits) as server:
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
        answers, started = [], time.perf_counter()
        for number in range(calls):
            parts = {"file\"; filename=\"%d.ps1" % number: "x" * 1000, "Description": "x", "OverrideIfExists": "true"}
            body = "".join(f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in parts.items())
            headers = {"Authorization": "Bearer any", "Content-Type": "multipart/form-data; boundary=b"}
            connection.request("POST", "/api/libraryfiles", f"{body}--b--\r\n", headers)
            answer = connection.getresponse()
            answer.read()
            answers.append(answer.status)
            time.sleep(pause)
        print(f"a loop that sleeps {shown(pause)} between calls: {shown(time.perf_counter() - started)}, answers: {dict(Counter(answers))}")


def case_sleeping() -> None:
    """More calls than an hour allows, by the loop with its sleep alone, all of it 60 times as fast."""
    sleeping(1600, 1.0, ["--limit=100/1000ms", "--limit=1500/60000ms"])


def case_limited() -> None:
    """As many uploads as fill the windows of 100 a minute and 1,500 an hour six times, all of it 60 times as fast."""
    limited(600, (100, 1.0), (1500, 60.0))


def case_limited_really() -> None:
    """The same at the API's own windows, for five minutes."""
    limited(600, (100, 60.0), (1500, 3600.0))


def case_growth() -> None:
    """How time and memory grow with the number of files."""
    row("unchanged files", "time", "exponent", "memory", "exponent")
    row("---:", *["---:"] * 4)
    before = None
    for count in (1000, 10_000, 100_000):
        shutil.rmtree("scripts", ignore_errors=True)
        shutil.rmtree(".jumpbag", ignore_errors=True)
        Tree(count, 100).track()
        runs = [planned() for _ in range(ROUNDS)]
        now = (count, statistics.median(run.seconds for run in runs), float(memory(planned).split()[0]))
        exponents = ["", ""]
        if before:
            exponents = [f"{math.log(now[at] / before[at]) / math.log(now[0] / before[0]):.2f}" for at in (1, 2)]
        row(f"{count:,}", shown(now[1]), exponents[0], f"{now[2]:.0f} MiB", exponents[1])
        before = now


def case_instructions() -> None:
    """Instructions of a process as `valgrind` counts them: the same on a busy machine."""
    if not has("valgrind"):
        return
    row("what", "million instructions", "for each file")
    row("---", "---:", "---:")

    def count(what: str, *args: str, files: int = 0) -> None:
        Run("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", JUMPBAG, *args)
        (collected,) = [line for line in Path(".out").read_text().splitlines() if "Collected" in line]
        instructions = int(collected.split()[-1])
        row(what, f"{instructions / 1e6:.1f}", f"{instructions / files:,.0f}" if files else "")

    plan = ("plan", "--no-refresh", "--detailed-exitcode")
    count("`--version`", "--version")
    for files, explicit in ((1, False), (1000, False), (1000, True)):
        for folder in ("scripts", ".jumpbag"):
            shutil.rmtree(folder, ignore_errors=True)
        Tree(files, 10_600, explicit).track(explicit)
        count(f"unchanged, {files:,} file{'s' * (files > 1)} by {'entries' if explicit else 'a glob'}", *plan, files=files)


def main() -> None:
    global ROUNDS
    cases = {name.removeprefix("case_"): case for name, case in globals().items() if name.startswith("case_")}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=ROUNDS, metavar="ROUNDS")
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(cases))
    args = parser.parse_args()
    ROUNDS = args.n
    home = os.getcwd()
    for name in args.cases or [name for name in cases if name != "limited_really"]:
        if name not in cases:
            sys.exit(f"there is no case `{name}`: {', '.join(cases)}")
        print(f"\n{name}: {cases[name].__doc__}\n", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            if not name.startswith(("limited", "growth", "instructions")):
                head()
            cases[name]()
            os.chdir(home)


if __name__ == "__main__":
    main()
