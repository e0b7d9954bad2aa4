"""A function's variables: written by the stack, read by the handler, clear where they are wrong."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from handlers.aws.lambda_environment import (
    CheckEnvironment,
    LambdaEnvironment,
    LambdaEnvironmentError,
)
from tests.unit.lambda_environments import CHECK, ENVIRONMENTS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_what_is_written_is_what_is_read(environment: LambdaEnvironment) -> None:
    assert type(environment).read(environment.variables()) == environment


def test_a_name_to_ignore_may_hold_any_character() -> None:
    environment = replace(CHECK, ignore_unexpected=("~$*", '"\\', "\u00e9", ", "))
    assert CheckEnvironment.read(environment.variables()) == environment


@pytest.mark.parametrize("name", CHECK.variables())
def test_a_variable_that_is_not_set_is_named_with_the_remedy(name: str) -> None:
    others = {other: value for other, value in CHECK.variables().items() if other != name}
    for variables in (others, {**others, name: ""}):
        with pytest.raises(LambdaEnvironmentError) as raised:
            CheckEnvironment.read(variables)
        assert str(raised.value) == (
            f"The environment variable {name} is not set: deploy the stack again, which sets it"
        )


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("EXPIRY_DAYS", "thirty", "a whole number"),
        ("EXPIRY_DAYS", "true", "a whole number"),
        ("EXPIRY_DAYS", "30.5", "a whole number"),
        ("VERIFY_OBJECTS", "yes", "true or false"),
        ("VERIFY_OBJECTS", "1", "true or false"),
        ("IGNORE_UNEXPECTED", ".nfs*", "a list of texts"),
        ("IGNORE_UNEXPECTED", "[1]", "a list of texts"),
        ("IGNORE_UNEXPECTED", '".nfs*"', "a list of texts"),
    ],
)
def test_a_value_of_another_type_is_shown_with_what_it_must_be(
    name: str, value: str, expected: str
) -> None:
    with pytest.raises(LambdaEnvironmentError) as raised:
        CheckEnvironment.read({**CHECK.variables(), name: value})
    assert str(raised.value) == (
        f"The environment variable {name} is {value!r}: it must be JSON for {expected}"
    )


def test_the_module_and_its_packages_import_the_standard_library_alone() -> None:
    """The stacks import it at synthesis: without site-packages, anything else would fail."""
    code = f"import sys; sys.path.append({str(ROOT)!r}); import handlers.aws.lambda_environment"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)
