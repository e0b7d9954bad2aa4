"""The types of ours that keep data: one list for the tests of units and of stacks."""

STATEFUL = {
    "aws_dynamodb_table",
    "aws_ebs_volume",
    "aws_instance",
    "aws_s3_bucket",
    "aws_sqs_queue",
    "aws_storagegateway_cache",
    "aws_storagegateway_nfs_file_share",
}
"""The types of resources that keep data; a gateway keeps files that it has not uploaded yet."""
