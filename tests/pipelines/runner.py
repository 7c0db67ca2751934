"""As much of a runner of GitHub Actions as the example workflows use. What it does not know is an error."""

import os
import re
import subprocess
from pathlib import Path

from ruamel.yaml import YAML

EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


def load(path):
    return YAML(typ="safe").load(path.read_text())


class Job:
    """One run of one job. `context` holds the values of expressions, `fake` is the service behind it."""

    def __init__(self, workflow, name, context, fake, folder):
        self.workflow = load(workflow)
        self.job = self.workflow["jobs"][name]
        self.context = dict(context)
        self.fake = fake
        self.workspace = folder / "workspace"
        self.temp = folder / "temp"
        self.workspace.mkdir(parents=True)
        self.temp.mkdir()
        self.context["runner.temp"] = str(self.temp)
        self.outcomes = {}
        self.artifacts = {}
        self.log = ""
        self.summary = ""
        self.codes = {}

    def run(self):
        """Runs every step, and returns `success`, `failure` or `skipped`."""
        if not self.holds(self.job.get("if", "true")):
            return "skipped"
        failed = False
        for step in self.job["steps"]:
            condition = step.get("if", "")
            if failed and "always()" not in condition:
                outcome = "skipped"
            elif condition and not self.holds(condition):
                outcome = "skipped"
            else:
                outcome = self.step(step)
            failed = failed or outcome == "failure"
            if "id" in step:
                self.context[f"steps.{step['id']}.outcome"] = outcome
            self.outcomes[step.get("name", step.get("uses"))] = outcome
        return "failure" if failed else "success"

    def step(self, step):
        if "uses" in step:
            return self.action(step["uses"].split("@")[0], step)
        output = self.temp / "output"
        summary = self.temp / "summary"
        output.write_text("")
        summary.write_text("")
        environment = self.environment(step)
        environment |= {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
        defaults = self.job.get("defaults", {}).get("run", {})
        folder = self.workspace / defaults.get("working-directory", ".")
        assert "${{" not in step["run"], "an expression within a script is an injection"
        script = self.temp / "script.sh"
        script.write_text(step["run"])
        # As the runner spells `shell: bash`.
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
        self.log += f"== {step.get('name')}\n{done.stdout}{done.stderr}"
        self.summary += summary.read_text()
        self.codes[step.get("name")] = done.returncode
        for line in output.read_text().splitlines():
            key, value = line.split("=", 1)
            self.context[f"steps.{step['id']}.outputs.{key}"] = value
        return "failure" if done.returncode else "success"

    def action(self, action, step):
        settings = {key: self.expand(value) for key, value in step.get("with", {}).items()}
        if action == "actions/checkout":
            assert settings["persist-credentials"] is False
            target = self.workspace / settings.get("path", ".")
            ref = settings.get("ref", self.context["github.sha"])
            return self.fake.checkout(ref, target)
        if action == "actions/upload-artifact":
            path = Path(settings["path"])
            path = path if path.is_absolute() else self.workspace / path
            if path.exists():
                self.artifacts[settings["name"]] = path
            elif settings["if-no-files-found"] == "error":
                return "failure"
            return "success"
        raise AssertionError(action)

    def environment(self, step):
        names = {
            "GITHUB_SHA": "github.sha",
            "GITHUB_REPOSITORY": "github.repository",
            "GITHUB_RUN_ID": "github.run_id",
        }
        own = {key: self.context[value] for key, value in names.items()}
        own |= {"RUNNER_TEMP": str(self.temp), "GITHUB_SERVER_URL": "https://github.example", "CI": "true"}
        if self.job.get("permissions", {}).get("id-token") == "write":
            # Only an environment, with its reviewers, is trusted by the login host.
            assert "environment" in self.job
            own |= self.fake.identity()
        given = {**self.workflow.get("env", {}), **step.get("env", {})}
        given = {key: str(self.expand(value)) for key, value in given.items()}
        return {**self.fake.environment(), **own, **given}

    def expand(self, value):
        if not isinstance(value, str):
            return value
        return EXPRESSION.sub(lambda match: str(self.look_up(match[1])), value)

    def look_up(self, name):
        if name.startswith("'"):
            return name.strip("'")
        return self.context[name]

    def holds(self, condition):
        def one(part):
            if part in ("true", "always()"):
                return True
            left, right = part.split(" == ")
            return self.look_up(left) == self.look_up(right)

        return all(one(part.strip()) for part in condition.split("&&"))


def environment_of(stubs, home, extra):
    """An environment that holds nothing of this machine's but the path."""
    path = f"{stubs}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", **extra}
