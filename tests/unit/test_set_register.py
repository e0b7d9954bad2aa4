"""handlers.core.set_register: the next step of the sweep, from a set's row only."""

from __future__ import annotations

from handlers.core.set_register import SetRow, Step
from tests.unit.samples import manifest_upload

CONCLUDED = 1_795_523_696


def row(*, first_arrival: int, last_arrival: int) -> SetRow:
    """Return the row of a set whose last delivery was *Successful*."""
    return SetRow(
        folder="a-vaultjob/",
        set_id="a",
        bucket="uploads",
        manifest=manifest_upload(),
        outcome="Successful",
        concluded_at=CONCLUDED,
        first_arrival=first_arrival,
        last_arrival=last_arrival,
    )


def test_a_late_arrival_of_the_last_delivery_is_no_new_delivery() -> None:
    assert not row(first_arrival=CONCLUDED - 9, last_arrival=CONCLUDED - 9).awaits_manifest


def test_a_new_delivery_needs_a_manifest_also_after_a_late_arrival() -> None:
    """The row's first arrival is then that of the earlier delivery."""
    late = row(first_arrival=CONCLUDED - 9, last_arrival=CONCLUDED + 60)
    due = late.due(CONCLUDED + 7200, manifest_due_seconds=3600)
    assert due.step is Step.ANNOUNCE_OVERDUE
