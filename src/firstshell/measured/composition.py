"""What the composition in a PDF's header says of the question that is asked."""

from __future__ import annotations

import re

from firstshell.formats.elements import element


def composition_advice(composition: str | None, metal: str, oxides: bool) -> tuple[str, ...]:
    """Return what speaks against asking about a metal in a sample of this composition, as the header of a PDF has it.

    oxides : whether the model was trained on oxides only
    """
    held = {element(symbol) for symbol in re.findall(r"[A-Z][a-z]?", composition or "")} - {None}
    if not held:
        return ()
    found = []
    if metal not in held:
        found.append(f"the header says {composition}, which holds no {metal}: is the right metal asked about?")
    if oxides and "O" not in held:
        found.append(f"the header says {composition}: the models know only compounds with oxygen")
    return tuple(found)
