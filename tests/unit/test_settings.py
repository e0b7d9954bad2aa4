"""Settings: two sources, every value checked, every problem reported at once with its remedy."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stacks.settings import Settings, SettingsError, checked, read_settings
from stacks.settings_schema import SETTINGS
from tests import shipped
from tests.shipped import DEFAULTS

ROOT = Path(__file__).parents[2]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


def problems_of(**changed: Any) -> list[str]:
    """Return the problems of the defaults with these changes; an empty list if there are none."""
    try:
        checked({**DEFAULTS, **changed})
    except SettingsError as error:
        return error.problems
    return []


def project(folder: Path, *, context: Any = None, **environments: Any) -> Path:
    """Write a project with these environments; a text is written unchanged."""
    given = {"cdktf": {"context": DEFAULTS if context is None else context}, **environments}
    (folder / "environments").mkdir()
    for name, content in given.items():
        where = folder if name == "cdktf" else folder / "environments"
        text = content if isinstance(content, str) else json.dumps(content)
        (where / f"{name}.json").write_text(text, encoding="utf-8")
    return folder


def test_without_an_environment_the_defaults_hold(tmp_path: Path) -> None:
    """They are those in the contract."""
    assert read_settings(shipped.write(tmp_path)) == Settings(
        environment_name="dev",
        stacks_account_id=None,
        stacks_region=None,
        state_bucket_name="vault-dev-terraform-state",
        state_bucket_is_guessable=True,
        reconcile_count=960,
        reconcile_wait_seconds=30,
        job_dir_suffix="-vaultjob",
        manifest_suffix=".manifest",
        verify_objects=True,
        verify_content="stored",
        verify_concurrency=2,
        ignore_unexpected_names=tuple(DEFAULTS["ignoreUnexpectedNames"]),
        expiry_days=30,
        archive_days=14,
        manifest_due_hours=24,
        log_retention_days=30,
        alarm_topic_arn=None,
        notify_emails=(),
        delete_data_with_stacks=False,
        prevent_destroy=False,
        client_operating_system="amazon-linux-2",
        gateway_time_zone="GMT",
        upload_settling_seconds=60,
        client_may_delete_vaulted_data=False,
        gateway_instance_type="c5.4xlarge",
        client_instance_type="c5.4xlarge",
        s3_interface_endpoint=False,
        tags={},
    )


def test_an_environment_overrides_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    """The others are as in cdktf.json."""
    root = project(tmp_path, test={"environmentName": "test", "expiryDays": 90})
    assert read_settings(root, "test") == dataclasses.replace(
        shipped.settings(),
        environment_name="test",
        expiry_days=90,
        state_bucket_name="vault-test-terraform-state",
    )


def test_the_projects_environments_are_valid_and_have_their_own_names() -> None:
    """An environment with the name of another would take over its resources."""
    names = sorted(path.stem for path in (ROOT / "environments").glob("*.json"))
    assert {"chaos", "demo", "dev", "local", "prod"} <= set(names)
    assert [read_settings(ROOT, name).environment_name for name in names] == names


@pytest.mark.parametrize(("name", "seconds"), [("chaos", 200), ("demo", 20), ("local", 600)])
def test_the_environments_of_this_machine_leave_nothing(name: str, seconds: int) -> None:
    """Otherwise they only differ in their counts: a short one, and one for 50,000 files."""
    settings = read_settings(ROOT, name)
    assert settings.reconcile_count * settings.reconcile_wait_seconds == seconds
    assert settings.delete_data_with_stacks


def test_every_setting_has_a_default() -> None:
    """And every default is a setting."""
    assert DEFAULTS.keys() == SETTINGS.keys()


def test_every_setting_is_a_field() -> None:
    """Every checked value is used."""
    fields = {field.name for field in dataclasses.fields(Settings)}
    assert {setting.field for setting in SETTINGS.values()} == fields - {
        "state_bucket_is_guessable"
    }


def test_names_begin_with_the_environments() -> None:
    """So two environments fit in one account."""
    settings = checked({**DEFAULTS, "environmentName": "prod"})
    assert settings.name_prefix == "vault-prod"


def test_settings_cannot_be_changed_once_they_are_checked() -> None:
    """So the checked settings are those that are deployed."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        checked(DEFAULTS).expiry_days = 1  # type: ignore[misc]


def test_an_unknown_key_is_reported_with_the_most_similar_one() -> None:
    """A typing mistake would otherwise have the effect of the default."""
    problems = problems_of(reconcileCountIteration=10)
    assert problems == [
        "reconcileCountIteration is not a setting: did you mean reconcileCountIterations?"
    ]


def test_an_unknown_key_that_is_like_no_other_is_reported_with_all_of_them() -> None:
    """There are few settings."""
    (problem,) = problems_of(qqq=1)
    assert problem == f"qqq is not a setting: the settings are {', '.join(SETTINGS)}"


def test_a_missing_key_is_reported_with_what_it_must_be() -> None:
    """This happens if somebody removes a default."""
    rest = {key: value for key, value in DEFAULTS.items() if key != "expiryDays"}
    with pytest.raises(SettingsError) as raised:
        checked(rest)
    (problem,) = raised.value.problems
    assert problem == (
        "expiryDays is missing: add it to the context in cdktf.json."
        " It must be a whole number from 15 to 3,650"
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("environmentName", 1),
        ("environmentName", ["dev"]),
        ("stacksAccountId", 123456789012),
        ("stacksRegion", True),
        ("stateBucketName", {}),
        ("reconcileCountIterations", "960"),
        ("reconcileCountIterations", True),
        ("reconcileCountIterations", 960.0),
        ("reconcileWaitIterations", "30"),
        ("reconcileWaitIterations", True),
        ("reconcileWaitIterations", 0.5),
        ("jobDirSuffixName", 7),
        ("manifestSuffixName", [".manifest"]),
        ("verifyObjects", "true"),
        ("verifyObjects", 1),
        ("ignoreUnexpectedNames", ".nfs*"),
        ("ignoreUnexpectedNames", {".nfs*": True}),
        ("ignoreUnexpectedNames", [".nfs*", 1]),
        ("ignoreUnexpectedNames", [None]),
        ("expiryDays", "30"),
        ("expiryDays", True),
        ("archiveDays", 14.0),
        ("manifestDueHours", "24"),
        ("manifestDueHours", True),
        ("notifyEmails", "ops@example.org"),
        ("notifyEmails", [1]),
        ("logRetentionDays", "30"),
        ("logRetentionDays", True),
        ("logRetentionDays", 30.0),
        ("alarmTopicArn", 1),
        ("deleteDataWithStacks", "false"),
        ("deleteDataWithStacks", 0),
        ("preventDestroy", "true"),
        ("preventDestroy", 1),
        ("clientOperatingSystem", 2023),
        ("clientOperatingSystem", ["amazon-linux-2"]),
        ("gatewayTimeZone", 0),
        ("uploadSettlingSeconds", "60"),
        ("uploadSettlingSeconds", True),
        ("clientMayDeleteVaultedData", "no"),
    ],
)
def test_a_value_of_another_type_is_reported_as_written(key: str, value: Any) -> None:
    """A text is not a number, and neither is ``true``, although it is one in Python."""
    assert problems_of(**{key: value}) == [
        f"{key} is {json.dumps(value)}: it must be {SETTINGS[key].rule.must_be}"
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("reconcileCountIterations", 2),
        ("reconcileCountIterations", 960),
        ("reconcileWaitIterations", 1),
        ("expiryDays", 15),
        ("expiryDays", 3650),
        ("archiveDays", 0),
        ("archiveDays", 29),
        ("manifestDueHours", 0.01),
        ("manifestDueHours", 8760),
        ("notifyEmails", ["ops@example.org", "a.b+vault@mail.example.co.uk"]),
        ("logRetentionDays", 1),
        ("logRetentionDays", 3653),
        ("environmentName", "ab"),
        ("environmentName", "a234567890123456"),
        ("environmentName", "my-test-2"),
        ("environmentName", "my-aws"),
        ("environmentName", "as"),
        ("jobDirSuffixName", "x" * 64),
        ("manifestSuffixName", ".m\u00e4nifest \U0001f600"),
        ("ignoreUnexpectedNames", []),
        ("ignoreUnexpectedNames", [f"{number:02}" for number in range(100)]),
        ("stateBucketName", "abc"),
        ("stateBucketName", "a" * 63),
        ("stacksAccountId", "012345678901"),
        ("clientOperatingSystem", "amazon-linux-2"),
        ("clientOperatingSystem", "amazon-linux-2023"),
        ("gatewayTimeZone", "GMT+5:30"),
        ("gatewayTimeZone", "GMT-10:00"),
        ("gatewayTimeZone", "GMT+14:00"),
        ("gatewayTimeZone", "GMT-03:30"),
        ("gatewayTimeZone", "GMT+5:45"),
        ("uploadSettlingSeconds", 1),
        ("uploadSettlingSeconds", 3600),
        ("alarmTopicArn", "arn:aws-us-gov:sns:us-gov-west-1:123456789012:operators"),
    ],
)
def test_a_value_at_the_limit_is_accepted(key: str, value: Any) -> None:
    """The limits are those of the contract."""
    assert problems_of(**{key: value}) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("reconcileCountIterations", 1),
        ("reconcileCountIterations", 961),
        ("reconcileCountIterations", -960),
        ("reconcileWaitIterations", 0),
        ("reconcileWaitIterations", 3601),
        ("expiryDays", 14),
        ("expiryDays", 3651),
        ("archiveDays", -1),
        ("archiveDays", 3650),
        ("manifestDueHours", 0),
        ("manifestDueHours", -1.5),
        ("manifestDueHours", 8760.5),
        ("manifestDueHours", float("nan")),
        ("notifyEmails", [""]),
        ("notifyEmails", ["ops"]),
        ("notifyEmails", ["ops@example"]),
        ("notifyEmails", ["Ops <ops@example.org>"]),
        ("notifyEmails", ["ops@example.org", "ops@example.org"]),
        ("notifyEmails", [f"ops{number}@example.org" for number in range(21)]),
        ("logRetentionDays", 0),
        ("logRetentionDays", 31),
        ("environmentName", "a"),
        ("environmentName", "a2345678901234567"),
        ("environmentName", "Dev"),
        ("environmentName", "2nd"),
        ("environmentName", "-dev"),
        ("environmentName", "de_v"),
        ("environmentName", "dev\n"),
        ("environmentName", "aws"),
        ("environmentName", "awsome"),
        ("environmentName", "ssm-test"),
        ("environmentName", ""),
        ("jobDirSuffixName", ""),
        ("jobDirSuffixName", "a/b"),
        ("jobDirSuffixName", "a\nb"),
        ("jobDirSuffixName", "x" * 65),
        ("manifestSuffixName", ""),
        ("manifestSuffixName", "/.manifest"),
        ("ignoreUnexpectedNames", [""]),
        ("ignoreUnexpectedNames", ["a/b"]),
        ("ignoreUnexpectedNames", [f"{number:02}{60 * 'x'}" for number in range(31)]),
        ("ignoreUnexpectedNames", [f"{number:02}{60 * 'ä'}" for number in range(10)]),
        ("stateBucketName", ""),
        ("stateBucketName", "ab"),
        ("stateBucketName", "a" * 64),
        ("stateBucketName", "Upper"),
        ("stateBucketName", "-abc"),
        ("stateBucketName", "abc-"),
        ("stacksAccountId", ""),
        ("stacksAccountId", "12345678901"),
        ("stacksAccountId", "1234567890123"),
        ("stacksAccountId", "1234-5678-9012"),
        ("stacksAccountId", "\u0661" * 12),
        ("stacksRegion", ""),
        ("stacksRegion", "eu-west"),
        ("stacksRegion", "eu-west-1a"),
        ("stacksRegion", "EU-WEST-1"),
        ("stacksRegion", "eu-west-\u0661"),
        ("alarmTopicArn", "operators"),
        ("clientOperatingSystem", ""),
        ("clientOperatingSystem", "amazon-linux-1"),
        ("clientOperatingSystem", "Amazon-Linux-2"),
        ("gatewayTimeZone", ""),
        ("gatewayTimeZone", "UTC"),
        ("gatewayTimeZone", "GMT+5"),
        ("gatewayTimeZone", "GMT+15:00"),
        ("gatewayTimeZone", "GMT+5:60"),
        ("gatewayTimeZone", "GMT+5:20"),
        ("gatewayTimeZone", "GMT+14:59"),
        ("gatewayTimeZone", "GMT +5:30"),
        ("gatewayTimeZone", "GMT+5:30\n"),
        ("uploadSettlingSeconds", 0),
        ("uploadSettlingSeconds", 3601),
        ("alarmTopicArn", "arn:aws:sqs:eu-west-1:123456789012:operators"),
    ],
)
def test_a_value_beyond_the_limit_is_refused(key: str, value: Any) -> None:
    """AWS would refuse it minutes later, with another message."""
    assert problems_of(**{key: value}) == [
        f"{key} is {json.dumps(value)}: it must be {SETTINGS[key].rule.must_be}"
    ]


def test_the_clients_script_accepts_the_time_zones_of_the_setting() -> None:
    """Otherwise the script would not activate the gateway, which would only show in an account."""
    script = (ROOT / "scripts" / "activate-gateway.sh").read_text(encoding="utf-8")
    (pattern,) = re.findall(r"\$GATEWAY_TIME_ZONE =~ (\S+) \]\]", script)
    hours = ["0", "00", "5", "05", "005", "9", "10", "14", "15", "24", ""]
    minutes = ["00", "0", "1", "15", "20", "30", "45", "59", "60", ""]
    zones = [f"GMT{sign}{hour}:{minute}" for sign in "+-" for hour in hours for minute in minutes]
    zones += ["", "GMT", "GMT+5", "GMT+5:30 ", "gmt+5:30", "UTC", "xGMT", "GMT5:30", "GMT±5:30"]
    taken = {zone for zone in zones if re.search(pattern, zone)}
    assert taken == {zone for zone in zones if not problems_of(gatewayTimeZone=zone)}
    assert {"GMT", "GMT-05:45", "GMT+14:00"} <= taken


@pytest.mark.parametrize("template", ["${aws_s3_bucket.other.arn}", "%{ if true }x%{ endif }"])
@pytest.mark.parametrize("key", ["jobDirSuffixName", "manifestSuffixName", "ignoreUnexpectedNames"])
def test_no_accepted_value_is_evaluated_by_terraform(key: str, template: str) -> None:
    """Terraform's JSON has no plain texts: a text with a template is evaluated."""
    value = [template] if key == "ignoreUnexpectedNames" else template
    assert len(problems_of(**{key: value})) == 1


@pytest.mark.parametrize(
    "region",
    [
        "us-east-1",
        "ap-southeast-7",
        "ca-west-1",
        "il-central-1",
        "mx-central-1",
        "cn-northwest-1",
        "us-gov-west-1",
        "us-isob-east-1",
        "eusc-de-east-1",
    ],
)
def test_the_regions_of_all_partitions_are_accepted(region: str) -> None:
    """The pattern must not exclude a partition."""
    assert problems_of(stacksRegion=region) == []


@pytest.mark.parametrize("key", list(SETTINGS))
def test_null_is_accepted_only_for_optional_settings(key: str) -> None:
    """An environment can remove a default only if the setting is optional."""
    assert bool(problems_of(**{key: None})) is (shipped.DEPLOYERS_OWN.get(key, "") is not None)


@pytest.mark.parametrize(
    ("count", "wait_seconds", "least_days"),
    [(960, 30, 15), (24, 3_600, 15), (25, 3_600, 16), (960, 3_600, 54)],
)
def test_rows_outlast_the_longest_reconciliation_by_two_weeks(
    count: int, wait_seconds: int, least_days: int
) -> None:
    """Otherwise a set could not become complete, because its first rows would have expired."""
    given: dict[str, Any] = {
        "reconcileCountIterations": count,
        "reconcileWaitIterations": wait_seconds,
    }
    assert problems_of(**given, expiryDays=least_days) == []
    if least_days > 15:
        (problem,) = problems_of(**given, expiryDays=least_days - 1)
        assert problem == (
            f"expiryDays is {least_days - 1}: it must be {least_days} or more, to outlast"
            " reconcileCountIterations x reconcileWaitIterations by 14 days"
        )


def test_the_archive_expires_before_the_outcomes() -> None:
    """A manifest that is replayed after its outcome expired would be reconciled and announced again."""
    (problem,) = problems_of(archiveDays=30, expiryDays=30)
    assert problem.startswith("archiveDays is 30: it must be less than expiryDays, 30,")
    assert problems_of(archiveDays=29, expiryDays=30) == []


def test_folders_and_manifests_have_different_suffixes() -> None:
    (problem,) = problems_of(jobDirSuffixName=".vault", manifestSuffixName=".vault")
    assert problem == (
        'manifestSuffixName is ".vault": it must differ from jobDirSuffixName,'
        " or a set's folder and its manifest would have the same name"
    )


def test_the_chosen_names_fit_into_a_parameter_together() -> None:
    """Each setting is valid alone; SSM would refuse them in the middle of a deployment."""
    longest = {
        "ignoreUnexpectedNames": [f"{number:02}{60 * 'x'}" for number in range(30)],
        "manifestSuffixName": 64 * "\N{PACKAGE}",
    }
    assert [problems_of(**{key: value}) for key, value in longest.items()] == [[], []]
    (problem,) = problems_of(**longest)
    assert problem == (
        "ignoreUnexpectedNames, jobDirSuffixName and manifestSuffixName have 2,255 bytes of JSON"
        " together: shorten them to 2,100 or fewer. One SSM parameter of at most 4,096 bytes contains"
        " them and the names of the resources"
    )


def test_data_cannot_be_both_protected_and_deleted() -> None:
    """One of the settings would be ignored, and the user must decide which."""
    assert problems_of(preventDestroy=True) == []
    assert problems_of(deleteDataWithStacks=True) == []
    (problem,) = problems_of(preventDestroy=True, deleteDataWithStacks=True)
    assert problem == (
        "deleteDataWithStacks is true: it must be false while preventDestroy is true, because"
        " Terraform then refuses to destroy the resources. Set one of them to false"
    )


def test_alarms_use_a_topic_of_the_stacks_region() -> None:
    """CloudWatch would refuse another one in the middle of a deployment."""
    topic = "arn:aws:sns:us-east-1:123456789012:operators"
    assert problems_of(alarmTopicArn=topic) == []
    assert problems_of(alarmTopicArn=topic, stacksRegion="us-east-1") == []
    (problem,) = problems_of(alarmTopicArn=topic, stacksRegion="eu-west-1")
    assert problem == (
        f'alarmTopicArn is "{topic}": it must be a topic of eu-west-1, the stacksRegion,'
        " because an alarm notifies topics of its own region only"
    )


def test_conflicts_are_reported_with_everything_else() -> None:
    """Only their own values must be valid."""
    problems = problems_of(
        verifyObject=True,
        logRetentionDays=31,
        expiryDays=15,
        reconcileWaitIterations=3_600,
        preventDestroy=True,
        deleteDataWithStacks=True,
    )
    assert [problem.partition(" ")[0] for problem in problems] == [
        "verifyObject",
        "logRetentionDays",
        "expiryDays",
        "deleteDataWithStacks",
    ]


def test_a_conflict_is_not_reported_for_an_invalid_value() -> None:
    """An invalid value cannot be compared."""
    assert len(problems_of(expiryDays="15", reconcileWaitIterations=3_600)) == 1
    assert len(problems_of(preventDestroy="yes", deleteDataWithStacks=True)) == 1


def test_production_is_protected() -> None:
    """Environments for trials are not."""
    assert read_settings(ROOT, "prod").prevent_destroy
    assert not read_settings(ROOT, "prod").delete_data_with_stacks
    assert not read_settings(ROOT, "local").prevent_destroy


def test_all_problems_are_reported_at_once() -> None:
    """There is a line for each, so that one attempt is enough."""
    problems = problems_of(
        environmentName="Dev", expiryDays="30", logRetentionDays=31, verifyObject=True
    )
    assert [problem.partition(" ")[0] for problem in problems] == [
        "verifyObject",
        "environmentName",
        "expiryDays",
        "logRetentionDays",
    ]


@example(key="expiryDays", value=float("nan"))
@example(key="environmentName", value="a\nb")
@given(key=st.sampled_from([*SETTINGS, "other"]), value=json_values)
def test_any_value_is_accepted_or_reported_in_a_line(key: str, value: Any) -> None:
    """There is never a traceback."""
    for problem in problems_of(**{key: value}):
        assert problem.startswith(f"{key} is ")
        assert len(problem.splitlines()) == 1


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({}, "vault-dev-terraform-state"),
        ({"stacksAccountId": "123456789012"}, "vault-dev-terraform-state-123456789012"),
        ({"environmentName": "prod"}, "vault-prod-terraform-state"),
        ({"stateBucketName": "ours"}, "ours"),
        ({"stateBucketName": "ours", "stacksAccountId": "123456789012"}, "ours"),
        (
            {"environmentName": "a234567890123456", "stacksAccountId": "123456789012"},
            "vault-a234567890123456-terraform-state-123456789012",
        ),
    ],
)
def test_the_state_has_its_own_bucket(changed: dict[str, Any], name: str) -> None:
    """Its name is a setting or derived; a bucket's name has at most 63 characters."""
    settings = checked({**DEFAULTS, **changed})
    assert settings.state_bucket_name == name
    assert settings.state_bucket_is_guessable == name.endswith("-terraform-state")
    assert len(name) <= 63


@pytest.mark.parametrize(
    "environment",
    [
        "",
        " dev",
        "DEV",
        "dev\n",
        "dev.json",
        "prd",
        ".",
        "..",
        "../cdktf",
        "../environments/dev",
        "dev/../dev",
        "/dev",
        "dev\x00",
        "d\u00e9v",
        "*",
    ],
)
def test_an_unknown_environment_is_reported_with_the_known_ones(
    tmp_path: Path, environment: str
) -> None:
    """The value is a name, and never a path."""
    root = project(tmp_path, dev={}, prod={})
    with pytest.raises(SettingsError) as raised:
        read_settings(root, environment)
    assert raised.value.problems == [
        f"VAULT_ENV (for make: ENV) is {environment!r}: set it to one of dev, prod",
    ]


def test_a_file_with_an_impossible_name_is_not_offered(tmp_path: Path) -> None:
    root = project(tmp_path, dev={}, Prod={})
    remedy = (
        r"rename environments/Prod\.json to a name of a-z, 0-9 and hyphen, or set it to one of dev$"
    )
    with pytest.raises(SettingsError, match=rf"VAULT_ENV \(for make: ENV\) is 'Prod': {remedy}"):
        read_settings(root, "Prod")


@pytest.mark.parametrize(
    "content", ["", "{", '{"environmentName": "dev",}', "[]", "null", "7", '"dev"']
)
def test_a_file_that_is_no_json_object_is_reported_by_name(tmp_path: Path, content: str) -> None:
    """The message begins with the file's path."""
    root = project(tmp_path, dev=content)
    with pytest.raises(SettingsError) as raised:
        read_settings(root)
    (problem,) = raised.value.problems
    assert problem.startswith("environments/dev.json ")
    assert len(problem.splitlines()) == 1


@pytest.mark.parametrize("text", ['{"a": 1, "a": 1}', '{"tags": {"a": "b", "a": "c"}}'])
def test_a_setting_that_is_written_twice_is_reported(tmp_path: Path, text: str) -> None:
    root = project(tmp_path, dev={})
    (root / "environments" / "dev.json").write_text(text)
    with pytest.raises(
        SettingsError, match=r"environments/dev\.json cannot be read: a appears twice"
    ):
        read_settings(root)


def test_a_file_that_is_not_utf_8_is_reported_by_its_name(tmp_path: Path) -> None:
    """Some editors still use other encodings."""
    root = project(tmp_path, dev={})
    (root / "environments" / "dev.json").write_bytes(b'{"environmentName": "d\xe9v"}')
    with pytest.raises(SettingsError, match=r"environments/dev\.json cannot be read"):
        read_settings(root)


def test_a_project_without_its_file_of_defaults_is_reported(tmp_path: Path) -> None:
    """This happens in a part of a clone."""
    root = project(tmp_path, dev={})
    (root / "cdktf.json").unlink()
    with pytest.raises(SettingsError, match=r"cdktf\.json cannot be read"):
        read_settings(root)


@pytest.mark.parametrize("context", [[], [1], "context", 7])
def test_a_context_that_is_no_object_is_reported(tmp_path: Path, context: Any) -> None:
    """It is neither a traceback nor ignored."""
    root = project(tmp_path, context=context, dev={})
    with pytest.raises(SettingsError, match=r"cdktf\.json"):
        read_settings(root)


def test_a_project_without_context_lacks_every_setting(tmp_path: Path) -> None:
    """Each missing setting is reported."""
    root = project(tmp_path, cdktf={}, dev={})
    with pytest.raises(SettingsError) as raised:
        read_settings(root)
    assert len(raised.value.problems) == len(SETTINGS)


def test_the_message_has_a_heading_and_a_line_for_each_problem() -> None:
    """This is the output of main.py."""
    error = SettingsError(["a is wrong", "b is wrong"])
    assert str(error).splitlines() == ["The settings cannot be used:", "a is wrong", "b is wrong"]


def test_only_the_variable_with_the_environment_has_an_effect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """cdktf-cli overwrites ``CDKTF_CONTEXT_JSON``; settings have exactly two sources."""
    before = read_settings(ROOT)
    monkeypatch.setenv("CDKTF_CONTEXT_JSON", json.dumps({"expiryDays": 99}))
    monkeypatch.setenv("expiryDays", "99")
    assert read_settings(ROOT) == before


def test_an_environments_file_has_its_name(tmp_path: Path) -> None:
    """Otherwise the default name would apply, with dev's state and resources."""
    root = project(tmp_path, dev={}, test={"expiryDays": 60})
    with pytest.raises(SettingsError, match="environmentName"):
        read_settings(root, "test")


def test_a_copied_environment_does_not_keep_the_name_of_its_original(tmp_path: Path) -> None:
    """Otherwise it would change the original's state and resources."""
    root = project(tmp_path, dev={}, prod={"environmentName": "prod"})
    (root / "environments" / "prod-2.json").write_text(
        (root / "environments/prod.json").read_text()
    )
    with pytest.raises(SettingsError) as raised:
        read_settings(root, "prod-2")
    (problem,) = raised.value.problems
    assert problem == (
        'environmentName in environments/prod-2.json is "prod": it must be "prod-2", like the file\'s'
        " name, because it selects the state and the names of all resources"
    )


def test_dev_has_no_other_name(tmp_path: Path) -> None:
    """Its file need not contain the name."""
    with pytest.raises(SettingsError, match='it must be "dev"'):
        read_settings(project(tmp_path, dev={"environmentName": "prod"}))


def test_a_missing_name_is_reported_with_everything_else(tmp_path: Path) -> None:
    root = project(tmp_path, dev={}, test={"expiryDays": 1})
    with pytest.raises(SettingsError) as raised:
        read_settings(root, "test")
    assert [problem.partition(" ")[0] for problem in raised.value.problems] == [
        "environments/test.json",
        "expiryDays",
    ]


def test_a_stacks_state_is_below_its_environments_name() -> None:
    """So a policy can cover the states of one environment only."""
    assert read_settings(ROOT, "prod").state_key("Stack") == "prod/Stack.tfstate"


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        (
            "gatewayInstanceType",
            ["c5.4xlarge", "c6i.2xlarge", "m5.xlarge", "r6i.xlarge", "i4i.xlarge", "m5.metal"],
            [
                "m5.large",
                "c5.xlarge",
                "c6in.xlarge",
                "t3.medium",
                "m6g.xlarge",
                "c7gn.4xlarge",
                "m5",
            ],
        ),
        ("clientInstanceType", ["t3.micro", "m5.large"], ["a1.large", "t4g.micro", "m5", ""]),
        (
            "tags",
            [{}, {"CostCentre": "4711", "team:owner": "Ann + co"}],
            [
                {"Environment": "mine"},
                {"aws:thing": "x"},
                {"AWS:thing": "x"},
                {"": "x"},
                {"key": 1},
                {"key": "${var}"},
                {str(number): "x" for number in range(8)},
                ["key"],
            ],
        ),
    ],
)
def test_instance_types_and_tags_follow_awss_rules(
    key: str, good: list[Any], bad: list[Any]
) -> None:
    """A gateway with less memory than AWS documents would not run, and an image is for x86 only."""
    for value in good:
        assert problems_of(**{key: value}) == []
    for value in bad:
        (problem,) = problems_of(**{key: value})
        assert key in problem
