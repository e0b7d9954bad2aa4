"""A function's variables: the stack writes them, the handler reads them, and errors are clear."""

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
def test_an_environment_is_equal_after_writing_and_reading_it(
    environment: LambdaEnvironment,
) -> None:
    assert type(environment).read(environment.variables()) == environment


def test_an_ignored_name_may_contain_any_character() -> None:
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
def test_a_value_of_another_type_is_reported_with_the_expected_one(
    name: str, value: str, expected: str
) -> None:
    with pytest.raises(LambdaEnvironmentError) as raised:
        CheckEnvironment.read({**CHECK.variables(), name: value})
    assert str(raised.value) == (
        f"The environment variable {name} is {value!r}: it must be JSON for {expected}"
    )


def test_the_module_and_its_packages_import_only_the_standard_library() -> None:
    """The stacks import it at synthesis; without site-packages, any other import fails."""
    code = f"import sys; sys.path.append({str(ROOT)!r}); import handlers.aws.lambda_environment"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)
