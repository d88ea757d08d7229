"""What a rehearsal and a doctor found, as tables for a terminal."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from app.rehearsal.doctor import Finding
from app.rehearsal.simulate import Outcome, at


def outcome_table(outcome: Outcome) -> Table:
    """Waits and latencies, with counts of conversations and messages."""
    table = Table("", "Count", "p50", "p95", "p99", title=f"Played in {outcome.seconds:.1f} s")
    for name, values in (
        ("Wait for a coach (s)", outcome.waits),
        ("Send to ok (ms)", [1000 * value for value in outcome.to_ok]),
        ("Send to the other side (ms)", [1000 * value for value in outcome.to_other_side]),
    ):
        shares = (f"{at(values, share):.1f}" for share in (0.5, 0.95, 0.99))
        table.add_row(name, str(len(values)), *shares)
    table.caption = (
        f"{outcome.conversations} conversations, {outcome.messages} messages, "
        f"{outcome.dropped} connections dropped on purpose"
    )
    return table


def findings_table(findings: Sequence[Finding]) -> Table:
    """A line for each finding: whether it is well, and if not how to mend it."""
    table = Table("", "What", "Found", "What to do", show_lines=True)
    for finding in findings:
        color = "green" if finding.well else "red" if finding.serious else "yellow"
        sign = "✓" if finding.well else "✗" if finding.serious else "!"
        table.add_row(Text(sign, style=color), finding.what, Text(finding.found), Text(finding.mend))
    return table
