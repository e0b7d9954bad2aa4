"""Create the bucket for Terraform's state with Terraform, and store its own state in it.

Before that, the state is in a file. After an interruption, another run finishes the bootstrap: it
imports existing parts, and removes the file only when S3 has the state.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deployment.deployment import Deployment
from deployment.errors import CommandError
from operations.state_bucket import StateBucket
from stacks.settings import Settings

STACK = "StateBackendStack"
PLAN = "bootstrap.tfplan"
NO_CHANGES, CHANGES = 0, 2  # of terraform plan -detailed-exitcode
DONE = re.compile(r"^\S+: (Creation|Import|Modifications) complete")

Agree = Callable[[str], bool]
"""A function that shows a plan and returns whether it is approved."""
Say = Callable[[str], None]


class Bootstrap:
    """The state bucket of one environment, and the folder in which Terraform works on it."""

    def __init__(
        self, settings: Settings, bucket: StateBucket, stacks: Deployment, *, say: Say
    ) -> None:
        self._bucket = bucket
        self._is_guessable = settings.state_bucket_is_guessable
        self._key = settings.state_key(STACK)
        self._stacks = stacks
        self._file = stacks.folder / "terraform.tfstate"
        self._say = say

    def run(self, agree: Agree) -> bool:
        """Create or update the bucket by its stack; return False if *agree* does not approve.

        Raises:
            CommandError: The bucket's name can be guessed, or a step failed. Completed steps are
                not lost.
        """
        if self._is_guessable:
            raise CommandError(
                f"{self._bucket.name} is a name that any account may take, and the owner of the bucket could"
                " read the state: set stacksAccountId, which becomes a part of the name. To keep"
                f' a bucket with this name, set stateBucketName to "{self._bucket.name}".'
            )
        exists = self._bucket.exists()
        states = self._bucket.keys(f"/{STACK}.tfstate") if exists else []
        if states and self._key not in states:
            self._say(
                f"s3://{self._bucket.name} is managed by the stack with the state {states[0]}:"
                " nothing to do."
            )
            return True
        if self._key in states:
            self._forget_file()
        in_a_file = self._file.exists() or not exists
        self._say(f"Comparing s3://{self._bucket.name} with {STACK}")
        self._stacks.synthesise()
        self._write("imports.tf.json", self._imports() if exists else {})
        self._use_backend(in_a_file=in_a_file)
        if not self._change(agree):
            return False
        if in_a_file:
            self._say(f"Moving the state to s3://{self._bucket.name}/{self._key}")
            self._use_backend(in_a_file=False)
            self._terraform("state", "push", str(self._file))
            self._forget_file()
        return True

    def _change(self, agree: Agree) -> bool:
        planned = self._terraform(
            "plan", f"-out={PLAN}", "-detailed-exitcode", expected=(NO_CHANGES, CHANGES)
        )
        if planned == NO_CHANGES:
            self._say("Nothing to change.")
            return True
        if not agree(self._stacks.checked(STACK, "show", "-no-color", PLAN)):
            return False
        self._terraform("apply", PLAN)
        return True

    def _terraform(self, command: str, *arguments: str, expected: tuple[int, ...] = (0,)) -> int:
        no_questions = [] if command == "state" else ["-input=false", "-no-color"]
        return self._stacks.change(
            STACK, command, *no_questions, *arguments, expected=expected, on_line=self._show
        )

    def _show(self, line: str) -> None:
        if DONE.match(line):
            self._say(line)

    def _use_backend(self, *, in_a_file: bool) -> None:
        """Switch the backend without copying state; only a push copies it, and overwrites nothing."""
        local = {"terraform": {"backend": {"local": {"path": str(self._file)}}}}
        self._write("backend_override.tf.json", local if in_a_file else {})
        self._terraform("init", "-reconfigure")

    def _imports(self) -> Any:
        """Return import blocks for the existing parts; Terraform ignores those already in its state.

        So a bucket that was created by hand is imported, and the plan shows what will change.
        """
        written = self._stacks.written(STACK)["resource"]
        return {
            "import": [
                {"to": f"{type_}.{name}", "id": self._bucket.name}
                for type_ in self._bucket.parts()
                for name in written[type_]
            ]
        }

    def _write(self, name: str, content: Any) -> None:
        """Write a part of the configuration, which may be empty."""
        (self._folder / name).write_text(json.dumps(content))

    def _forget_file(self) -> None:
        for path in (self._file, Path(f"{self._file}.backup")):
            path.unlink(missing_ok=True)

    @property
    def _folder(self) -> Path:
        return self._stacks.stack_folder(STACK)
