"""`firstshell doctor`."""

from __future__ import annotations


def doctor() -> None:
    """Say what works on this machine, and how to mend the rest.

    Exit status 1 when something that firstshell cannot do without is missing.

    Example: firstshell doctor
    """
    from firstshell.checkup import examine

    findings = examine()
    marks = {"ok": "ok     ", "missing": "missing", "broken": "BROKEN "}
    for finding in findings:
        print(f"{marks[finding.state]}  {finding.what}: {finding.detail}")
    if any(finding.state == "broken" for finding in findings):
        raise SystemExit(1)
