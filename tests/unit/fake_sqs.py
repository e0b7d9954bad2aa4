"""A fake of SQS with the operations that the handlers call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.unit.refusals import check


@dataclass
class FakeSqs:
    """Accepts messages, except in calls that the test makes fail."""

    sent: list[Mapping[str, Any]] = field(default_factory=list)
    hidden: dict[str, int] = field(default_factory=dict)
    """Visibility timeouts in seconds, by receipt handle."""
    fails: Callable[[str], Exception | None] = lambda operation: None
    refuses: Callable[[str], bool] = lambda receipt_handle: False

    def send_message(self, **parameters: Any) -> dict[str, Any]:
        """Store a message."""
        self._begin("SendMessage", parameters)
        self.sent.append(parameters)
        return {"MessageId": f"sent-{len(self.sent)}"}

    def change_message_visibility_batch(self, **parameters: Any) -> dict[str, Any]:
        """Return 200 even if entries are refused, like SQS."""
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
