"""An SSM parameter with all names that ``sgvault`` needs besides credentials."""

from __future__ import annotations

import json
from collections.abc import Mapping

from cdktf_cdktf_provider_aws.ssm_parameter import SsmParameter
from constructs import Construct

from stacks.constructs.check_skips import skip_check
from stacks.settings import Settings


class VaultParameter(Construct):
    """``/<environmentName>/vault``: one JSON object of names, ARNs and settings, without secrets.

    A standard parameter has at most 4,096 characters:
    https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
    """

    def __init__(
        self, scope: Construct, id_: str, *, settings: Settings, names: Mapping[str, str]
    ) -> None:
        """Define the parameter with *names* and the *settings* that a reader needs."""
        super().__init__(scope, id_)
        values = {
            **names,
            "environmentName": settings.environment_name,
            "gatewayParameters": settings.gateway_parameters,
            "jobDirSuffixName": settings.job_dir_suffix,
            "manifestSuffixName": settings.manifest_suffix,
            "reconcileCountIterations": settings.reconcile_count,
            "reconcileWaitIterations": settings.reconcile_wait_seconds,
            "uploadSettlingSeconds": settings.upload_settling_seconds,
            "expiryDays": settings.expiry_days,
            "verifyObjects": settings.verify_objects,
            "verifyContent": settings.verify_content,
            "ignoreUnexpectedNames": settings.ignore_unexpected_names,
            "preventDestroy": settings.prevent_destroy,
        }
        parameter = SsmParameter(
            self,
            "Resource",
            name=f"/{settings.environment_name}/vault",
            type="String",
            value=json.dumps(values, ensure_ascii=False, separators=(",", ":")),
        )
        skip_check(
            parameter, "CKV2_AWS_34", "Names and ARNs are not secret: most are outputs as well"
        )
