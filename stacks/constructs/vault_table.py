"""A DynamoDB table: on demand, encrypted, recoverable, with rows that expire."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.dynamodb_table import (
    DynamodbTable,
    DynamodbTableAttribute,
    DynamodbTableGlobalSecondaryIndex,
    DynamodbTablePointInTimeRecovery,
    DynamodbTableServerSideEncryption,
    DynamodbTableTtl,
)
from constructs import Construct

from stacks.constructs.check_skips import skip_check
from stacks.constructs.protection import protected

EXPIRES_AT = "expiresAt"
DUE_ATTRIBUTES = (
    DynamodbTableAttribute(name="due", type="S"),
    DynamodbTableAttribute(name="dueAt", type="N"),
)
DUE_INDEX = DynamodbTableGlobalSecondaryIndex(
    name="due", hash_key="due", range_key="dueAt", projection_type="KEYS_ONLY"
)


class VaultTable(Construct):
    """A table whose keys are strings. ``expiresAt`` (Unix seconds) is the expiry time of a row."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        partition_key: str,
        sort_key: str | None = None,
        due_index: bool = False,
        deletable: bool,
        prevent_destroy: bool = False,
    ) -> None:
        """Define the table; if *deletable*, it is destroyed with the stack.

        If *due_index*, the index *due* contains the rows with ``due`` and ``dueAt``, sorted by
        ``dueAt``.
        """
        super().__init__(scope, id_)
        keys = [key for key in (partition_key, sort_key) if key]
        table = DynamodbTable(
            self,
            "Resource",
            name=name,
            billing_mode="PAY_PER_REQUEST",
            hash_key=partition_key,
            range_key=sort_key,
            attribute=[
                *(DynamodbTableAttribute(name=key, type="S") for key in keys),
                *(DUE_ATTRIBUTES if due_index else ()),
            ],
            global_secondary_index=[DUE_INDEX] if due_index else None,
            ttl=DynamodbTableTtl(attribute_name=EXPIRES_AT, enabled=True),
            point_in_time_recovery=DynamodbTablePointInTimeRecovery(enabled=True),
            server_side_encryption=DynamodbTableServerSideEncryption(enabled=True),
            deletion_protection_enabled=not deletable,
            lifecycle=protected(prevent_destroy),
        )
        skip_check(
            table,
            "CKV_AWS_119",
            "AWS's key for DynamoDB encrypts it; a customer managed key costs a dollar a month and"
            " more for its requests, and stops nobody whom IAM allows",
        )
        self.name = table.name
        self.arn = table.arn
