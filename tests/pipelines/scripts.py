"""Writes every bash script of the Azure and GitLab examples into a folder, for shellcheck."""

import sys
from pathlib import Path

from ruamel.yaml import YAML

EXAMPLES = Path(__file__).parent.parent.parent / "examples/pipelines"


def scripts(node):
    """The scripts below a part of a pipeline: a text, or lines that run in one shell."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("bash", "inlineScript"):
                yield value
            elif key in ("script", "before_script"):
                yield "\n".join(line for line in value if isinstance(line, str))
            else:
                yield from scripts(value)
    elif isinstance(node, list):
        for value in node:
            yield from scripts(value)


def main(folder):
    yaml = YAML(typ="safe")
    yaml.constructor.add_constructor("!reference", lambda loader, node: loader.construct_sequence(node))
    count = 0
    for file in sorted([*EXAMPLES.glob("azure/*.yml"), *EXAMPLES.glob("gitlab/*.yml")]):
        for script in scripts(yaml.load(file)):
            count += 1
            path = folder / f"{file.parent.name}-{file.stem}-{count}.sh"
            path.write_text("#!/usr/bin/env bash\n" + script + "\n")
    assert count >= 15, "the examples have more scripts than that"


main(Path(sys.argv[1]))
