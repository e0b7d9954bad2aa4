"""Derive from a synthesised stack which part calls which; a call is an arrow in the picture of the system.

An arrow has the requests that AWS authorises for it. A connection of an unknown kind raises an
error.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tests.synth.handler_calls import Call
from tests.synth.iam_evaluation import ASSUME, REDRIVE, Request
from tests.synth.spelled import Spelled
from tests.synth.template import Block, referred
from tools.diagrams.proven import WORDS

EVENTS = "events.amazonaws.com"
LOG_DELIVERY = "delivery.logs.amazonaws.com"
ANY_SOURCE = "*"
"""The source of a request for which AWS documents no source, so that every source must be allowed."""
INVOKE = "lambda:InvokeFunction"
SEND = "sqs:SendMessage"
PUBLISH = "sns:Publish"
ALARMS = "cloudwatch.amazonaws.com"
WRITE_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
BY_RULES = {
    "aws_lambda_function": INVOKE,
    "aws_sqs_queue": SEND,
    "aws_sns_topic": PUBLISH,
    "aws_sfn_state_machine": "states:StartExecution",
}
"""The action of EventBridge on a target of a type.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
"""
POLLS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
"""https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""
TRACES = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
"""https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html"""
SAMPLES = ("xray:GetSamplingRules", "xray:GetSamplingTargets")
"""https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html"""
FOLLOWS = ("Describe", "Stop")
"""https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html"""
DELIVERIES = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)
"""Step Functions sets up the delivery of its logs with the state machine's role.

https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy
"""
ACTIONS = {
    "batch_get_item": ("dynamodb:BatchGetItem",),
    "change_message_visibility_batch": ("sqs:ChangeMessageVisibility",),
    "get_item": ("dynamodb:GetItem",),
    "put_item": ("dynamodb:PutItem",),
    "update_item": ("dynamodb:UpdateItem",),
    "query": ("dynamodb:Query",),
    "describe_execution": ("states:DescribeExecution",),
    "invoke": (INVOKE,),
    "put_events": ("events:PutEvents",),
    "head_object": ("s3:GetObject",),
    "get_object": ("s3:GetObject",),
    "list_objects_v2": ("s3:ListBucket",),
    "put_object": ("s3:PutObject",),
    "send_message": ("sqs:SendMessage",),
    "start_execution": ("states:StartExecution",),
    "upload_fileobj": ("s3:PutObject", "s3:AbortMultipartUpload"),
}
"""The permission that a method of a boto3 client needs."""
PREFIXES = ("content", "receipts", "reports")
"""The first parts of the keys of the reports bucket."""
OF_A_VERSION = {"s3:GetObject": "s3:GetObjectVersion"}
"""The permission if the call names a version.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
"""


@dataclass(frozen=True, slots=True)
class Arrow:
    """A call from one part to another, and the requests that must be allowed for it."""

    source: str
    target: str
    requests: tuple[Request, ...]

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}: {' '.join(self.actions)}"

    @property
    def actions(self) -> list[str]:
        """Return the actions, without repetitions."""
        return list(dict.fromkeys(request.action for request in self.requests))


def arrows_of(stack: Spelled, calls: Iterable[Call]) -> list[Arrow]:
    """Return all arrows of a stack whose functions make these calls."""
    finder = _Finder(stack)
    arrows = [
        *finder.of_rules(),
        *finder.of_alarms(),
        *finder.of_queues(),
        *finder.of_functions(),
        *finder.of_calls(calls),
        *finder.of_state_machines(),
    ]
    return sorted(set(arrows), key=str)


def of_gateway_alarms(alarms: Mapping[str, Block], topic: str) -> Iterator[Arrow]:
    """Yield arrows from the alarms of FileShareStack to the ARN *topic* in EventProcessingStack."""
    for name, block in alarms.items():
        source = f"arn:aws:cloudwatch:REGION:ACCOUNT:alarm:{block['alarm_name']}"
        request = Request(ALARMS, PUBLISH, topic, source=source)
        alarm = f"aws_cloudwatch_metric_alarm.gateway_{name}"
        yield Arrow(alarm, "aws_sns_topic.notices", (request,))


def picture(arrows: Iterable[Arrow]) -> Iterator[str]:
    """Yield a line for each caller and, below it, a line for each part that it calls."""
    for source, led in itertools.groupby(arrows, key=lambda arrow: arrow.source):
        yield _short(source)
        yield from (f"  -> {_short(arrow.target)}: {' '.join(arrow.actions)}" for arrow in led)


class _Finder:
    def __init__(self, stack: Spelled) -> None:
        self._stack = stack
        self._addresses = stack.arns()
        self._arns = {address: arn for arn, address in self._addresses.items()}
        self._functions = {
            block["function_name"]: f"aws_lambda_function.{name}"
            for name, block in stack.of("aws_lambda_function").items()
        }

    def of_rules(self) -> Iterator[Arrow]:
        """Yield arrows from rules to their targets and dead-letter queues."""
        rules = {
            (block.get("event_bus_name"), block["name"]): f"aws_cloudwatch_event_rule.{name}"
            for name, block in self._stack.of("aws_cloudwatch_event_rule").items()
        }
        for block in self._stack.of("aws_cloudwatch_event_target").values():
            rule = rules[block.get("event_bus_name"), block["rule"]]
            target = self._addresses[block["arn"]]
            if target.startswith("aws_cloudwatch_log_group."):
                yield self._logged(rule, target)
            elif "role_arn" in block:
                yield self._assumed(EVENTS, rule, block["role_arn"])
                action = BY_RULES[_type(target)]
                yield self._arrow(rule, target, Request(block["role_arn"], action, block["arn"]))
            elif target.startswith("aws_sns_topic."):
                # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html
                request = Request(EVENTS, PUBLISH, block["arn"], source=ANY_SOURCE)
                yield self._arrow(rule, target, request)
            else:
                yield self._by_service(EVENTS, rule, target, BY_RULES[_type(target)])
            if kept := block.get("dead_letter_config"):
                yield self._by_service(EVENTS, rule, self._addresses[kept["arn"]], SEND)

    def of_alarms(self) -> Iterator[Arrow]:
        """Yield arrows from alarms to the topics that they notify, if these are in the stack."""
        for name, block in self._stack.of("aws_cloudwatch_metric_alarm").items():
            for topic in block.get("alarm_actions", []):
                if topic in self._addresses:
                    alarm = f"aws_cloudwatch_metric_alarm.{name}"
                    yield self._by_service(ALARMS, alarm, self._addresses[topic], PUBLISH)

    def of_queues(self) -> Iterator[Arrow]:
        """Yield arrows from queues to their dead-letter queues and to the functions that consume them."""
        for name, block in self._stack.of("aws_sqs_queue").items():
            if "redrive_policy" in block:
                dead = self._addresses[json.loads(block["redrive_policy"])["deadLetterTargetArn"]]
                yield self._by_service("sqs.amazonaws.com", f"aws_sqs_queue.{name}", dead, REDRIVE)
        for block in self._stack.of("aws_lambda_event_source_mapping").values():
            function = self._functions[block["function_name"]]
            queue = block["event_source_arn"]
            yield self._by_role(function, self._addresses[queue], POLLS, queue)

    def of_functions(self) -> Iterator[Arrow]:
        """Yield arrows from functions to role, logs, traces and failure destination."""
        for name, block in self._stack.of("aws_lambda_function").items():
            function = f"aws_lambda_function.{name}"
            # AWS does not document which source Lambda sends, or whether it sends one.
            request = Request("lambda.amazonaws.com", ASSUME, block["role"], source=ANY_SOURCE)
            yield self._arrow(function, self._addresses[block["role"]], request)
            logs = f"arn:aws:logs:REGION:ACCOUNT:log-group:/aws/lambda/{block['function_name']}"
            stream = f"{logs}:log-stream:one"
            yield self._by_role(function, self._addresses[logs], WRITE_LOGS, stream)
            if block["tracing_config"]["mode"] == "Active":
                yield self._by_role(function, "aws_xray.traces", TRACES, "*")
        for block in self._stack.of("aws_lambda_function_event_invoke_config").values():
            queue = block["destination_config"]["on_failure"]["destination"]
            function = self._functions[block["function_name"]]
            yield self._by_role(function, self._addresses[queue], (SEND,), queue)

    def of_calls(self, calls: Iterable[Call]) -> Iterator[Arrow]:
        """Yield arrows from functions to the services that their code calls; equal calls are one arrow."""
        found: dict[tuple[str, str], dict[Request, None]] = {}
        for call in calls:
            function = f"aws_lambda_function.{call.function}"
            for resource in self._named(call):
                arn, _, key = (
                    resource.partition("/")
                    if call.service in {"s3", "folders"}
                    else (resource, "", "")
                )
                target = self._addresses[_owner(arn)]
                requests = found.setdefault((function, target), {})
                on = f"{arn}/{_representative(key)}" if key else arn
                for action in _needed(call):
                    requests[Request(self._role_of(function), action, on)] = None
        for (function, target), requests in found.items():
            yield self._arrow(function, target, *sorted(requests))

    def of_state_machines(self) -> Iterator[Arrow]:
        """Yield arrows from state machines to role, logs, traces and the functions of their tasks."""
        for name, block in self._stack.of("aws_sfn_state_machine").items():
            machine = f"aws_sfn_state_machine.{name}"
            yield self._assumed("states.amazonaws.com", machine, block["role_arn"])
            if _starts_itself(json.loads(block["definition"])):
                yield self._mapped(machine, block["role_arn"])
            for function in _invoked(json.loads(block["definition"])):
                target = self._addresses[function]
                yield self._arrow(machine, target, Request(block["role_arn"], INVOKE, function))
            logs = block["logging_configuration"]["log_destination"].removesuffix(":*")
            reached: dict[str, tuple[str, ...]] = {self._addresses[logs]: DELIVERIES}
            if block["tracing_configuration"]["enabled"]:
                reached["aws_xray.traces"] = (*TRACES, *SAMPLES)
            for target, actions in reached.items():
                requests = (Request(block["role_arn"], each, "*") for each in actions)
                yield self._arrow(machine, target, *requests)

    def _mapped(self, machine: str, role: str) -> Arrow:
        """A Distributed Map runs each item as an execution of its state machine."""
        arn = self._arns[machine]
        execution = f"{arn.replace(':stateMachine:', ':execution:')}:one"
        followed = (Request(role, f"states:{each}Execution", execution) for each in FOLLOWS)
        return self._arrow(machine, machine, Request(role, "states:StartExecution", arn), *followed)

    def _named(self, call: Call) -> Iterator[str]:
        """Yield the ARN of each resource in a call."""
        if call.service == "events":
            for entry in call.parameters["Entries"]:
                yield f"arn:aws:events:REGION:ACCOUNT:event-bus/{entry['EventBusName']}"
        elif call.service == "sqs":
            yield self._arns[referred(call.parameters["QueueUrl"])]
        elif call.method == "batch_get_item":
            for table in call.parameters["RequestItems"]:
                yield f"arn:aws:dynamodb:REGION:ACCOUNT:table/{table}"
        elif call.service == "states":
            execution = call.parameters.get("executionArn", "").rpartition(":")[0]
            yield f"{execution}:one" if execution else call.parameters["stateMachineArn"]
        elif call.service == "lambda_":
            name = call.parameters["FunctionName"]
            yield f"arn:aws:lambda:REGION:ACCOUNT:function:{name}"
        elif "IndexName" in call.parameters:
            table, index = call.parameters["TableName"], call.parameters["IndexName"]
            yield f"arn:aws:dynamodb:REGION:ACCOUNT:table/{table}/index/{index}"
        elif call.service == "dynamodb":
            yield f"arn:aws:dynamodb:REGION:ACCOUNT:table/{call.parameters['TableName']}"
        else:
            key = f"/{call.parameters['Key']}" if "Key" in call.parameters else ""
            yield f"arn:aws:s3:::{call.parameters['Bucket']}{key}"

    def _logged(self, rule: str, group: str) -> Arrow:
        """EventBridge sends no source when it writes to a log group.

        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-cloudwatchlogs-permissions
        """
        stream = f"{self._arns[group]}:log-stream:one"
        requests = [
            Request(service, action, stream, source=ANY_SOURCE)
            for action in WRITE_LOGS
            for service in (EVENTS, LOG_DELIVERY)
        ]
        return self._arrow(rule, group, *requests)

    def _assumed(self, service: str, source: str, role: str) -> Arrow:
        request = Request(service, ASSUME, role, source=self._arns[source])
        return self._arrow(source, self._addresses[role], request)

    def _by_service(self, service: str, source: str, target: str, action: str) -> Arrow:
        request = Request(service, action, self._arns[target], source=self._arns[source])
        return self._arrow(source, target, request)

    def _by_role(self, function: str, target: str, actions: Iterable[str], resource: str) -> Arrow:
        role = self._role_of(function)
        return self._arrow(function, target, *(Request(role, each, resource) for each in actions))

    def _role_of(self, function: str) -> str:
        block: Block = self._stack.of("aws_lambda_function")[function.partition(".")[2]]
        role: str = block["role"]
        return role

    def _arrow(self, source: str, target: str, *requests: Request) -> Arrow:
        return Arrow(source, target, requests)


def _needed(call: Call) -> Iterable[str]:
    actions = ACTIONS[call.method]
    return [OF_A_VERSION[each] for each in actions] if "VersionId" in call.parameters else actions


def _owner(arn: str) -> str:
    """Return the ARN of the stack's resource: the machine of an execution, the table of an index."""
    if ":execution:" in arn:
        return arn.replace(":execution:", ":stateMachine:").rpartition(":")[0]
    return arn.partition("/index/")[0]


def _representative(key: str) -> str:
    """Return one key for a group of similar keys: of one prefix, manifests, or other objects."""
    top = key.partition("/")[0]
    if top in PREFIXES:
        return f"{top}/folder/one"
    return "folder/one.manifest" if key.endswith(".manifest") else "folder/one"


def _invoked(definition: Block) -> Iterator[str]:
    """Yield the function of each task, those of a map included."""
    for name, state in definition["States"].items():
        assert state["Type"] != "Parallel", f"{name} has states of its own"
        if state["Type"] == "Map":
            yield from _invoked(state["ItemProcessor"])
        if state["Type"] == "Task":
            assert state["Resource"] == "arn:aws:states:::lambda:invoke", name
            yield state["Parameters"]["FunctionName"]


def _starts_itself(definition: Block) -> bool:
    return any(
        state["Type"] == "Map"
        and state["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED"
        for state in definition["States"].values()
    )


def _type(address: str) -> str:
    return address.partition(".")[0]


def _short(address: str) -> str:
    type_, _, name = address.partition(".")
    return f"{WORDS[type_]} {name}"
