"""Generate the requests that principals could send to a stack, and select those that its policies allow.

The principals are each role of the stack, a stranger of another account, and each service with
several sources: the source of each arrow, one with a similar name, the same in another account, and
none. Each requests the actions of all arrows, on every resource of the service and on one with a
similar name, and some actions that no arrow needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tests.synth.arrows import ANY_SOURCE, Arrow
from tests.synth.iam_evaluation import Policies, Request, Statement, decide
from tests.synth.spelled import Spelled

ADMINISTRATOR = "arn:aws:iam::ACCOUNT:role/administrator"
STRANGER = "arn:aws:iam::STRANGER:role/administrator"
OTHER_SERVICE = "s3.amazonaws.com"
NOBODYS = {
    "dynamodb": ("dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:Scan"),
    "events": ("events:DeleteRule", "events:PutTargets"),
    "lambda": ("lambda:InvokeAsync", "lambda:UpdateFunctionCode"),
    "logs": ("logs:DeleteLogGroup", "logs:FilterLogEvents"),
    "s3": ("s3:DeleteObject", "s3:GetObjectTagging", "s3:PutBucketPolicy"),
    "sns": ("sns:DeleteTopic", "sns:SetTopicAttributes"),
    "sqs": ("sqs:PurgeQueue", "sqs:SetQueueAttributes"),
    "states": ("states:DeleteStateMachine", "states:UpdateStateMachine"),
    "sts": ("sts:TagSession",),
    "xray": ("xray:GetTraceSummaries",),
}
"""Actions that no arrow needs, to detect patterns that are too wide."""


@dataclass(frozen=True, slots=True)
class Universe:
    """The principals and the requests."""

    targets: frozenset[tuple[str, str]]
    """Actions and resources."""
    buckets: frozenset[str]
    """Buckets whose policies refuse requests without TLS."""
    roles: frozenset[str]
    services: frozenset[str]
    sources: frozenset[str]

    def allowed_by(self, policies: Policies) -> frozenset[Request]:
        """Return all requests that the policies allow."""
        return frozenset(
            request
            for target in self.targets
            for about in (_with_administrator(policies.about(*target)),)
            for request in self._asked(target, about)
            if decide(about, request)
        )

    def distinguishes(self, one: Policies, other: Policies) -> bool:
        """Return whether one of two sets of policies allows a request that the other refuses."""
        differing = set(one.statements) ^ set(other.statements)
        for target in self.targets:
            if any(statement.is_about(*target) for statement in differing):
                by_one = _with_administrator(one.about(*target))
                by_other = _with_administrator(other.about(*target))
                for request in self._asked(target, by_one + by_other):
                    if decide(by_one, request) != decide(by_other, request):
                        return True
        return False

    def spread(self, arrows: Iterable[Arrow]) -> frozenset[Request]:
        """Return the arrows' requests; one with ANY_SOURCE is repeated for every source."""
        return frozenset(
            replace(request, source=source)
            for arrow in arrows
            for request in arrow.requests
            for source in (self.sources if request.source == ANY_SOURCE else {request.source})
        )

    def _asked(self, target: tuple[str, str], about: Iterable[Statement]) -> Iterator[Request]:
        """Yield a target's requests, except those of services that no statement names.

        An administrator only sends requests without TLS, since with TLS all are allowed.
        """
        for role in self.roles:
            yield Request(role, *target)
        if target[1].partition("/")[0] in self.buckets:
            for role in {*self.roles, ADMINISTRATOR}:
                yield Request(role, *target, tls=False)
        named = {name for statement in about for _, name in statement.principals or ()}
        for service in self.services if "*" in named else self.services & named:
            for source in self.sources:
                yield Request(service, *target, source=source)


def universe_of(stack: Spelled, arrows: Iterable[Arrow]) -> Universe:
    """Return the principals, and the actions on the resources of the arrows.

    An action that no arrow uses with a resource has the resource ``*``.
    """
    needed = [request for arrow in arrows for request in arrow.requests]
    named = {request.action for request in needed if request.resource != "*"}
    on_nothing = {request.action for request in needed} - named
    actions: dict[str, set[str]] = {}
    resources: dict[str, set[str]] = {}
    for request in needed:
        service = request.action.partition(":")[0]
        actions.setdefault(service, set(NOBODYS[service])).add(request.action)
        resources.setdefault(service, set()).update(_around(request.resource))
    sources = {request.source for request in needed} - {"", ANY_SOURCE}
    elsewhere = {source.replace("ACCOUNT", "STRANGER") for source in sources}
    return Universe(
        targets=frozenset(
            (action, resource)
            for service in actions
            for action in actions[service]
            for resource in ({"*"} if action in on_nothing else resources[service])
        ),
        buckets=frozenset(stack.arns("aws_s3_bucket")),
        roles=frozenset({*stack.arns("aws_iam_role"), STRANGER}),
        services=frozenset(
            {request.principal for request in needed if not request.principal.startswith("arn:")}
            | {OTHER_SERVICE}
        ),
        sources=frozenset({"", *sources, *elsewhere, *map(similar, sources)}),
    )


def similar(arn: str) -> str:
    """Return an ARN whose name has the other name as a prefix."""
    if ":execution:" in arn:
        machine, _, execution = arn.rpartition(":")
        return f"{machine}-2:{execution}"
    name, stream, rest = arn.partition(":log-stream:")
    return f"{name}-2{stream}{rest}"


def _with_administrator(about: list[Statement]) -> list[Statement]:
    return [*about, Statement(ADMINISTRATOR, True, ("*",), ("*",))]


def _around(resource: str) -> Iterator[str]:
    """Yield a resource and its neighbours: a similar name, a bucket, another kind of object."""
    yield resource
    if not resource.startswith("arn:aws:s3:::"):
        yield from () if resource == "*" else (similar(resource),)
        return
    bucket, slash, key = resource.partition("/")
    yield from (bucket, similar(bucket), f"{similar(bucket)}{slash}{key}")
    if key.count("/") > 1:  # an object below one of the bucket's prefixes
        yield f"{bucket}/{key.replace('/', '-2/', 1)}"
    if key.endswith(".manifest"):
        yield resource.removesuffix(".manifest")
