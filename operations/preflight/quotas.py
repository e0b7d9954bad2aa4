"""Checks of quotas of a new account that the stacks may exceed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from operations.preflight.check import Account, Finding, green, not_answered, red
from stacks.queue_timing import RECORDS, UPLOADS

STANDARD_VCPUS = "L-1216C47A"
"""The quota for running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances, in vCPUs."""
VPCS = "L-F678F1CE"
RULES = 300
"""The default number of rules of a bus:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
"""
OWN_RULES = 3
"""Those of the uploads, of ended executions and of the sweep, on the default bus."""
LOG_POLICIES = 10
"""The maximum for an account and region, which cannot be raised.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
"""
OWN_LOG_POLICIES = 2
"""One for the bus and one for the gateway's health log."""
QUEUES = (UPLOADS, RECORDS)
RAISE = "Request a higher quota: Service Quotas, {service}, {quota}. It takes hours to days."


def vcpus(account: Account) -> Finding:
    """Check that both instances fit into the quota."""
    ec2, settings = account.client("ec2"), account.settings
    types = [settings.gateway_instance_type, settings.client_instance_type]
    found = ec2.describe_instance_types(InstanceTypes=sorted(set(types)))["InstanceTypes"]
    each = {one["InstanceType"]: one["VCpuInfo"]["DefaultVCpus"] for one in found}
    if missing := set(types) - each.keys():
        return red(f"unknown instance types: {', '.join(sorted(missing))}", "Choose others.")
    needed = sum(each[type_] for type_ in types)
    if _is_deployed(account):
        return green(f"the instances of {settings.environment_name} run already")
    used, quota = sum(_running(ec2)), _quota(account, "ec2", STANDARD_VCPUS)
    seen = f"{needed} needed, {used} running, {quota:g} allowed"
    if needed + used <= quota:
        return green(seen)
    return red(
        seen,
        RAISE.format(service="EC2", quota="Running On-Demand Standard instances")
        + " Or set gatewayInstanceType and clientInstanceType to smaller types, such as m5.xlarge"
        " and t3.large, which need 6 vCPUs.",
    )


def vpcs(account: Account) -> Finding:
    """Check that one more VPC fits into the quota."""
    if _is_deployed(account):
        return green(f"the VPC of {account.settings.environment_name} exists already")
    used = len(account.client("ec2").describe_vpcs()["Vpcs"])
    quota = _quota(account, "vpc", VPCS)
    seen = f"1 needed, {used} exist, {quota:g} allowed"
    return green(seen) if used < quota else red(seen, RAISE.format(service="VPC", quota="VPCs"))


def lambda_concurrency(account: Account) -> Finding:
    """Check that the account allows the functions' planned concurrency."""
    # The functions of a reconciliation run one after the other, except those that verify content.
    needed = sum(each.maximum_concurrency for each in QUEUES) + account.settings.verify_concurrency
    limits = account.client("lambda").get_account_settings()["AccountLimit"]
    allowed = limits["UnreservedConcurrentExecutions"]
    seen = f"{needed} needed, {allowed} unreserved of {limits['ConcurrentExecutions']}"
    if needed <= allowed:
        return green(seen)
    return red(seen, RAISE.format(service="Lambda", quota="Concurrent executions"))


def rules(account: Account) -> Finding:
    """Check that the default bus can have the stacks' rules, too."""
    events = account.client("events")
    used, token = 0, None
    while True:
        page = events.list_rules(**({"NextToken": token} if token else {}))
        used += len(page["Rules"])
        token = page.get("NextToken")
        if not token:
            break
    seen = f"{OWN_RULES} needed on the default bus, {used} exist, {RULES} allowed by default"
    if used + OWN_RULES <= RULES:
        return green(seen)
    return not_answered(seen, RAISE.format(service="EventBridge", quota="Rules"))


def log_policies(account: Account) -> Finding:
    """Check that the account can have the resource policies of the log groups."""
    prefix = account.settings.name_prefix
    answer = account.client("logs").describe_resource_policies()
    names = [each["policyName"] for each in answer["resourcePolicies"]]
    others = [name for name in names if not re.match(rf"{re.escape(prefix)}-", name)]
    seen = f"{OWN_LOG_POLICIES} needed, {len(others)} of others, {LOG_POLICIES} allowed"
    if len(others) + OWN_LOG_POLICIES <= LOG_POLICIES:
        return green(seen)
    return red(seen, "Merge some of them: this quota cannot be raised.")


def _quota(account: Account, service: str, code: str) -> float:
    quotas = account.client("service-quotas")
    answer = quotas.get_service_quota(ServiceCode=service, QuotaCode=code)
    return float(answer["Quota"]["Value"])


def _is_deployed(account: Account) -> bool:
    name = f"{account.settings.name_prefix}-gateway"
    filters = [
        {"Name": "tag:Name", "Values": [name]},
        {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]},
    ]
    return bool(account.client("ec2").describe_instances(Filters=filters)["Reservations"])


def _running(ec2: Any) -> Iterator[int]:
    """Yield the vCPUs of each running instance of a standard family."""
    filters = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
    for page in ec2.get_paginator("describe_instances").paginate(Filters=filters):
        for reservation in page["Reservations"]:
            for instance in reservation["Instances"]:
                if re.match(r"[acdhimrtz]\d", instance["InstanceType"]):
                    options = instance["CpuOptions"]
                    yield options["CoreCount"] * options["ThreadsPerCore"]
