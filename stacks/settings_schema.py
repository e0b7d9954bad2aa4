"""All settings as data: key, rule and meaning."""

from __future__ import annotations

from dataclasses import dataclass

from stacks.settings_rules import (
    TAGS,
    X86,
    YES_OR_NO,
    Rule,
    either,
    one_of,
    optional,
    positive_number,
    short,
    text,
    texts,
    whole_number,
)

MAX_PATTERNS = 100
MAX_PATTERNS_BYTES = 2_000
"""A function's environment variables have at most 4 KB together."""
MAX_ADDRESSES = 20
NAME_PART = text(
    r"(?!.*[$%]\{)[^/\x00-\x1f]{1,64}",
    "1 to 64 characters without a slash, and without ${ or %{, which Terraform would evaluate",
)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: the field of Settings that holds it, its rule, and its meaning."""

    field: str
    rule: Rule
    meaning: str


SETTINGS = {
    "environmentName": Setting(
        "environment_name",
        text(
            r"(?!aws|ssm)[a-z][a-z0-9-]{1,15}",
            "2 to 16 of a-z, 0-9 and hyphen, a letter first; it must not begin with aws or ssm",
        ),
        "a part of every name, so that several environments fit in one account",
    ),
    "stacksAccountId": Setting(
        "stacks_account_id",
        optional(text(r"[0-9]{12}", "an account id of 12 digits, as a text")),
        "the only account that the stacks may be deployed to",
    ),
    "stacksRegion": Setting(
        "stacks_region",
        optional(text(r"[a-z]{2,4}(-[a-z]+)+-[0-9]", "a region such as eu-west-1")),
        "the region of the stacks, and of a checkout's commands; null for the caller's",
    ),
    "stateBucketName": Setting(
        "state_bucket_name",
        optional(text(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "an S3 bucket's name")),
        "the bucket for Terraform's state; null to derive the name from environment and account",
    ),
    "reconcileCountIterations": Setting(
        "reconcile_count",
        whole_number(2, 960),
        "the most iterations of a reconciliation; an execution has at most 25,000 history events",
    ),
    "reconcileWaitIterations": Setting(
        "reconcile_wait_seconds", whole_number(1, 3600), "seconds between two iterations"
    ),
    "jobDirSuffixName": Setting(
        "job_dir_suffix",
        NAME_PART,
        "the suffix of every dataset's folder; other folders are ignored",
    ),
    "manifestSuffixName": Setting(
        "manifest_suffix",
        text(
            r"(?!.*[$%]\{)[^/*?\x00-\x1f]{1,64}",
            "1 to 64 characters without a slash, * and ?, which are wildcards in IAM,"
            " and without ${ or %{, which Terraform would evaluate",
        ),
        "the suffix of every manifest, after the set id",
    ),
    "verifyObjects": Setting(
        "verify_objects",
        YES_OR_NO,
        "whether every object is looked up in S3 before a set is Successful; if a consumer moves objects"
        " away as they arrive, set this to false and verifyContent to none",
    ),
    "verifyContent": Setting(
        "verify_content",
        either("stored", "read", "none"),
        "how the content of a manifest with checksums is verified: by the checksums that S3 keeps, where"
        " they can be compared; by reading every byte; or not at all",
    ),
    "verifyConcurrency": Setting(
        "verify_concurrency",
        whole_number(1, 1000),
        "functions that compare the content of one set at the same time; the account's Lambda"
        " concurrency must allow them",
    ),
    "ignoreUnexpectedNames": Setting(
        "ignore_unexpected_names",
        short(
            texts(
                NAME_PART,
                f"a list of at most {MAX_PATTERNS} different names,"
                " in which * and ? stand for any characters",
                most=MAX_PATTERNS,
            ),
            most_bytes=MAX_PATTERNS_BYTES,
        ),
        "names of files, and of folders with their contents, that are ignored"
        " if they are uploaded but not listed",
    ),
    "expiryDays": Setting(
        "expiry_days",
        whole_number(15, 3650),
        "days until recorded uploads, outcomes, reports and replaced object versions expire",
    ),
    "archiveDays": Setting(
        "archive_days",
        whole_number(0, 3649),
        "days for which upload events are archived for a replay; 0 for no archive; fewer than expiryDays",
    ),
    "manifestDueHours": Setting(
        "manifest_due_hours",
        positive_number(8760),
        "hours without an upload after which a set without a manifest is announced as overdue",
    ),
    "logRetentionDays": Setting(
        "log_retention_days",
        one_of(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653),
        "days for which logs are kept",
    ),
    "alarmTopicArn": Setting(
        "alarm_topic_arn",
        optional(text(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:.+", "the ARN of an SNS topic")),
        "the topic for alarms; null for the environment's own topic",
    ),
    "notifyEmails": Setting(
        "notify_emails",
        texts(
            text(
                r"(?!.*[$%]\{)[^\s@,;<>]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", "an e-mail address"
            ),
            f"a list of at most {MAX_ADDRESSES} different e-mail addresses",
            most=MAX_ADDRESSES,
        ),
        "addresses that receive outcomes, overdue manifests and alarms, once they confirm the subscription",
    ),
    "deleteDataWithStacks": Setting(
        "delete_data_with_stacks",
        YES_OR_NO,
        "whether destroying the stacks may delete the tables, and the objects of the two buckets with data",
    ),
    "preventDestroy": Setting(
        "prevent_destroy",
        YES_OR_NO,
        "whether Terraform refuses to destroy or replace resources that hold data",
    ),
    "clientOperatingSystem": Setting(
        "client_operating_system",
        either("amazon-linux-2", "amazon-linux-2023"),
        "the system of the gateway's client; support for Amazon Linux 2 ended in June 2026",
    ),
    "gatewayTimeZone": Setting(
        "gateway_time_zone",
        text(
            r"GMT([+-](0?[0-9]|1[0-4]):(00|15|30|45))?",
            "GMT, or an offset in quarters of an hour like GMT+5:30 or GMT-10:00",
        ),
        "the time zone of the file gateway",
    ),
    "uploadSettlingSeconds": Setting(
        "upload_settling_seconds",
        whole_number(1, 3600),
        "seconds without a write after which a file's upload is announced;"
        " choose more than the longest pause while a file is written",
    ),
    "clientMayDeleteVaultedData": Setting(
        "client_may_delete_vaulted_data",
        YES_OR_NO,
        "whether the client may list and delete objects of the upload bucket, to clean up after a trial",
    ),
    "gatewayInstanceType": Setting(
        "gateway_instance_type",
        # https://docs.aws.amazon.com/filegateway/latest/files3/Requirements.html
        text(
            rf"{X86}(?!c[0-9][a-z]*\.xlarge)[a-z][a-z0-9-]*\.([0-9]*xlarge|metal(-[0-9a-z]+)?)",
            "an x86 instance type of size xlarge or larger. A compute-optimized one (c5) must be 2xlarge or"
            " larger, because a file gateway needs the memory",
        ),
        "the instance type of the gateway",
    ),
    "clientInstanceType": Setting(
        "client_instance_type",
        text(rf"{X86}[a-z][a-z0-9-]*\.[a-z0-9-]+", "an x86 instance type such as c5.4xlarge"),
        "the instance type of the gateway's client",
    ),
    "s3InterfaceEndpoint": Setting(
        "s3_interface_endpoint",
        YES_OR_NO,
        "whether the file share reaches S3 by an interface endpoint; changing it later replaces the share",
    ),
    "tags": Setting("tags", TAGS, "tags of every resource, besides the project's own"),
}
