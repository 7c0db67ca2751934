"""The workflows of examples/pipelines/github, executed: a real repository, a real library, a fake `gh`."""

import re
import sys
import tempfile
import unittest
from pathlib import Path

from world import REQUEST_TOKEN, World

JUMPBAG = Path(sys.argv.pop(1)).resolve()
FINGERPRINT = re.compile(r"sha256:[0-9a-f]{64}")


class Github(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.world = World(Path(folder.name), JUMPBAG)
        self.addCleanup(self.world.stop)

    def ends(self, job, result):
        self.assertEqual(job.result, result, job.log)
        self.assertNotIn(REQUEST_TOKEN, job.log)
        # As every token of JSON begins.
        self.assertNotIn("eyJ", job.log)
        return job

    def reviewed(self, number, files):
        """A pull request with a plan; returns its head commit."""
        head = self.world.propose(number, files)
        self.ends(self.world.plan(number, head), "success")
        return head

    def test_what_was_reviewed_is_applied_and_its_state_kept(self):
        world = self.world
        head = self.reviewed(1, {"scripts/second.sh": "echo second\n"})
        [comment] = world.github["comments"]["1"]
        self.assertTrue(comment["body"].startswith("<!-- jumpbag:plan "))
        [status] = world.github["statuses"][head]
        self.assertIn(status["description"], comment["body"])
        self.assertEqual(world.library(), [], "a plan changes nothing")
        job = self.ends(world.apply(world.merge(1, head)), "success")
        self.assertEqual(world.library(), ["first.sh", "second.sh"])
        self.assertEqual(world.state()[1], ["first.sh", "second.sh"])
        self.assertIn("second.sh", job.artifacts["jumpbag-events"].read_text())
        self.assertNotIn("state-to-push-by-hand", job.artifacts)
        self.assertEqual(world.git("ls-tree", "--name-only", "jumpbag-state", where=world.origin), ".jumpbag\nREADME.md")
        # And then there is nothing left to do, and no drift.
        again = self.world.plan(1, head)
        self.assertIn("No changes", again.summary)
        self.ends(world.run("drift.yml", "drift", head), "success")
        world.call("DELETE", "/first.sh")
        drift = self.ends(world.run("drift.yml", "drift", head), "failure")
        self.assertEqual(drift.codes["Drift"], 2)

    def test_a_second_push_edits_the_comment(self):
        world = self.world
        self.reviewed(1, {"scripts/second.sh": "echo second\n"})
        world.write("scripts/second.sh", "echo changed\n")
        head = world.commit("Change it", "proposal-1")
        self.ends(world.plan(1, head), "success")
        [comment] = world.github["comments"]["1"]
        [status] = world.github["statuses"][head]
        self.assertIn(status["description"], comment["body"])

    def test_only_the_pipelines_own_comment_and_status_count(self):
        world = self.world
        head = world.propose(1, {"scripts/second.sh": "echo second\n"})
        mallory = {"login": "mallory", "type": "User"}
        self.ends(world.plan(1, head), "success")
        github = world.github
        mark = github["comments"]["1"][0]["body"].splitlines()[0]
        github["comments"]["1"].insert(0, {"id": 99, "user": mallory, "body": mark})
        forged = {"context": "jumpbag/plan", "state": "success", "description": f"sha256:{'0' * 64}"}
        github["statuses"][head].insert(0, {**forged, "creator": mallory})
        lookalike = {"login": "github-actions[bot]", "type": "User"}
        github["statuses"][head].insert(0, {**forged, "creator": lookalike})
        other_app = {"login": "other-app[bot]", "type": "Bot"}
        github["statuses"][head].insert(0, {**forged, "creator": other_app})
        world.save(github)
        self.ends(world.apply(world.merge(1, head)), "success")
        self.assertEqual(world.library(), ["first.sh", "second.sh"])
        self.ends(world.plan(1, head), "success")
        self.assertEqual(world.github["comments"]["1"][0]["body"], mark)
        self.assertEqual(len(world.github["comments"]["1"]), 2)

    def test_a_plan_that_changed_in_between_is_refused_until_it_is_reviewed(self):
        world = self.world
        head = self.reviewed(1, {"scripts/second.sh": "echo second\n"})
        world.git("switch", "--quiet", "main")
        world.write("scripts/third.sh", "echo third\n")
        world.commit("Behind the reviewer's back", "main")
        merged = world.merge(1, head)
        job = self.ends(world.apply(merged), "failure")
        self.assertEqual(job.codes["Apply"], 4)
        self.assertEqual(world.library(), [])
        # The calls that were spent are kept for the next run, and nothing else.
        self.assertEqual(world.kept(), ["bag/budget.json"])
        fingerprint = FINGERPRINT.search(job.summary)[0]
        self.assertIn("third.sh", job.summary)
        other = {"inputs.fingerprint": f"sha256:{'0' * 64}"}
        self.ends(world.apply(merged, **other), "failure")
        self.assertEqual(world.library(), [])
        self.ends(world.apply(merged, **{"inputs.fingerprint": fingerprint}), "success")
        self.assertEqual(world.library(), ["first.sh", "second.sh", "third.sh"])

    def test_what_came_by_no_reviewed_pull_request_is_not_applied(self):
        world = self.world
        world.write("scripts/second.sh", "echo second\n")
        pushed = world.commit("Pushed", "main")
        self.assertEqual(self.ends(world.apply(pushed), "failure").codes["Find the approved fingerprint"], 4)
        head = world.propose(1, {"scripts/third.sh": "echo third\n"})
        merged = world.merge(1, head)
        self.assertEqual(self.ends(world.apply(merged), "failure").codes["Find the approved fingerprint"], 4)
        head = self.reviewed(2, {"scripts/fourth.sh": "echo fourth\n"})
        world.merge(2, head)
        # A commit of a reviewed pull request that is not what it was merged as.
        self.assertEqual(self.ends(world.apply(head), "failure").codes["Find the approved fingerprint"], 4)
        injected = {"inputs.fingerprint": "$(touch /tmp/x)\nfingerprint=x"}
        self.ends(world.apply(merged, **injected), "failure")
        self.assertEqual(self.ends(world.apply(head, **{"github.ref": "refs/heads/x"}), "skipped").codes, {})
        self.assertEqual(world.library(), [])

    def test_a_forks_pull_request_gets_no_plan(self):
        head = self.world.propose(1, {"scripts/second.sh": "echo second\n"})
        self.ends(self.world.plan(1, head, "mallory/bag"), "skipped")
        self.assertEqual(self.world.github["statuses"], {})

    def test_a_state_that_the_pull_request_brings_along_does_not_count(self):
        world = self.world
        head = self.reviewed(1, {"scripts/second.sh": "echo second\n"})
        self.ends(world.apply(world.merge(1, head)), "success")
        head = world.propose(2, {".jumpbag/bag/state.json": "{}", "scripts/third.sh": "echo third\n"})
        self.assertIn("1 to create", self.ends(world.plan(2, head), "success").summary)

    def test_the_state_is_kept_when_some_changes_fail(self):
        world = self.world
        head = self.reviewed(1, {"scripts/second.sh": "echo second\n", "scripts/third.sh": "echo third\n"})
        world.serve("upload:2:wrong-sha256")
        job = self.ends(world.apply(world.merge(1, head)), "failure")
        self.assertEqual(job.codes["Apply"], 3)
        self.assertEqual(job.outcomes["Keep the state"], "success")
        self.assertEqual(len(world.state()[1]), 2, job.log)
        # The third stays to be reviewed: what is left is another plan.
        world.serve()
        left = self.world.plan(2, world.propose(2, {"README.md": "Again\n"}))
        self.assertIn("Plan: 1 to ", left.summary)
        self.assertIn("jumpbag-events", job.artifacts)

    def test_a_state_that_cannot_be_pushed_is_noticed_and_rescued(self):
        world = self.world
        head = self.reviewed(1, {"scripts/second.sh": "echo second\n"})
        merged = world.merge(1, head)
        hook = world.origin / "hooks/pre-receive"
        hook.write_text("#!/bin/sh\nexit 1\n")
        hook.chmod(0o755)
        job = self.ends(world.apply(merged), "failure")
        self.assertEqual(job.outcomes["Apply"], "success")
        self.assertEqual(job.outcomes["Keep the state"], "failure")
        self.assertTrue((job.artifacts["state-to-push-by-hand"] / "bag/state.json").exists())

    def test_without_a_state_branch_nothing_is_planned_or_applied(self):
        world = self.world
        head = self.reviewed(1, {"scripts/second.sh": "echo second\n"})
        merged = world.merge(1, head)
        world.git("branch", "--quiet", "-D", "jumpbag-state", where=world.origin)
        self.ends(world.apply(merged), "failure")
        self.ends(world.plan(1, head), "failure")
        self.assertEqual(world.library(), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
