"""SQS, as far as the handlers call it: what was sent, and how long a message was hidden."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.unit.refusals import check


@dataclass
class FakeSqs:
    """Takes messages, but for those calls that it is told to fail."""

    sent: list[Mapping[str, Any]] = field(default_factory=list)
    hidden: dict[str, int] = field(default_factory=dict)
    """Seconds by receipt handle."""
    fails: Callable[[str], Exception | None] = lambda operation: None
    refuses: Callable[[str], bool] = lambda receipt_handle: False

    def send_message(self, **parameters: Any) -> dict[str, Any]:
        """Keep a message."""
        self._begin("SendMessage", parameters)
        self.sent.append(parameters)
        return {"MessageId": f"sent-{len(self.sent)}"}

    def change_message_visibility_batch(self, **parameters: Any) -> dict[str, Any]:
        """Answer 200 even when entries are refused, as SQS does."""
        self._begin("ChangeMessageVisibilityBatch", parameters)
        failed = []
        for entry in parameters["Entries"]:
            if self.refuses(entry["ReceiptHandle"]):
                failed.append({"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"})
            else:
                self.hidden[entry["ReceiptHandle"]] = entry["VisibilityTimeout"]
        return {"Successful": [], "Failed": failed}

    def _begin(self, operation: str, parameters: Mapping[str, Any]) -> None:
        check("sqs", operation, parameters)
        if error := self.fails(operation):
            raise error
