"""Close gaps in the emulator's EC2, which ignores some parameters.

Terraform reads all values back, and would replace an instance if its subnet is missing.

- RunInstances ignores parameters below ``NetworkInterface.1``, the options of the metadata service
  and the encryption of the root volume, and gives each instance a public address.
- CreateVpcEndpoint ignores policy, private DNS and security groups, and creates no DNS names.
- AuthorizeSecurityGroupEgress ignores the tags of the rule.
- A request that is repeated with its ``ClientToken`` makes one more resource
  (https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html).
- DescribeInstanceTypeOfferings and ModifyInstanceAttribute are missing, and
  DescribeVpcEndpointServices lacks Storage Gateway.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any
from xml.sax.saxutils import escape

Parameters = Mapping[str, Any]
"""Parameters as the query API sends them; each value is in a list."""
Action = Callable[[Parameters], Any]

INSTANCE = re.compile(r"<instanceId>(i-\w+)</instanceId>")
ENDPOINT = re.compile(r"<vpcEndpointId>(vpce-\w+)</vpcEndpointId>")
RULE = re.compile(r"<securityGroupRuleId>(sgr-\w+)</securityGroupRuleId>")
ZONE = re.compile(r"<zoneName>([\w-]+)</zoneName>")
NOWHERE = re.compile(r"<(ipAddress|dnsName)></\1>")
INTERFACE = "NetworkInterface.1."
METADATA = {
    "HttpTokens": ("httpTokens", "optional"),
    "HttpEndpoint": ("httpEndpoint", "enabled"),
    "HttpPutResponseHopLimit": ("httpPutResponseHopLimit", "1"),
    "HttpProtocolIpv6": ("httpProtocolIpv6", "disabled"),
    "InstanceMetadataTags": ("instanceMetadataTags", "disabled"),
}
"""The options of the metadata service, with AWS's defaults."""


def mend_ec2(ec2: Any) -> None:
    """Patch the emulator's module *ec2* so that it stores these parameters."""
    requests: dict[str, Parameters] = {}
    _remember(ec2, requests)
    _show(ec2, requests)
    ec2._ACTION_MAP["DescribeInstanceTypeOfferings"] = lambda given: _offerings(ec2, given)
    ec2._ACTION_MAP["ModifyInstanceAttribute"] = lambda given: _modify(ec2, given)
    ec2._VPCE_INTERFACE_SERVICES += ("storagegateway",)
    lock = Lock()
    answers: dict[tuple[str, str], Any] = {}
    for name, action in ec2._ACTION_MAP.items():
        ec2._ACTION_MAP[name] = _idempotent(name, action, answers, lock)


def _idempotent(
    name: str, action: Action, answers: dict[tuple[str, str], Any], lock: Lock
) -> Action:
    """Return *action* so that a request with a known token has the first answer; errors are not kept."""

    def once(parameters: Parameters) -> Any:
        token = _one(parameters, "ClientToken")
        if not token:
            return action(parameters)
        with lock:
            answer = answers.get((name, token)) or action(parameters)
            if answer[0] == 200:
                answers[name, token] = answer
            return answer

    return once


def _remember(ec2: Any, requests: dict[str, Parameters]) -> None:
    """Store the parameters of each instance and endpoint in *requests*, by its id."""
    actions = ec2._ACTION_MAP
    run, create = actions["RunInstances"], actions["CreateVpcEndpoint"]
    modify, authorize = actions["ModifyVpcEndpoint"], actions["AuthorizeSecurityGroupEgress"]

    def run_instances(parameters: Parameters) -> Any:
        moved = {
            name.removeprefix(INTERFACE): value
            for name, value in parameters.items()
            if name.startswith(INTERFACE)
        }
        return remembered(run, {**parameters, **moved}, INSTANCE)

    def remembered(action: Action, parameters: Parameters, id_: re.Pattern[str]) -> Any:
        answer = action(parameters)
        for found in id_.findall(_text(answer)):
            requests[found] = parameters
            if instance := ec2._instances.get(found):
                _settle(instance, parameters, ec2)
        return answer

    def modify_endpoint(parameters: Parameters) -> Any:
        id_ = _one(parameters, "VpcEndpointId")
        requests[id_] = {**requests.get(id_, {}), **parameters}
        return modify(parameters)

    def let_out(parameters: Parameters) -> Any:
        answer = authorize(parameters)
        for found in RULE.findall(_text(answer)):
            ec2._parse_tag_specs(parameters, "security-group-rule", found)
        return answer

    actions["RunInstances"] = run_instances
    actions["CreateVpcEndpoint"] = lambda parameters: remembered(create, parameters, ENDPOINT)
    actions["ModifyVpcEndpoint"] = modify_endpoint
    actions["AuthorizeSecurityGroupEgress"] = let_out


def _show(ec2: Any, requests: Mapping[str, Parameters]) -> None:
    """Add the stored *requests* to descriptions."""
    show_instance, show_endpoint = ec2._instance_xml, ec2._vpce_fields_xml

    def instance_xml(instance: Any) -> str:
        shown: str = NOWHERE.sub("", show_instance(instance))
        return _added(shown, "item", _instance_options(requests.get(instance["InstanceId"], {})))

    def endpoint_xml(endpoint: Any, tag: str = "item") -> str:
        shown: str = show_endpoint(endpoint, tag)
        options = _endpoint_options(endpoint, requests.get(endpoint["VpcEndpointId"], {}))
        return _added(shown, tag, options)

    ec2._instance_xml, ec2._vpce_fields_xml = instance_xml, endpoint_xml


def _offerings(ec2: Any, parameters: Parameters) -> Any:
    """Return offerings of every instance type in *parameters*, in all zones."""
    zones = ZONE.findall(_text(ec2._ACTION_MAP["DescribeAvailabilityZones"](parameters)))
    types = ec2._parse_filters(parameters).get("instance-type", [])
    items = "".join(
        f"<item><instanceType>{escape(type_)}</instanceType><location>{zone}</location>"
        "<locationType>availability-zone</locationType></item>"
        for type_ in types
        for zone in zones
    )
    shown = f"<instanceTypeOfferingSet>{items}</instanceTypeOfferingSet>"
    return ec2._xml(200, "DescribeInstanceTypeOfferingsResponse", shown)


def _modify(ec2: Any, parameters: Parameters) -> Any:
    """Set the instance type, the only attribute that is read back."""
    instance = ec2._instances[_one(parameters, "InstanceId")]
    if type_ := _one(parameters, "InstanceType.Value"):
        instance["InstanceType"] = type_
    return ec2._xml(200, "ModifyInstanceAttributeResponse", "<return>true</return>")


def _settle(instance: Any, parameters: Parameters, ec2: Any) -> None:
    if _one(parameters, "AssociatePublicIpAddress") == "false":
        instance["PublicIpAddress"] = instance["PublicDnsName"] = ""
    for mapping in instance["BlockDeviceMappings"]:
        volume = ec2._volumes[mapping["Ebs"]["VolumeId"]]
        volume["Encrypted"] = _one(parameters, "BlockDeviceMapping.1.Ebs.Encrypted") == "true"


def _instance_options(parameters: Parameters) -> str:
    options = "".join(
        f"<{tag}>{_one(parameters, f'MetadataOptions.{name}') or usual}</{tag}>"
        for name, (tag, usual) in METADATA.items()
    )
    optimized = _one(parameters, "EbsOptimized") or "false"
    return f"<metadataOptions>{options}</metadataOptions><ebsOptimized>{optimized}</ebsOptimized>"


def _endpoint_options(endpoint: Any, parameters: Parameters) -> str:
    policy = escape(_one(parameters, "PolicyDocument"))
    shown = f"<policyDocument>{policy}</policyDocument>" if policy else ""
    if endpoint["VpcEndpointType"] != "Interface":
        return shown
    groups = "".join(
        f"<item><groupId>{value[0]}</groupId></item>"
        for name, value in parameters.items()
        if re.fullmatch(r"SecurityGroupId\.\d+", name)
    )
    _, region, service = endpoint["ServiceName"].rsplit(".", 2)
    name = f"{endpoint['VpcEndpointId']}-local.{service}.{region}.vpce.amazonaws.com"
    private = _one(parameters, "PrivateDnsEnabled") or "false"
    return (
        f"{shown}<privateDnsEnabled>{private}</privateDnsEnabled><groupSet>{groups}</groupSet>"
        f"<dnsEntrySet><item><dnsName>{name}</dnsName></item></dnsEntrySet>"
    )


def _added(shown: str, tag: str, more: str) -> str:
    return shown.removesuffix(f"</{tag}>") + more + f"</{tag}>"


def _one(parameters: Parameters, name: str) -> str:
    value: Any = parameters.get(name, "")
    return str(value[0] if isinstance(value, list) else value)


def _text(answer: Any) -> str:
    body = answer[2]
    return body.decode() if isinstance(body, bytes) else str(body)
