"""Define the functions of a stack with the values that they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from constructs import Construct

from handlers.aws.lambda_environment import LambdaEnvironment
from stacks.constructs.dead_letters import DeadLetters
from stacks.constructs.function import Function
from stacks.constructs.handlers_archive import HandlersArchive
from stacks.constructs.iam import Allow


@dataclass(frozen=True, slots=True, kw_only=True)
class Functions:
    """The common archive, name prefix and log retention of every function in *scope*."""

    scope: Construct
    name_prefix: str
    code: HandlersArchive
    log_retention_days: int

    def define(
        self,
        module: str,
        *,
        timeout_seconds: int,
        memory_mb: int,
        scratch_mb: int = 512,
        environment: LambdaEnvironment | None = None,
        allow: Sequence[Allow] = (),
        code: HandlersArchive | None = None,
        undelivered: DeadLetters | None = None,
    ) -> Function:
        """Define the function of ``handlers/<module>.py``, with the module's name as its id.

        *code* is an archive of its own.
        """
        return Function(
            self.scope,
            module,
            name=f"{self.name_prefix}-{module.replace('_', '-')}",
            module=module,
            code=code or self.code,
            log_retention_days=self.log_retention_days,
            timeout_seconds=timeout_seconds,
            memory_mb=memory_mb,
            scratch_mb=scratch_mb,
            environment=environment,
            allow=allow,
            undelivered=undelivered,
        )
