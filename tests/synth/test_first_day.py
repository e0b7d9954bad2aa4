"""The numbers of resources in docs/first-deployment.md; an integration test compares real plans."""

from __future__ import annotations

from collections.abc import Mapping

from tests.first_day import first_reviews
from tests.synth.template import Synthesise, Template

MORE = {"notifyEmails": ["a@example.com"], "s3InterfaceEndpoint": True}
"""Each of these settings adds a resource. test_deploy_actions synthesises the same stacks."""


def test_the_numbers_are_those_of_dev_and_two_settings_add_the_documented_resources(
    dev_stacks: Mapping[str, Template], synthesise: Synthesise
) -> None:
    numbers = {stack: number for stack, (number, _) in first_reviews().items()}
    assert {stack: len([*dev_stacks[stack].addresses()]) for stack in numbers} == numbers
    assert {
        stack: len([*synthesise(stack, **MORE).addresses()]) - number
        for stack, number in numbers.items()
    } == {"EventProcessingStack": 1, "DataVaultingStack": 1, "FileShareStack": 0}
