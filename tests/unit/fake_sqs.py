"""SQS, as far as the handlers call it: what was sent, and how long a message was hidden."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import botocore.session
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

ENTRIES_A_CALL = 10
MAX_VISIBILITY_SECONDS = 43_200
MAX_MESSAGE_BYTES = 256 * 1024
SQS = botocore.session.get_session().get_service_model("sqs")


@dataclass
class FakeSqs:
    """Takes messages, but for those calls that it is told to fail."""

    sent: list[Mapping[str, Any]] = field(default_factory=list)
    hidden: dict[str, int] = field(default_factory=dict)
    """Seconds by receipt handle."""
    fails: Callable[[str], Exception | None] = lambda operation: None
    refuses: Callable[[str], bool] = lambda receipt_handle: False

    def send_message(self, **parameters: Any) -> dict[str, Any]:
        """Keep a message; its attributes count towards its size."""
        self._begin("SendMessage", parameters)
        attributes = parameters["MessageAttributes"]
        texts = [text for name, value in attributes.items() for text in (name, *value.values())]
        assert all(texts), "SQS refuses an attribute without a value"
        size_bytes = sum(len(text.encode()) for text in (parameters["MessageBody"], *texts))
        if size_bytes > MAX_MESSAGE_BYTES:
            details: Any = {"Error": {"Code": "InvalidParameterValue", "Message": "too long"}}
            raise ClientError(details, "SendMessage")
        self.sent.append(parameters)
        return {"MessageId": f"sent-{len(self.sent)}"}

    def change_message_visibility_batch(self, **parameters: Any) -> dict[str, Any]:
        """Answer 200 even when entries are refused, as SQS does."""
        self._begin("ChangeMessageVisibilityBatch", parameters)
        entries = parameters["Entries"]
        assert 0 < len(entries) <= ENTRIES_A_CALL
        assert len({entry["Id"] for entry in entries}) == len(entries)
        failed = []
        for entry in entries:
            if self.refuses(entry["ReceiptHandle"]):
                failed.append({"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"})
            else:
                assert 0 <= entry["VisibilityTimeout"] <= MAX_VISIBILITY_SECONDS
                self.hidden[entry["ReceiptHandle"]] = entry["VisibilityTimeout"]
        return {"Successful": [], "Failed": failed}

    def _begin(self, operation: str, parameters: Mapping[str, Any]) -> None:
        shape: Any = SQS.operation_model(operation).input_shape
        report = ParamValidator().validate(dict(parameters), shape)
        assert not report.has_errors(), report.generate_report()
        if error := self.fails(operation):
            raise error
