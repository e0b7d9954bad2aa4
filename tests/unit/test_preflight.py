"""Each check of the account: green, red with a remedy, or unanswered."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.session import get_session
from botocore.validate import ParamValidator

from operations.preflight import environment, people, quotas, results, services, state
from operations.preflight.check import Account, Check, Finding, State, run
from operations.preflight.results import CHECKS, show_json, show_table
from stacks.settings import checked
from tests.shipped import DEFAULTS
from tests.unit.operator_account import installed
from tests.unit.sgvault import sgvault

Answers = dict[str, Any]
REGION = "eu-west-1"


def error(code: str, status: int) -> ClientError:
    """Return the error that boto3 raises for an answer."""
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Operation")


class FakeClient:
    """Returns the given answers, and refuses requests that AWS's models forbid."""

    def __init__(self, service: str, answers: Answers) -> None:
        self.answers = answers
        self.model = get_session().get_service_model(service)
        self.operations = {xform_name(name): name for name in self.model.operation_names}

    def __getattr__(self, call: str) -> Callable[..., Any]:
        def answer(**request: Any) -> Any:
            shape: Any = self.model.operation_model(self.operations[call]).input_shape
            report = ParamValidator().validate(request, shape)
            assert not report.has_errors(), report.generate_report()
            found = self.answers[call]
            if isinstance(found, Exception):
                raise found
            return found(request) if callable(found) else found

        return answer

    def get_paginator(self, call: str) -> Any:
        client = self

        class Pages:
            def paginate(self, **request: Any) -> Iterator[Any]:
                yield getattr(client, call)(**request)

        return Pages()


def account(answers: Answers | None = None, *, is_local: bool = False, **changed: Any) -> Account:
    return Account(
        settings=checked({**DEFAULTS, **changed}),
        region=REGION,
        client=lambda service: FakeClient(service, answers or {}),
        is_local=is_local,
    )


def state_of(finding: Finding) -> State:
    assert (finding.remedy == "") is (finding.state is State.GREEN) or (
        finding.state is State.NOT_ANSWERED
    ), finding
    return finding.state


IDENTITY = {
    "Account": "123456789012",
    "Arn": "arn:aws:sts::123456789012:assumed-role/deployer/me",
    "UserId": "A:me",
}
TYPES = {
    "InstanceTypes": [{"InstanceType": "c5.4xlarge", "VCpuInfo": {"DefaultVCpus": 16}}],
}
CPUS = {"CoreCount": 1, "ThreadsPerCore": 2}
RUNNING = [{"Instances": [{"InstanceType": "m5.large", "CpuOptions": CPUS}]}]
DETAILS = [
    {
        "ServiceName": f"com.amazonaws.{REGION}.{name}",
        "VpcEndpointPolicySupported": name != "storagegateway",
        "AvailabilityZones": ["eu-west-1a", "eu-west-1b"],
    }
    for name in services.ENDPOINTS
]


def instances(request: Any) -> Any:
    """Return no gateway of this environment, and other instances with two vCPUs."""
    ours = request["Filters"][0]["Name"] == "tag:Name"
    return {"Reservations": [] if ours else RUNNING}


def quota(value: float) -> Any:
    return {"Quota": {"Value": value}}


def concurrency(unreserved: int) -> Answers:
    limit = {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": unreserved}
    return {"get_account_settings": {"AccountLimit": limit}}


CASES = [
    (environment.credentials, {"get_caller_identity": IDENTITY}, {}, State.GREEN),
    (
        environment.credentials,
        {"get_caller_identity": IDENTITY},
        {"stacksAccountId": "210987654321"},
        State.RED,
    ),
    (
        environment.credentials,
        {"get_caller_identity": IDENTITY | {"Arn": "arn:aws:iam::123456789012:root"}},
        {},
        State.RED,
    ),
    (
        environment.region,
        {"describe_regions": {"Regions": [{"RegionName": REGION, "OptInStatus": "opted-in"}]}},
        {},
        State.GREEN,
    ),
    (
        environment.region,
        {"describe_regions": {"Regions": [{"RegionName": REGION, "OptInStatus": "not-opted-in"}]}},
        {},
        State.RED,
    ),
    (state.bucket, {"head_bucket": {}, "get_bucket_versioning": {"Status": "Enabled"}}, {}, State.GREEN),
    (state.bucket, {"head_bucket": {}, "get_bucket_versioning": {}}, {}, State.RED),
    (state.bucket, {"head_bucket": error("404", 404)}, {}, State.RED),
    (state.bucket, {"head_bucket": error("403", 403)}, {}, State.RED),
    (state.lock, {"put_object": {}, "delete_object": {}}, {}, State.GREEN),
    (state.lock, {"put_object": error("PreconditionFailed", 412)}, {}, State.RED),
    (state.lock, {"put_object": error("AccessDenied", 403)}, {}, State.RED),
    (state.lock, {"put_object": error("NoSuchBucket", 404)}, {}, State.NOT_ANSWERED),
    (
        quotas.vcpus,
        {
            "describe_instance_types": TYPES,
            "describe_instances": instances,
            "get_service_quota": quota(34),
        },
        {},
        State.GREEN,
    ),
    (
        quotas.vcpus,
        {
            "describe_instance_types": TYPES,
            "describe_instances": instances,
            "get_service_quota": quota(32),
        },
        {},
        State.RED,
    ),
    (
        quotas.vpcs,
        {
            "describe_instances": {"Reservations": []},
            "describe_vpcs": {"Vpcs": [{}] * 5},
            "get_service_quota": quota(5),
        },
        {},
        State.RED,
    ),
    (
        quotas.lambda_concurrency,
        concurrency(10),
        {},
        State.GREEN,
    ),
    (
        quotas.lambda_concurrency,
        concurrency(5),
        {},
        State.RED,
    ),
    (quotas.rules, {"list_rules": {"Rules": [{}] * 297}}, {}, State.GREEN),
    (quotas.rules, {"list_rules": {"Rules": [{}] * 298}}, {}, State.NOT_ANSWERED),
    (
        quotas.log_policies,
        {"describe_resource_policies": {"resourcePolicies": [{"policyName": f"p{n}"} for n in range(9)]}},
        {},
        State.RED,
    ),
    (
        quotas.log_policies,
        {
            "describe_resource_policies": {
                "resourcePolicies": [{"policyName": f"vault-dev-{n}"} for n in range(2)]
                + [{"policyName": f"p{n}"} for n in range(8)]
            }
        },
        {},
        State.GREEN,
    ),
    (
        services.images,
        {"get_parameters": {"Parameters": [{"Value": "ami-1"}], "InvalidParameters": []}},
        {},
        State.GREEN,
    ),
    (
        services.images,
        {"get_parameters": {"Parameters": [], "InvalidParameters": ["/aws/service/one"]}},
        {},
        State.RED,
    ),
    (
        services.zones,
        {
            "describe_vpc_endpoint_services": {"ServiceDetails": DETAILS[:1]},
            "describe_instance_type_offerings": {"InstanceTypeOfferings": [{"Location": "eu-west-1b"}]},
        },
        {},
        State.GREEN,
    ),
    (
        services.zones,
        {
            "describe_vpc_endpoint_services": {"ServiceDetails": DETAILS[:1]},
            "describe_instance_type_offerings": {"InstanceTypeOfferings": [{"Location": "eu-west-1c"}]},
        },
        {},
        State.RED,
    ),
    (services.endpoints, {"describe_vpc_endpoint_services": {"ServiceDetails": DETAILS}}, {}, State.GREEN),
    (services.endpoints, {"describe_vpc_endpoint_services": {"ServiceDetails": DETAILS[1:]}}, {}, State.RED),
    (
        people.permissions,
        {
            "get_caller_identity": IDENTITY,
            "get_role": {"Role": {"Arn": "arn:aws:iam::123456789012:role/path/deployer"}},
            "simulate_principal_policy": {
                "EvaluationResults": [{"EvalActionName": "ec2:CreateVpc", "EvalDecision": "implicitDeny"}]
            },
        },
        {},
        State.RED,
    ),
    (people.alarms, {}, {}, State.RED),
    (people.alarms, {}, {"notifyEmails": ["a@example.com"]}, State.GREEN),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "answers", "changed", "expected"), CASES)
def test_a_check_is_green_or_red_by_what_aws_answers(
    ask: Callable[[Account], Finding], answers: Answers, changed: Answers, expected: State
) -> None:
    assert state_of(ask(account(answers, **changed))) is expected


def test_a_session_is_simulated_by_its_roles_own_arn() -> None:
    """IAM does not accept a session, and a session's ARN lacks the role's path.

    A policy for the environment's resources is sufficient, because only these are simulated.
    """
    asked: set[str] = set()

    def simulate(request: Any) -> Any:
        asked.add(request["PolicySourceArn"])
        assert not any("*" in each for each in request.get("ResourceArns", []))
        one = [{"EvalResourceName": "a", "EvalResourceDecision": "allowed"}]
        return {
            "EvaluationResults": [
                {
                    "EvalActionName": name,
                    "EvalDecision": "implicitDeny" if "ResourceArns" in request else "allowed",
                    "ResourceSpecificResults": one if "ResourceArns" in request else [],
                }
                for name in request["ActionNames"]
            ]
        }

    role = {"Role": {"Arn": "arn:aws:iam::123456789012:role/path/deployer"}}
    answers = {
        "get_caller_identity": IDENTITY,
        "get_role": role,
        "simulate_principal_policy": simulate,
    }
    assert people.permissions(account(answers)).state is State.GREEN
    assert asked == {"arn:aws:iam::123456789012:role/path/deployer"}


def test_the_endpoints_without_a_policy_are_named() -> None:
    """The check settles the statement of the one public table on Storage Gateway."""
    answers = {"describe_vpc_endpoint_services": {"ServiceDetails": DETAILS}}
    seen = services.endpoints(account(answers)).seen
    assert "without a policy, as AWS accepts none: storagegateway" in seen
    assert "except ec2messages, which is left out" in seen
    all_accept = [each | {"VpcEndpointPolicySupported": True} for each in DETAILS]
    answers = {"describe_vpc_endpoint_services": {"ServiceDetails": all_accept}}
    assert services.endpoints(account(answers)).seen.endswith("; each accepts a policy")


def test_an_unconfirmed_subscription_of_either_topic_is_named() -> None:
    operators, own = (
        f"arn:aws:sns:{REGION}:123456789012:{name}" for name in ("operators", "vault-dev-notices")
    )
    subscribed = {operators: "confirmed", own: "PendingConfirmation"}

    def listed(request: Any) -> Any:
        topic = request["TopicArn"]
        return {"Subscriptions": [{"Endpoint": topic, "SubscriptionArn": subscribed[topic]}]}

    answers = {"list_subscriptions_by_topic": listed, "get_caller_identity": IDENTITY}
    settings: dict[str, Any] = {"alarmTopicArn": operators, "notifyEmails": ["a@example.com"]}
    finding = people.subscriptions(account(answers, **settings))
    assert (finding.state, finding.seen) == (State.RED, f"not confirmed: {own}")

    answers["list_subscriptions_by_topic"] = error("NotFound", 404)
    finding = people.subscriptions(account(answers, **settings))
    assert finding.state is State.NOT_ANSWERED


@pytest.mark.parametrize(("has_state", "expected"), [(True, State.GREEN), (False, State.RED)])
def test_names_are_taken_only_by_the_stacks_themselves(*, has_state: bool, expected: State) -> None:
    gone = error("ResourceNotFoundException", 400)
    keys = [{"Key": "dev/EventProcessingStack.tfstate"}] if has_state else []
    answers = {
        "get_function": {},
        "describe_table": gone,
        "describe_event_bus": gone,
        "get_role": gone,
        "list_objects_v2": {"Contents": keys},
    }
    finding = people.names(account(answers))
    assert finding.state is expected
    assert "vault-dev-classify-upload" in finding.seen
    finding = people.names(account(answers, is_local=True))
    assert (finding.state, finding.remedy) == (State.NOT_ANSWERED, "")


def test_names_without_a_state_bucket_are_those_of_another_checkout() -> None:
    gone = error("ResourceNotFoundException", 400)
    answers: Answers = dict.fromkeys(("describe_table", "describe_event_bus", "get_role"), gone)
    answers |= {"get_function": {}, "list_objects_v2": error("NoSuchBucket", 404)}
    assert "no Terraform state" in people.names(account(answers)).seen


@pytest.mark.parametrize(
    ("check", "call"), [(state.bucket, "head_bucket"), (state.lock, "put_object")]
)
def test_a_local_system_needs_no_state_bucket(
    check: Callable[[Account], Finding], call: str
) -> None:
    code = "404" if check is state.bucket else "NoSuchBucket"
    finding = check(account({call: error(code, 404)}, is_local=True))
    assert (finding.state, finding.remedy) == (State.NOT_ANSWERED, "")
    assert "keeps its state in files" in finding.seen


def test_a_refused_look_does_not_make_a_name_free() -> None:
    """DynamoDB and EventBridge refuse with the same status that an unknown name has."""
    refused = account({"get_function": error("AccessDeniedException", 400)})
    (result,) = run([Check(name="free names", ask=people.names)], refused)
    assert result.finding.state is State.NOT_ANSWERED


def test_the_lock_is_not_written_where_that_is_not_wanted() -> None:
    one = account()
    unwritten = Account(settings=one.settings, region=REGION, client=one.client, take_lock=False)
    assert state.lock(unwritten).state is State.NOT_ANSWERED


def test_what_an_emulator_cannot_answer_is_never_green() -> None:
    """An answer that AWS refuses does not stop the other checks."""
    only_aws = [check for check in CHECKS if check.only_aws]
    assert len(only_aws) == 11
    local = list(run(only_aws, account(is_local=True)))
    assert {each.finding.state for each in local} == {State.NOT_ANSWERED}

    answers: Answers = {"list_rules": error("AccessDenied", 403)}
    (rules,) = (check for check in CHECKS if check.ask is quotas.rules)
    (result,) = run([rules], account(answers))
    assert result.finding.state is State.NOT_ANSWERED
    assert "AccessDenied" in result.finding.seen


def test_a_local_system_is_not_red_for_what_only_an_account_has() -> None:
    """A local system accepts any credentials, and notifies nobody."""
    root = IDENTITY | {"Arn": "arn:aws:iam::123456789012:root"}
    local = account({"get_caller_identity": root}, is_local=True)
    assert environment.credentials(local).state is State.NOT_ANSWERED
    assert people.alarms(local).state is State.NOT_ANSWERED


def test_results_are_a_table_for_people_and_json_for_programs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = list(run([check for check in CHECKS if check.ask is people.alarms], account()))
    show_table(shown, account())
    table = capsys.readouterr().out
    assert "environment dev, account unknown, region eu-west-1" in table
    assert "alarms reach somebody: Set one of them" in table
    show_json(shown, account())
    assert json.loads(capsys.readouterr().out) == {
        "environment": "dev",
        "account": None,
        "region": "eu-west-1",
        "checks": [
            {
                "check": "alarms reach somebody",
                "state": "red",
                "seen": "neither alarmTopicArn nor notifyEmails is set",
                "remedy": "Set one of them, or nobody will notice a failure.",
            }
        ],
    }


def test_the_command_asks_about_the_settings_of_its_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The exit status is that of the checks; without a region, the command runs no check."""
    alarms = [check for check in CHECKS if check.ask is people.alarms]
    monkeypatch.setattr(results, "CHECKS", alarms)
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    with installed() as account:
        account.answers["GetCallerIdentity"] = lambda *_: IDENTITY
        ran = sgvault("preflight", "--env", "dev", "--region", "eu-west-1", "--json", "--no-lock")
    assert (ran.status, ran.json["account"]) == (1, "123456789012")
    assert [each["state"] for each in ran.json["checks"]] == ["red"]
