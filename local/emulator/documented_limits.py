"""Limits that AWS documents but that the models of its services do not have.

If AWS has raised a limit recently (payloads of SQS, EventBridge and asynchronous Lambda invocations
were 256 KiB), the lower one applies here: not every Region and queue has the new one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Parameters = Mapping[str, Any]
Measure = Callable[[Parameters], Iterator[int]]

KIB = 1024
PAYLOAD_BYTES = 256 * KIB
ITEM_BYTES = 400 * KIB
KEY_BYTES = {"setId": 2048, "id": 2048, "objectKey": 1024}
"""The keys of this application's tables, and the sizes that DynamoDB accepts for them."""
SQS_CHARACTERS = re.compile("[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")


@dataclass(frozen=True, slots=True)
class Limit:
    """The greatest value of each number that *measure* yields for the parameters of a request."""

    service: str
    operations: str
    """A regular expression."""
    name: str
    measure: Measure
    most: int
    code: str = "ValidationException"


def size_bytes(value: Any) -> int:
    """Return the size of a text, of bytes, or of all texts within a structure."""
    match value:
        case str():
            return len(value.encode(errors="surrogatepass"))
        case bytes() | bytearray():
            return len(value)
        case Mapping():
            return sum(size_bytes(name) + size_bytes(inner) for name, inner in value.items())
        case Sequence():
            return sum(map(size_bytes, value))
    return len(str(value))


def attribute_maps(value: Any, *names: str) -> Iterator[Parameters]:
    """Yield each map of attributes with one of *names*, also in batches."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name in names:
                yield inner
            else:
                yield from attribute_maps(inner, *names)
    elif isinstance(value, list):
        for inner in value:
            yield from attribute_maps(inner, *names)


def _bytes_of(*names: str) -> Measure:
    return lambda given: (size_bytes(given[name]) for name in names if name in given)


def _number(name: str) -> Measure:
    return lambda given: iter([given[name]] if name in given else [])


def _expressions(given: Parameters) -> Iterator[int]:
    return (size_bytes(given[name]) for name in given if name.endswith("Expression"))


def _items(given: Parameters) -> Iterator[int]:
    """Yield the size of each item; a number counts as its digits, slightly too much."""
    for item in attribute_maps(given, "Item"):
        yield sum(
            size_bytes(name) + sum(map(size_bytes, value.values())) for name, value in item.items()
        )


def _requested_items(given: Parameters) -> Iterator[int]:
    yield sum(map(len, given["RequestItems"].values()))


def _repeated_rows(given: Parameters) -> Iterator[int]:
    """Yield the number of items with the key of another item."""
    items = [str(sorted(item.items())) for item in _keys(given)]
    yield len(items) - len(set(items))


def _keys(given: Parameters) -> Iterator[Parameters]:
    for attributes in attribute_maps(given, "Item", "Key"):
        yield {name: attributes[name] for name in KEY_BYTES if name in attributes}


def _deleted(given: Parameters) -> Iterator[int]:
    yield len(given["Delete"]["Objects"])


def _events(given: Parameters) -> Iterator[int]:
    counted = ("Source", "DetailType", "Detail", "Resources")
    yield sum(size_bytes(entry.get(name, "")) for entry in given["Entries"] for name in counted)


def _batch(given: Parameters) -> Iterator[int]:
    yield len(given["Entries"])


def _repeated_ids(given: Parameters) -> Iterator[int]:
    ids = [entry["Id"] for entry in given["Entries"]]
    yield len(ids) - len(set(ids))


def _messages(given: Parameters) -> Iterator[int]:
    entries = given.get("Entries", [given])
    yield sum(
        size_bytes([each["MessageBody"], each.get("MessageAttributes", {})]) for each in entries
    )


def _unsent_characters(given: Parameters) -> Iterator[int]:
    entries = given.get("Entries", [given])
    yield sum(not SQS_CHARACTERS.fullmatch(each["MessageBody"]) for each in entries)


def _hidden_seconds(given: Parameters) -> Iterator[int]:
    entries = given.get("Entries", [given])
    return (each["VisibilityTimeout"] for each in entries if "VisibilityTimeout" in each)


def _empty_attributes(given: Parameters) -> Iterator[int]:
    for entry in given.get("Entries", [given]):
        attributes = entry.get("MessageAttributes", {})
        yield sum(each.get("StringValue") == "" for each in attributes.values())


def _attributes(given: Parameters) -> Iterator[int]:
    return (len(each.get("MessageAttributes", {})) for each in given.get("Entries", [given]))


def _parameter(tier: str) -> Measure:
    def measure(given: Parameters) -> Iterator[int]:
        if given.get("Tier", "Standard") == tier:
            yield size_bytes(given["Value"])

    return measure


def _payload(invocation: str) -> Measure:
    def measure(given: Parameters) -> Iterator[int]:
        if given.get("InvocationType", "RequestResponse") == invocation:
            yield size_bytes(given.get("Payload", b""))

    return measure


SQS_SENDS = "SendMessage|SendMessageBatch"

LIMITS = (
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
    Limit(
        "s3", ".*", "key's bytes", _bytes_of("Key", "Prefix", "StartAfter"), 1024, "KeyTooLongError"
    ),
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
    Limit("s3", "DeleteObjects", "objects", _deleted, 1000, "MalformedXML"),
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
    Limit("dynamodb", ".*", "item's bytes", _items, ITEM_BYTES),
    Limit("dynamodb", ".*", "expression's bytes", _expressions, 4 * KIB),
    Limit("dynamodb", "BatchWriteItem", "items", _requested_items, 25),
    Limit("dynamodb", "BatchWriteItem", "repeated keys", _repeated_rows, 0),
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
    Limit("events", "PutEvents", "bytes", _events, PAYLOAD_BYTES),
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
    Limit("sqs", ".*Batch", "entries", _batch, 10, "TooManyEntriesInBatchRequest"),
    Limit("sqs", ".*Batch", "repeated ids", _repeated_ids, 0, "BatchEntryIdsNotDistinct"),
    Limit("sqs", SQS_SENDS, "bytes", _messages, PAYLOAD_BYTES, "InvalidParameterValue"),
    Limit("sqs", SQS_SENDS, "attributes", _attributes, 10, "InvalidParameterValue"),
    Limit(
        "sqs",
        SQS_SENDS,
        "bodies of other characters",
        _unsent_characters,
        0,
        "InvalidMessageContents",
    ),
    Limit("sqs", SQS_SENDS, "empty attributes", _empty_attributes, 0, "InvalidParameterValue"),
    Limit("sqs", "Change.*", "seconds", _hidden_seconds, 43_200, "InvalidParameterValue"),
    Limit("sqs", "ReceiveMessage", "messages", _number("MaxNumberOfMessages"), 10),
    Limit("sqs", "SendMessage", "seconds", _number("DelaySeconds"), 900, "InvalidParameterValue"),
    # https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
    Limit("ssm", "PutParameter", "value's bytes", _parameter("Standard"), 4 * KIB),
    Limit("ssm", "PutParameter", "value's bytes", _parameter("Advanced"), 8 * KIB),
    # https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
    Limit("stepfunctions", "StartExecution", "input's bytes", _bytes_of("input"), PAYLOAD_BYTES),
    # https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
    Limit("sns", "Publish", "message's bytes", _bytes_of("Message"), PAYLOAD_BYTES),
    Limit("sns", "Publish", "subject's bytes", _bytes_of("Subject"), 100),
    # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    Limit("lambda", "Invoke", "payload's bytes", _payload("Event"), PAYLOAD_BYTES),
    Limit("lambda", "Invoke", "payload's bytes", _payload("RequestResponse"), 6 * KIB * KIB),
)
