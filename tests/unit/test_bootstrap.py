"""The bootstrap has the same result from any initial state and after any interruption."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from deployment.deployment import Deployment
from deployment.errors import CommandError
from deployment.template import template_path
from operations.bootstrap import STACK, Bootstrap
from operations.state_bucket import StateBucket
from tests import shipped

SETTINGS = replace(shipped.settings("dev"), state_bucket_is_guessable=False)
KEY = "dev/StateBackendStack.tfstate"
ADDRESS = "aws_s3_bucket.state_EC29AD4A"


@dataclass
class World:
    """The contents of the account, and the step of Terraform at which the run is interrupted."""

    exists: bool = False
    objects: dict[str, str] = field(default_factory=dict)
    steps_left: int = 1_000
    changes: int = 0

    def step(self) -> None:
        if not self.steps_left:
            raise KeyboardInterrupt
        self.steps_left -= 1


class Bucket(StateBucket):
    """The bucket in that account."""

    def __init__(self, world: World) -> None:
        super().__init__("the-state", s3=None, account_id="123456789012")
        self.world = world

    def exists(self) -> bool:
        return self.world.exists

    def keys(self, ending: str) -> list[str]:
        return [key for key in self.world.objects if key.endswith(ending)]

    def parts(self) -> Iterator[str]:
        yield "aws_s3_bucket"


@dataclass(frozen=True)
class Terraform(Deployment):
    """The parts of Terraform that a bucket needs: a backend, a plan, imports, and steps of an apply."""

    world: World

    def synthesise(self) -> None:
        self.stack_folder(STACK).mkdir(parents=True, exist_ok=True)
        type_, _, name = ADDRESS.partition(".")
        written = json.dumps({"resource": {type_: {name: "as synthesised"}}})
        template_path(self.stack_folder(STACK)).write_text(written)

    def change(
        self,
        stack: str,
        *arguments: str,
        expected: Container[int] = (0,),
        on_line: Callable[[str], None] = lambda line: None,
    ) -> int:
        self.world.step()
        match arguments[0]:
            case "plan":
                assert 2 in expected
                return 0 if self.state() else 2
            case "apply":
                self.apply_plan()
            case "state":
                assert self.file() is None, "a push goes to S3"
                assert arguments[1] == "push"
                self.world.objects[KEY] = Path(arguments[2]).read_text()
        self.world.step()
        return 0

    def terraform(self, stack: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(arguments, 0, "Plan: 1 to add", "")

    def apply_plan(self) -> None:
        imports = json.loads((self.stack_folder(stack=STACK) / "imports.tf.json").read_text())
        if not self.world.exists:
            self.world.exists = True
            self.world.changes += 1
        elif {"to": ADDRESS, "id": "the-state"} not in imports["import"]:
            raise CommandError("BucketAlreadyOwnedByYou")
        self.world.step()
        if file := self.file():
            file.write_text(ADDRESS)
        else:
            self.world.objects[KEY] = ADDRESS

    def state(self) -> str:
        file = self.file()
        if file is None:
            return self.world.objects.get(KEY, "")
        return file.read_text() if file.exists() else ""

    def file(self) -> Path | None:
        """Return the file with the state, if the backend is local."""
        override = json.loads((self.stack_folder(STACK) / "backend_override.tf.json").read_text())
        return Path(override["terraform"]["backend"]["local"]["path"]) if override else None


def run(
    world: World, folder: Path, *, agree: Callable[[str], bool] = lambda plan: True
) -> tuple[bool, list[str]]:
    """Bootstrap *world*; return the exit value and the printed text."""
    reported: list[str] = []
    stacks = Terraform(folder, {}, world)
    return Bootstrap(SETTINGS, Bucket(world), stacks, say=reported.append).run(agree), reported


def test_the_bucket_is_made_and_holds_its_own_state(tmp_path: Path) -> None:
    """No state stays on the machine."""
    world = World()
    assert run(world, tmp_path)[0]
    assert (world.exists, world.objects) == (True, {KEY: ADDRESS})
    assert list(tmp_path.glob("*.tfstate*")) == []


@pytest.mark.parametrize("by_hand", [False, True])
@pytest.mark.parametrize("steps", range(12))
def test_wherever_it_is_interrupted_the_next_run_finishes(
    tmp_path: Path, steps: int, by_hand: bool
) -> None:
    """A run is interrupted before or after a command of Terraform, or before a change reaches the state."""
    world = World(exists=by_hand, steps_left=steps)
    with contextlib.suppress(KeyboardInterrupt):
        run(world, tmp_path)
    world.steps_left = 1_000
    run(world, tmp_path)
    assert (world.exists, world.objects) == (True, {KEY: ADDRESS})
    assert world.changes == (0 if by_hand else 1)
    assert list(tmp_path.glob("*.tfstate*")) == []


def test_run_again_it_changes_nothing(tmp_path: Path) -> None:
    """It prints that there are no changes."""
    world = World()
    run(world, tmp_path)
    before = dict(world.objects)
    wanted, reported = run(
        world, tmp_path, agree=lambda plan: pytest.fail("nothing is to be asked")
    )
    assert wanted
    assert "Nothing to change." in reported
    assert (world.objects, world.changes) == (before, 1)


def test_another_machine_can_continue(tmp_path: Path) -> None:
    """The local state of the first machine is lost; the bucket is imported."""
    world = World(steps_left=4)
    with pytest.raises(KeyboardInterrupt):
        run(world, tmp_path / "first")
    assert world.exists
    world.steps_left = 1_000
    assert run(world, tmp_path / "second")[0]
    assert world.objects == {KEY: ADDRESS}


def test_the_state_in_s3_has_priority_over_a_local_file(tmp_path: Path) -> None:
    """The state in S3 may be newer."""
    world = World(exists=True, objects={KEY: "newer"})
    (tmp_path / "terraform.tfstate").write_text("older")
    assert run(world, tmp_path)[0]
    assert world.objects == {KEY: "newer"}


def test_nothing_is_changed_without_consent(tmp_path: Path) -> None:
    """The plan is printed before the question."""
    world = World()
    wanted, _ = run(world, tmp_path, agree=lambda plan: plan != "Plan: 1 to add")
    assert not wanted
    assert not world.exists


class Unshowable(Terraform):
    """A deployment that can plan but cannot show the plan."""

    def terraform(self, stack: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(arguments, 1, "", "Error: no such plan")


def test_a_plan_that_cannot_be_shown_is_not_put_to_approval(tmp_path: Path) -> None:
    world = World()
    bootstrap = Bootstrap(SETTINGS, Bucket(world), Unshowable(tmp_path, {}, world), say=print)
    with pytest.raises(CommandError, match="no such plan"):
        bootstrap.run(lambda plan: True)
    assert not world.exists


def test_a_bucket_with_a_guessable_name_is_refused(tmp_path: Path) -> None:
    """If another account already had that bucket, it would receive the state."""
    world = World()
    stacks = Terraform(tmp_path, {}, world)
    bootstrap = Bootstrap(shipped.settings("dev"), Bucket(world), stacks, say=print)
    with pytest.raises(CommandError, match=r"set stacksAccountId.*set stateBucketName"):
        bootstrap.run(lambda plan: True)
    assert not world.exists


def test_a_bucket_that_another_environment_manages_is_not_changed(tmp_path: Path) -> None:
    """Two environments may share a bucket, but two stacks would revert each other's changes."""
    world = World(exists=True, objects={"prod/StateBackendStack.tfstate": "its"}, steps_left=0)
    wanted, reported = run(world, tmp_path)
    assert wanted
    assert "prod/StateBackendStack.tfstate" in reported[0]
