"""The rule for a gateway's upload events of one bucket, and their archive for a replay."""

from __future__ import annotations

import json

from cdktf_cdktf_provider_aws.cloudwatch_event_archive import CloudwatchEventArchive
from constructs import Construct

from stacks.constructs.arns import Arns
from stacks.constructs.dead_letters import DeadLetters
from stacks.constructs.event_route import EventRoute


class UploadRule(EventRoute):
    """The rule *object_uploaded* and, unless *archive_days* is 0, an archive of its events."""

    def __init__(
        self,
        scope: Construct,
        *,
        name: str,
        arns: Arns,
        bucket: str,
        archive_days: int,
        undelivered: DeadLetters,
    ) -> None:
        pattern = {
            "source": ["aws.storagegateway"],
            "detail-type": ["Storage Gateway Object Upload Event"],
            "detail": {"bucket-name": [bucket]},
        }
        super().__init__(
            scope, "object_uploaded", name=name, pattern=pattern, undelivered=undelivered
        )
        self.names = {"uploadRuleArn": self.arn}
        """The names that a replay needs."""
        if archive_days:
            archive = CloudwatchEventArchive(
                scope,
                "archive",
                name=name,
                event_source_arn=arns.event_bus("default"),
                event_pattern=json.dumps(pattern),
                retention_days=archive_days,
            )
            self.names["uploadArchiveArn"] = archive.arn
