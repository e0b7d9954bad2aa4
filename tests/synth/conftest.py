"""The synthesised stacks, once for each session and environment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

# The handlers read these when they are imported.
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "tests")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Tests")
os.environ.setdefault("VERSION", "1.2.3")

from stacks.settings import Settings, checked
from tests import shipped
from tests.synth.template import Synthesise, Template, load
from tests.synth.validation import Validation


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker of this suite."""
    config.addinivalue_line("markers", "slow: takes more than ten seconds")


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the project's folder."""
    return shipped.ROOT


@pytest.fixture(scope="session")
def synthesise(tmp_path_factory: pytest.TempPathFactory) -> Synthesise:
    """Return a function that synthesises the stack with changed settings."""

    def synthesised(stack: str = "EventProcessingStack", **changed: Any) -> Template:
        return all_stacks(json.dumps(changed, sort_keys=True))[stack]

    @cache
    def all_stacks(changed: str) -> Mapping[str, Template]:
        settings = checked({**shipped.DEFAULTS, **json.loads(changed)})
        return _synthesised(settings, tmp_path_factory)

    return synthesised


@pytest.fixture(scope="session")
def dev_stacks(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Template]:
    """Return every stack of the default environment, by name."""
    return _synthesised(shipped.settings("dev"), tmp_path_factory)


@pytest.fixture(scope="session")
def prod_stacks(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Template]:
    """Return every stack of another environment in the same account, by name."""
    return _synthesised(shipped.settings("prod"), tmp_path_factory)


@pytest.fixture(scope="session")
def vaulting(dev_stacks: Mapping[str, Template]) -> Template:
    """Return DataVaultingStack of the default environment."""
    return dev_stacks["DataVaultingStack"]


@pytest.fixture(scope="session")
def sharing(dev_stacks: Mapping[str, Template]) -> Template:
    """Return FileShareStack of the default environment."""
    return dev_stacks["FileShareStack"]


@pytest.fixture(scope="session")
def dev(dev_stacks: Mapping[str, Template]) -> Template:
    """Return EventProcessingStack of the default environment."""
    return dev_stacks["EventProcessingStack"]


@pytest.fixture(scope="session")
def prod(prod_stacks: Mapping[str, Template]) -> Template:
    """Return EventProcessingStack of another environment in the same account."""
    return prod_stacks["EventProcessingStack"]


@pytest.fixture(scope="session")
def validation(tmp_path_factory: pytest.TempPathFactory) -> Validation:
    """Return Terraform's validation of configurations."""
    return Validation(tmp_path_factory.mktemp("validation"))


def _synthesised(settings: Settings, folders: pytest.TempPathFactory) -> Mapping[str, Template]:
    # The import starts the JavaScript of CDKTF, and each of several processes collects this module.
    from cdktf import App

    from stacks.all_stacks import STACKS, define_stacks

    assert tuple(stack.__name__ for stack in STACKS) == shipped.STACKS
    outdir = folders.mktemp(settings.environment_name)
    app = App(outdir=str(outdir))
    define_stacks(app, settings)
    app.synth()
    return {stack: load(outdir, stack) for stack in shipped.STACKS}
