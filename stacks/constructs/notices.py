"""The stack's SNS topic: outcomes, overdue manifests and alarms for its subscribers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cdktf import Annotations, TerraformStack
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm
from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import DataAwsIamPolicyDocument
from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
from cdktf_cdktf_provider_aws.sns_topic_policy import SnsTopicPolicy
from cdktf_cdktf_provider_aws.sns_topic_subscription import SnsTopicSubscription
from constructs import Construct

from stacks.constructs.arns import Arns
from stacks.constructs.check_skips import skip_check
from stacks.constructs.event_route import EventRoute
from stacks.constructs.iam import Allow, by_service

PATHS = {"sentence": "$.detail.notice.sentence", "command": "$.detail.notice.command"}
"""The paths of an event's sentence and command; both are safe between quotation marks."""


class Notices(Construct):
    """A topic to which rules and alarms publish, with e-mail subscriptions."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        arns: Arns,
        environment: str,
        emails: Sequence[str],
        alarm_topic_arn: str | None,
        needed: bool,
    ) -> None:
        """Define the topic; alarms publish to *alarm_topic_arn* instead, if it is given.

        If notices are *needed* and nobody receives them, the synthesis adds a warning.
        """
        super().__init__(scope, id_)
        if needed and not emails and alarm_topic_arn is None:
            Annotations.of(TerraformStack.of(self)).add_warning(
                "preventDestroy is true, so the data matters, and nobody is notified of a failure:"
                " set notifyEmails or alarmTopicArn"
            )
        topic = SnsTopic(self, "Resource", name=name)
        skip_check(
            topic,
            "CKV_AWS_26",
            "AWS's key for SNS lets neither CloudWatch nor EventBridge publish; one of ours costs a"
            " dollar a month, and a notice holds names and counts that its e-mails show anyway",
        )
        self.arn = topic.arn
        self._arns = arns
        self._environment = environment
        self.alarm_topic_arn = alarm_topic_arn or topic.arn
        self._alarms_publish_here = alarm_topic_arn is None
        for number, email in enumerate(emails):
            # https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
            SnsTopicSubscription(
                self, f"email_{number}", topic_arn=topic.arn, protocol="email", endpoint=email
            )

    def publish(self, routes: Mapping[str, EventRoute], *, other_alarms: Iterable[str]) -> None:
        """Send a sentence for each event of *routes*, whose keys are the sentence's first words.

        Every alarm of the stack may publish to the topic, and those of other stacks whose names are
        *other_alarms*.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
        """
        # EventBridge does not support conditions in a topic's policy: with one, no event arrives.
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html
        sources: dict[str, tuple[str, list[str]]] = {"events.amazonaws.com": ("PublishEvents", [])}
        if self._alarms_publish_here:
            names = [
                str(each.alarm_name_input)
                for each in TerraformStack.of(self).node.find_all()
                if isinstance(each, CloudwatchMetricAlarm)
            ]
            # ARNs from names: a changed alarm must not make the policy unknown in a plan.
            alarms = [self._arns.alarm(name) for name in (*names, *other_alarms)]
            sources["cloudwatch.amazonaws.com"] = ("PublishAlarms", alarms)
        policy = DataAwsIamPolicyDocument(
            self,
            "may_publish",
            statement=[
                by_service(service, Allow(sid, ["sns:Publish"], [self.arn]), source_arns=arns)
                for service, (sid, arns) in sources.items()
            ],
        )
        SnsTopicPolicy(self, "policy", arn=self.arn, policy=policy.json)
        for heading, route in routes.items():
            text = (
                f"{heading} in {self._environment}: <sentence>"
                f" Next: sgvault <command> --env {self._environment}"
            )
            route.to_topic(self.arn, template=f'"{text}"', paths=PATHS)
