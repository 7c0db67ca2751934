"""A repository, a library and a service for the workflows: a bare repository, the emulator, and a fake `gh`."""

import json
import re
import shutil
import ssl
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

from runner import Job, environment_of

HERE = Path(__file__).parent
WORKFLOWS = HERE.parent.parent / "examples/pipelines/github"
TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "66666666-7777-8888-9999-000000000000"
# For the test itself, which looks at the library.
SECRET = "a-secret"
REQUEST_TOKEN = "the-jobs"
ENTRA = {
    "tenants": {
        TENANT: {
            "apps": {
                CLIENT: {
                    "secrets": [{"value": SECRET, "expires": "2100-01-01T00:00:00Z"}],
                    "federated": [{"issuer": "self", "subject": "repo:acme/bag:environment:jumpbag"}],
                    "roles": ["Library.Manage"],
                }
            }
        }
    },
    "github": {"request_token": REQUEST_TOKEN, "subject": "repo:acme/bag:environment:jumpbag"},
}
MANIFEST = """version: 1
libraries:
  bag:
    endpoint: {url}
    authority: {url}
    auth: github_actions
files:
  - source: scripts/*.sh
"""


class World:
    """Everything that a test needs; commits are made in `clone`."""

    def __init__(self, folder, jumpbag):
        self.folder = folder
        self.runs = 0
        self.stubs = folder / "stubs"
        self.stubs.mkdir()
        (folder / "home").mkdir()
        shutil.copy(HERE / "gh", self.stubs / "gh")
        self.stub("cargo", 'test "$*" = "install --locked jumpbag --version 0.1.0"')
        (self.stubs / "jumpbag").symlink_to(jumpbag)
        self.github_file = folder / "github.json"
        self.save({"comments": {}, "statuses": {}, "pulls": [], "next": 1})
        self.jumpbag = jumpbag
        self.process = None
        self.listen = "127.0.0.1:0"
        self.entra = folder / "entra.json"
        self.entra.write_text(json.dumps(ENTRA))
        self.serve()
        self.origin = folder / "origin.git"
        self.clone = folder / "clone"
        self.git("init", "--quiet", "--bare", "--initial-branch=main", str(self.origin), where=folder)
        self.git("clone", "--quiet", str(self.origin), str(self.clone), where=folder)
        self.git("switch", "--quiet", "--orphan", "jumpbag-state")
        self.write("README.md", "State of jumpbag\n")
        self.commit("Begin the state", "jumpbag-state")
        self.git("switch", "--quiet", "--orphan", "main")
        self.write("jumpbag.yaml", MANIFEST.format(url=self.url))
        self.write("scripts/first.sh", "echo first\n")
        self.commit("Begin", "main")

    # The service.

    def save(self, github):
        self.github_file.write_text(json.dumps(github))

    @property
    def github(self):
        return json.loads(self.github_file.read_text())

    def stub(self, name, script):
        path = self.stubs / name
        path.write_text(f"#!/bin/sh\nset -eu\n{script}\n")
        path.chmod(0o755)

    def environment(self):
        extra = {"FAKE_GITHUB": str(self.github_file), "SSL_CERT_FILE": str(self.ca)}
        return environment_of(self.stubs, self.folder / "home", extra)

    @property
    def ca(self):
        return self.folder / "library/ca.pem"

    def identity(self):
        """What a job finds that may ask for a token of its own."""
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}/github/oidc?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": REQUEST_TOKEN,
        }

    def checkout(self, ref, target):
        target.mkdir(parents=True, exist_ok=True)
        steps = [
            ["init", "--quiet"],
            ["remote", "add", "origin", str(self.origin)],
            ["fetch", "--quiet", "--depth=1", "origin", ref],
            ["checkout", "--quiet", "--detach", "FETCH_HEAD"],
        ]
        for step in steps:
            if subprocess.run(["git", *step], cwd=target, env=self.environment()).returncode:
                return "failure"
        return "success"

    # The library.

    def serve(self, *faults):
        """Starts the emulator, again at the same address and with the same data, with `faults`."""
        self.stop()
        command = [self.jumpbag, "emulator", "--no-limit", "--listen", self.listen, "--data", self.folder / "library"]
        command += ["--tls", "--entra", self.entra]
        for fault in faults:
            command += ["--fault", fault]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.url = None
        while self.url is None:
            line = self.process.stdout.readline()
            assert line, "the emulator did not start"
            if found := re.search(r"https://127\.0\.0\.1:\d+", line):
                self.url = found[0]
        self.listen = self.url.removeprefix("https://")

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process.stdout.close()

    def call(self, method, path):
        form = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET}
        form["scope"] = "https://api.securitycenter.microsoft.com/.default"
        body = urllib.parse.urlencode(form).encode()
        token = json.loads(self.ask(f"/{TENANT}/oauth2/v2.0/token", data=body))["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        return self.ask(f"/api/libraryfiles{path}", method=method, headers=headers)

    def ask(self, path, **request):
        request = urllib.request.Request(self.url + path, **request)
        trusted = ssl.create_default_context(cafile=self.ca)
        with urllib.request.urlopen(request, context=trusted) as answer:
            return answer.read()

    def library(self):
        """The names in the library."""
        return sorted(file["fileName"] for file in json.loads(self.call("GET", ""))["value"])

    # The repository.

    def git(self, *arguments, where=None):
        identity = ["-c", "user.name=author", "-c", "user.email=author@example.com"]
        command = ["git", *identity, *arguments]
        done = subprocess.run(command, cwd=where or self.clone, env=self.environment(), capture_output=True, text=True)
        assert done.returncode == 0, f"{arguments}\n{done.stderr}"
        return done.stdout.strip()

    def write(self, path, text):
        path = self.clone / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def commit(self, message, branch):
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", message)
        self.git("push", "--quiet", "origin", f"HEAD:{branch}")
        return self.git("rev-parse", "HEAD")

    def state(self):
        """The state branch's commit, and the names that its state holds."""
        commit = self.git("rev-parse", "jumpbag-state", where=self.origin)
        try:
            text = self.git("show", f"{commit}:.jumpbag/bag/state.json", where=self.origin)
        except AssertionError:
            return commit, []
        return commit, sorted(json.loads(text)["files"])

    def kept(self):
        """The files that the state branch holds, besides its first."""
        names = self.git("ls-tree", "-r", "--name-only", "jumpbag-state", ".jumpbag", where=self.origin)
        return sorted(name.removeprefix(".jumpbag/") for name in names.splitlines())

    # What people do.

    def propose(self, number, files):
        """Opens the pull request `number`, and returns its head commit."""
        self.git("switch", "--quiet", "--create", f"proposal-{number}", "main")
        for path, text in files.items():
            self.write(path, text)
        return self.commit(f"Proposal {number}", f"proposal-{number}")

    def merge(self, number, head):
        """Merges it into `main`, and returns the merge commit."""
        self.git("switch", "--quiet", "main")
        self.git("merge", "--quiet", "--no-ff", "-m", f"Merge {number}", head)
        self.git("push", "--quiet", "origin", "main")
        merged = self.git("rev-parse", "HEAD")
        github = self.github
        github["pulls"].append(
            {
                "number": number,
                "merged_at": "2026-01-02T03:04:05Z",
                "merge_commit_sha": merged,
                "base": {"ref": "main"},
                "head": {"sha": head},
                "commits": [merged, head],
            }
        )
        self.save(github)
        return merged

    def run(self, workflow, job, sha, **context):
        """Runs a job of a workflow at the commit `sha`."""
        self.runs += 1
        basic = {
            "github.token": "a-github-token",
            "github.repository": "acme/bag",
            "github.ref": "refs/heads/main",
            "github.run_id": str(self.runs),
            "github.sha": sha,
            "vars.AZURE_CLIENT_ID": CLIENT,
            "vars.AZURE_TENANT_ID": TENANT,
            "inputs.fingerprint": "",
        }
        folder = self.folder / f"run-{self.runs}"
        one = Job(WORKFLOWS / workflow, job, {**basic, **context}, self, folder)
        one.result = one.run()
        return one

    def plan(self, number, head, repository="acme/bag"):
        event = {
            "github.event.pull_request.number": number,
            "github.event.pull_request.head.sha": head,
            "github.event.pull_request.head.repo.full_name": repository,
        }
        return self.run("plan.yml", "plan", head, **event)

    def apply(self, sha, **context):
        return self.run("apply.yml", "apply", sha, **context)
