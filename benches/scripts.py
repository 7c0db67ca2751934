#!/usr/bin/env python3
"""What lints say of scripts that others wrote, and what the scripts say of themselves.

    cargo build --release && python3 benches/scripts.py FOLDER...

Each FOLDER is one of scripts, such as a clone of https://github.com/davehull/Kansa. Prints how often each lint finds something, and how many
scripts `auto` has a description and parameters of, or cannot tell. Nothing is changed in the folders, and nothing in them is run.
"""

import collections
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

JUMPBAG = Path(os.environ.get("JUMPBAG", Path(__file__).resolve().parent.parent / "target/release/jumpbag"))
KINDS = {".ps1", ".psm1", ".sh", ".py", ".bat", ".cmd"}


def validated(manifest: str, files: list[str]) -> list[dict]:
    """The problems that `validate` has with a manifest of `files`."""
    entries = "".join(f'- source: "{name}"\n' for name in files)
    Path("jumpbag.yaml").write_text(f"version: 1\nlibraries: {{a: {{endpoint: 'emulator:.e'}}}}\n{manifest}files:\n{entries}")
    process = subprocess.run([JUMPBAG, "validate", "--format", "json", "--no-cache"], capture_output=True, text=True)
    return json.loads(process.stdout)["problems"]


def main() -> None:
    folders = [Path(folder).resolve() for folder in sys.argv[1:]] or sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        files = []
        for folder in folders:
            for path in sorted(folder.rglob("*")):
                if path.suffix.lower() in KINDS and path.is_file() and path.stat().st_size:
                    name = f"{len(files):04}-{path.name}"
                    shutil.copyfile(path, name)
                    files.append(name)
        print(f"{len(files)} scripts")
        quiet = "lints: {jumpbag::lint::no_description: allow, jumpbag::lint::name_characters: allow, jumpbag::lint::name_spaces: allow}\n"
        counts = collections.Counter(problem["code"] for problem in validated(quiet, files))
        for code, count in sorted(counts.items()):
            print(f"  {count:4} {code}")
        auto = quiet + "defaults: {description: auto, parameters_description: auto}\n"
        unknown = {place["line"] for problem in validated(auto, files) if problem["code"].endswith("auto_unknown") for place in problem["places"]}
        lines = Path("jumpbag.yaml").read_text().splitlines()
        start = lines.index("files:") + 2
        known = [name for nth, name in enumerate(files, start) if nth not in unknown]
        validated(auto, known)
        plan = subprocess.run([JUMPBAG, "plan", "--no-refresh", "--json", "-", "--no-cache", "-q"], capture_output=True, text=True, check=True)
        after = [change["after"] for change in json.loads(plan.stdout)["libraries"][0]["changes"]]
        said = {member: sum(1 for it in after if it[member]) for member in ("description", "parameters_description")}
        print(f"auto: {said['description']} say what they are for, {said['parameters_description']} what they take; of {len(unknown)} it cannot be said")


main()
