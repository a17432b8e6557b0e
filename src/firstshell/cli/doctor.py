"""`firstshell doctor`."""

import sys

from firstshell.runtime.console import say


def doctor(*, feff: str = "") -> None:
    """Check what works on this machine, and say how to fix the rest.

    Exit status 1 when something that firstshell cannot do without is missing, or the FEFF named does not work.

    Example: firstshell doctor

    Parameters
    ----------
    feff
        A FEFF9 or FEFF10 of yours to try, as firstshell build takes it; it calculates a small cluster.

    """
    say("Trying every part of firstshell, which takes some seconds", file=sys.stderr, flush=True)
    from firstshell.api.checkup import doctor as findings_of

    findings = findings_of(feff)
    marks = {"ok": "ok     ", "missing": "missing", "broken": "BROKEN "}
    for finding in findings:
        say(f"{marks[finding.state]}  {finding.what}: {finding.detail}")
    if any(finding.state == "broken" for finding in findings):
        raise SystemExit(1)
