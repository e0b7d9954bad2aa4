"""``sgvault smoke``: two datasets pass through an environment, and are removed completely."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from handlers.classify_upload import handler
from operations.smoke.dataset import SET_ID, complete_set
from operations.smoke.policy import smoke_policy
from operations.smoke.upload_pattern import documented_event
from operations.vault import Vault
from tests.unit.fake_vault import FakeVault
from tests.unit.fakes import FakeAws, FakeContext
from tests.unit.fakes import installed as handlers_installed
from tests.unit.manifests import Reading
from tests.unit.operator_account import PARAMETER, Account, installed
from tests.unit.samples import aws_event, batch
from tests.unit.sgvault import Ran, sgvault


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for module in ("journey", "removal"):
        monkeypatch.setattr(f"operations.smoke.{module}.time.sleep", lambda _: None)
    with installed() as account:
        yield account


@pytest.fixture
def vault(account: Account) -> FakeVault:
    made = FakeVault()
    made.install(account)
    return made


def smoke(*options: str) -> Ran:
    return sgvault("smoke", "--json", "--patience", "1", "--region", "us-east-1", *options)


def is_empty(vault: FakeVault) -> bool:
    return (vault.objects, vault.items) == ({}, {})


def test_both_datasets_pass_and_nothing_of_them_is_left(account: Account, vault: FakeVault) -> None:
    ran = smoke()
    assert ran.status == 0, ran.err
    assert [each["hop"] for each in ran.json["hops"]] == [
        "rule",
        *("S3 write", "queue", "rows recorded", "execution started", "outcome") * 2,
    ]
    assert [each["seen"][:10] for each in ran.json["hops"][5::5]] == ["Successful", "Timed out:"]
    (started,) = account.named("StartExecution")
    assert json.loads(started["input"])["detail"]["max-iterations"] == 2
    assert is_empty(vault)


def test_its_announcements_and_manifests_are_what_the_handlers_read(
    account: Account, vault: FakeVault
) -> None:
    """The test would prove nothing if a function refused an object of the set."""
    del vault
    smoke()
    sent = [
        json.loads(each["MessageBody"])
        for call in account.named("SendMessageBatch")
        for each in call["Entries"]
    ]
    assert {each["detail"]["reason"] for each in sent} == {"smoke"}
    with handlers_installed(FakeAws()):
        assert handler(batch(*sent), FakeContext().typed) == {"batchItemFailures": []}
    naming = Vault.from_json("/dev/vault", json.dumps(PARAMETER)).naming
    made = complete_set("a", naming)
    assert Reading([made.manifest(began=1)]).keys() == made.listed


@pytest.mark.parametrize(
    ("counted", "problem"),
    [
        ({"status": "Failed"}, "has status 'Failed', and must have 'Successful'"),
        ({"unexpected": 1}, "has unexpected 1, and must have 0"),
    ],
)
def test_a_wrong_outcome_is_named_and_everything_is_removed_all_the_same(
    vault: FakeVault, counted: dict[str, Any], problem: str
) -> None:
    vault.counted = counted
    ran = smoke()
    assert (ran.status, ran.json["passed"]) == (1, False)
    assert problem in ran.json["problem"]
    assert is_empty(vault)


def test_a_key_that_the_outcome_does_not_name_is_a_failure(vault: FakeVault) -> None:
    vault.counted = {"examples": []}
    ran = smoke()
    assert ran.status == 1
    assert "never-written.txt" in ran.json["problem"]
    assert is_empty(vault)


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("TestEventPattern", 1),
        ("PutObject", 2),
        ("SendMessageBatch", 1),
        ("Query", 1),
        ("SendMessageBatch", 3),
        ("DescribeExecution", 1),
        ("StartExecution", 1),
    ],
)
def test_ctrl_c_at_any_moment_leaves_nothing_and_nothing_under_way(
    account: Account, vault: FakeVault, operation: str, call: int
) -> None:
    vault.runs = operation == "StartExecution"
    answer, calls = account.answers[operation], iter(range(1, 100))

    def interrupted(account: Account, parameters: Any) -> Any:
        answered = answer(account, parameters)
        if next(calls) == call:
            raise KeyboardInterrupt
        return answered

    account.answers[operation] = interrupted
    ran = smoke()
    assert ran.status == 130
    assert ran.json["problem"] == "Interrupted"
    assert is_empty(vault)
    assert {each["status"] for each in vault.executions.values()} <= {"SUCCEEDED", "ABORTED"}


def test_what_cannot_be_removed_is_named_with_the_command_that_removes_it_later(
    account: Account, vault: FakeVault
) -> None:
    allowed = account.answers["DeleteObjects"]
    vault.refuse(account, "DeleteObjects")
    ran = smoke()
    assert ran.status == 3
    assert "AccessDenied" in ran.json["left"][0]["reason"]
    account.answers["DeleteObjects"] = allowed
    for set_id in ran.json["setIds"]:
        assert f"sgvault smoke --remove {set_id}" in ran.err
        assert smoke("--remove", set_id).status == 0
    assert is_empty(vault)


def test_it_removes_no_set_but_its_own(account: Account, vault: FakeVault) -> None:
    vault.objects["uploads-bucket", "payroll-vaultjob/a"] = b"a"
    ran = smoke("--remove", "payroll")
    assert (ran.status, "payroll is no set of a smoke test" in ran.err) == (1, True)
    assert smoke().status == 0
    assert list(vault.objects) == [("uploads-bucket", "payroll-vaultjob/a")]
    assert all(SET_ID.fullmatch(each) for each in smoke().json["setIds"])


@pytest.mark.parametrize("protected", [True, None])
def test_a_protected_environment_needs_consent(
    account: Account, vault: FakeVault, protected: bool | None
) -> None:
    """An environment whose parameter lacks the setting counts as protected."""
    account.parameter["preventDestroy"] = protected
    refused = smoke()
    assert (refused.status, "--yes" in refused.err) == (1, True)
    assert account.named("PutObject") == []
    assert smoke("--yes").status == 0
    assert is_empty(vault)


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({"State": "DISABLED"}, "is DISABLED"),
        ({"EventPattern": '{"source": [], "detail": {"bucket-name": []}}'}, "does not match"),
        (
            {
                "EventPattern": '{"source": ["aws.storagegateway"], "detail": {"bucket-name":'
                ' ["uploads-bucket", "not-uploads-bucket"]}}'
            },
            "matches the upload event of the bucket not-uploads-bucket",
        ),
    ],
)
def test_a_rule_that_would_lose_uploads_is_named(
    account: Account, vault: FakeVault, rule: dict[str, str], problem: str
) -> None:
    right = vault._describe_rule()
    account.answers["DescribeRule"] = lambda *_: right | rule
    ran = smoke()
    assert ran.status == 1
    assert problem in ran.json["problem"]


def test_it_asks_with_the_event_that_aws_documents() -> None:
    event = aws_event("object_upload")
    vault = Vault.from_json("/dev/vault", json.dumps(PARAMETER))
    asked = json.dumps(documented_event(vault, event["detail"]["bucket-name"]))
    assert json.loads(asked.replace("123456789012", event["account"])) == event


def test_its_policy_covers_the_register_only_where_there_is_one() -> None:
    """The parameter of an older release names no register."""
    removes: dict[str | None, list[list[str]]] = {}
    for name in ("vault-dev-sets", None):
        vault = Vault.from_json("/dev/vault", json.dumps(PARAMETER | {"setTableName": name}))
        removes[name] = [
            [arn.rpartition("/")[2] for arn in each["Resource"]]
            for each in smoke_policy(vault)["Statement"]
            if "dynamodb:DeleteItem" in each["Action"]
        ]
    register = "vault-dev-sets"
    assert removes == {
        register: [["uploads", register], [register], ["outcomes"]],
        None: [["uploads"], ["outcomes"]],
    }
