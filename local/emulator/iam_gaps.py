"""Close gaps of the emulator's IAM.

- A rule on the default bus has no bus in its ARN
  (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html).
- A batch operation of SQS requires the permission for the operation on one message
  (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html).
- The emulator takes some operations of Lambda for others, and CreateEventSourceMapping lacks its
  condition key (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html).
- A public parameter of SSM has no account in its ARN
  (https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html).
- The resource of some requests is not found.
"""

from __future__ import annotations

import re
from typing import Any

BATCH = re.compile(r"(sqs:\w+)Batch")
PUBLIC_PARAMETER = re.compile(r"(arn:aws:ssm:[\w-]+:)\d{12}(?=:parameter/aws/service/)")
ARN_FIELDS = ("ResourceArn", "ResourceARN", "resourceArn")
NAME_FIELDS = {
    "AlarmNames.member.1": "arn:aws:cloudwatch:{region}:{account}:alarm:{name}",
    "ArchiveName": "arn:aws:events:{region}:{account}:archive/{name}",
    "DashboardName": "arn:aws:cloudwatch::{account}:dashboard/{name}",
    "DashboardNames.member.1": "arn:aws:cloudwatch::{account}:dashboard/{name}",
    "FunctionName": "arn:aws:lambda:{region}:{account}:function:{name}",
    "InstanceProfileName": "arn:aws:iam::{account}:instance-profile/{name}",
    "Path": "arn:aws:ssm:{region}:{account}:parameter{name}",
}
"""The fields with the name of a request's resource, and the resource's ARN."""
CREATE_MAPPING = "lambda:CreateEventSourceMapping"


def mend_iam(actions: Any, responses: Any) -> None:
    """Make the emulator's module *actions* require the permissions that AWS requires.

    Its module *responses* has the account and the region of the present request.
    """
    resource_of, action_of = actions.extract_resource_arn, actions.extract_iam_action
    context_of = actions.request_tag_context
    actions._BOTOCORE_SERVICE_MAP["lambda"] = ["lambda"]

    def extract_resource_arn(*request: Any) -> str:
        found = str(resource_of(*request))
        *question, region, account = request
        if found == "*" and action_of(*question) != CREATE_MAPPING:
            body, parameters = question[-2:]
            return _named(actions, body, parameters, region=region, account=account)
        return PUBLIC_PARAMETER.sub(r"\1", found).replace(":rule/default/", ":rule/")

    def extract_iam_action(service: str, method: str, path: str, *request: Any) -> str | None:
        action: str | None = action_of(service, method, path, *request)
        if service == "lambda" and action != "lambda:InvokeFunction":
            matched = actions._match_rest_action(service, method, path, request[-1])
            return f"lambda:{matched}" if matched else action
        return BATCH.sub(r"\1", action) if action else action

    def request_tag_context(service: str, action: str, body: bytes, parameters: Any) -> Any:
        context = context_of(service, action, body, parameters)
        if action != CREATE_MAPPING:
            return context
        where = {"region": responses.get_region(), "account": responses.get_account_id()}
        return {**context, "lambda:FunctionArn": _named(actions, body, parameters, **where)}

    actions.extract_resource_arn = extract_resource_arn
    actions.extract_iam_action = extract_iam_action
    actions.request_tag_context = request_tag_context


def _named(actions: Any, body: bytes, parameters: Any, **where: str) -> str:
    """Return the ARN of the resource that a request names, or ``*``."""
    if arn := actions._param(body, parameters, *ARN_FIELDS):
        return str(arn)
    for field, pattern in NAME_FIELDS.items():
        if name := actions._param(body, parameters, field):
            return str(name) if name.startswith("arn:") else pattern.format(name=name, **where)
    return "*"
