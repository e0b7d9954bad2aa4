"""The stacks, synthesised once a session and environment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

# Read when the handlers are imported: before anything here does so.
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "tests")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Tests")
os.environ.setdefault("VERSION", "1.2.3")

from cdktf import App

from stacks.all_stacks import STACKS, define_stacks
from stacks.settings import Settings, checked
from tests import shipped
from tests.synth.template import Synthesise, Template, load
from tests.synth.validation import Validation


def pytest_configure(config: pytest.Config) -> None:
    """Register this suite's marker."""
    config.addinivalue_line("markers", "slow: takes more than ten seconds")


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return shipped.ROOT


@pytest.fixture(scope="session")
def synthesise(tmp_path_factory: pytest.TempPathFactory) -> Synthesise:
    """Return a function that synthesises the stack with settings that differ from the defaults."""

    def synthesised(stack: str = "EventProcessingStack", **changed: Any) -> Template:
        return all_stacks(json.dumps(changed, sort_keys=True))[stack]

    @cache
    def all_stacks(changed: str) -> Mapping[str, Template]:
        settings = checked({**shipped.DEFAULTS, **json.loads(changed)})
        return _synthesised(settings, tmp_path_factory)

    return synthesised


@pytest.fixture(scope="session")
def dev_stacks(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Template]:
    """Every stack, by name, as it is deployed where no environment is chosen."""
    return _synthesised(shipped.settings("dev"), tmp_path_factory)


@pytest.fixture(scope="session")
def prod_stacks(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Template]:
    """Every stack, by name, of another environment in the same account."""
    return _synthesised(shipped.settings("prod"), tmp_path_factory)


@pytest.fixture(scope="session")
def vaulting(dev_stacks: Mapping[str, Template]) -> Template:
    """DataVaultingStack as it is deployed where no environment is chosen."""
    return dev_stacks["DataVaultingStack"]


@pytest.fixture(scope="session")
def sharing(dev_stacks: Mapping[str, Template]) -> Template:
    """FileShareStack as it is deployed where no environment is chosen."""
    return dev_stacks["FileShareStack"]


@pytest.fixture(scope="session")
def dev(dev_stacks: Mapping[str, Template]) -> Template:
    """EventProcessingStack as it is deployed where no environment is chosen."""
    return dev_stacks["EventProcessingStack"]


@pytest.fixture(scope="session")
def prod(prod_stacks: Mapping[str, Template]) -> Template:
    """EventProcessingStack of another environment in the same account."""
    return prod_stacks["EventProcessingStack"]


@pytest.fixture(scope="session")
def validation(tmp_path_factory: pytest.TempPathFactory) -> Validation:
    """Terraform, to be asked what it thinks of a configuration."""
    return Validation(tmp_path_factory.mktemp("validation"))


def _synthesised(settings: Settings, folders: pytest.TempPathFactory) -> Mapping[str, Template]:
    outdir = folders.mktemp(settings.environment_name)
    app = App(outdir=str(outdir))
    define_stacks(app, settings)
    app.synth()
    return {stack.__name__: load(outdir, stack.__name__) for stack in STACKS}
