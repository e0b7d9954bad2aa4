"""Set the environment before the handlers are imported, and provide the account that they use."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings

from tests import shipped
from tests.unit.fakes import FakeAws, FakeContext, installed
from tests.unit.lambda_environments import VARIABLES

os.environ |= {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
    "POWERTOOLS_TRACE_DISABLED": "true",
    **VARIABLES,
}

settings.register_profile("unit", deadline=None, derandomize=True, database=None)
settings.load_profile("unit")


def pytest_configure(config: pytest.Config) -> None:
    """Ignore the warning of Powertools for a call without metrics."""
    config.addinivalue_line("filterwarnings", "ignore:No application metrics to publish")


@pytest.fixture(scope="session", autouse=True)
def shipped_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let commands read the settings that the project ships, not those of a deployer."""
    root = shipped.write(tmp_path_factory.mktemp("checkout"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("operations.aws_environment.ROOT", root)
        patch.setattr("operations.checkout.ROOT", root)
        yield


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    """Return the fakes that replace the handlers' clients."""
    with installed(FakeAws()) as account:
        yield account


@pytest.fixture
def context() -> FakeContext:
    """Return the context of a call with plenty of time."""
    return FakeContext()


@pytest.fixture
def metrics(capsys: pytest.CaptureFixture[str]) -> Callable[[], Counter[str]]:
    """Return a function with the sums of the metrics sent since the last call, read like CloudWatch."""

    def sent() -> Counter[str]:
        sums: Counter[str] = Counter()
        for line in capsys.readouterr().out.splitlines():
            record = json.loads(line)
            for group in record.get("_aws", {}).get("CloudWatchMetrics", []):
                for metric in group["Metrics"]:
                    values = record[metric["Name"]]
                    sums[metric["Name"]] += sum(values) if isinstance(values, list) else values
        return sums

    return sent
