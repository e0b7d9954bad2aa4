"""The format of Terraform's attribute ``arn`` for each type; for a log group it has no ``:*``.

https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

ARNS = {
    "aws_cloudwatch_event_archive": "arn:aws:events:{region}:{account}:archive/{name}",
    "aws_cloudwatch_event_bus": "arn:aws:events:{region}:{account}:event-bus/{name}",
    "aws_cloudwatch_event_rule": "arn:aws:events:{region}:{account}:rule/{bus}{name}",
    "aws_cloudwatch_metric_alarm": "arn:aws:cloudwatch:{region}:{account}:alarm:{alarm_name}",
    "aws_cloudwatch_log_group": "arn:aws:logs:{region}:{account}:log-group:{name}",
    "aws_dynamodb_table": "arn:aws:dynamodb:{region}:{account}:table/{name}",
    "aws_iam_role": "arn:aws:iam::{account}:role/{name}",
    "aws_lambda_function": "arn:aws:lambda:{region}:{account}:function:{function_name}",
    "aws_s3_bucket": "arn:aws:s3:::{bucket}",
    "aws_sfn_state_machine": "arn:aws:states:{region}:{account}:stateMachine:{name}",
    "aws_sns_topic": "arn:aws:sns:{region}:{account}:{name}",
    "aws_sqs_queue": "arn:aws:sqs:{region}:{account}:{name}",
    "aws_ssm_parameter": "arn:aws:ssm:{region}:{account}:parameter/{name_below_root}",
}
"""Formats with the arguments that name the resource; ``bus`` is empty or ends with a slash."""

UNNAMED_ARNS = {
    "aws_storagegateway_nfs_file_share": "arn:aws:storagegateway:{region}:{account}:share/{id}",
}
"""Formats with values that only AWS knows."""
