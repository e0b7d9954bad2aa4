"""checkov on the plan of every stack.

checkov reads the plans: it does not resolve references in the synthesised configuration, so a port
that is open to the world would pass there.
https://www.checkov.io/7.Scan%20Examples/Terraform%20Plan%20Scanning.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.audit import tools
from tools.audit.audited import Audited
from tools.audit.errors import AuditError
from tools.audit.skips import Failure, judged
from tools.audit.stand_ins import known
from tools.audit.violation import Violation


def find(audited: Audited) -> Iterator[Violation]:
    """Yield failures without a skip, and skips without a failure."""
    folder = audited.scratch / "checkov"
    folder.mkdir()
    stacks = {}
    for stack in audited.stacks:
        path = folder / f"{stack.environment}-{stack.name}.json"
        path.write_text(json.dumps(known(stack.required_plan(), stack.written)))
        stacks[path] = stack.name
    answer = tools.run(
        tools.VENV_AUDIT / "checkov",
        *(f"--file={path}" for path in stacks),
        *("--framework", "terraform_plan", "--skip-download", "--output", "json"),
        *("--compact", "--quiet"),
        cwd=folder,
        succeeds=(0, 1),
    )
    yield from judged(failures(json.loads(answer), stacks), audited.skips())


def failures(answer: Mapping[str, Any], stacks: Mapping[Path, str]) -> Iterator[Failure]:
    """Yield the failures in checkov's *answer*; *stacks* maps the paths of plans to stacks.

    Raises:
        AuditError: checkov could not read a plan, or found no resource.
    """
    summary = answer.get("summary", answer)  # without any resource, the output is only a summary
    if summary.get("parsing_errors") or not summary.get("resource_count"):
        raise AuditError(f"checkov did not read the plans: {json.dumps(summary)}")
    for failed in answer["results"]["failed_checks"]:
        yield Failure(
            stacks[Path(failed["file_abs_path"])],
            failed["resource"],
            failed["check_id"],
            failed["check_name"],
        )
