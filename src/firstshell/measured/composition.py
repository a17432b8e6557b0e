"""What the composition in a PDF's header says of the question that is asked."""

from firstshell.elements import elements_in


def composition_advice(composition: str | None, metal: str, oxides: bool) -> tuple[str, ...]:
    """Return what speaks against asking about a metal in a sample of this composition, as the header of a PDF has it.

    oxides : whether the model was trained on oxides only
    """
    held = elements_in(composition or "")
    if not held:
        return (f"the PDF does not say what its sample is made of: that it holds {metal} is taken for granted",)
    found = []
    if metal not in held:
        found.append(f"the header says {composition}, which holds no {metal}: is the right metal asked about?")
    if oxides and "O" not in held:
        found.append(f"the header says {composition}: the models know only compounds with oxygen")
    return tuple(found)


def contradicts(composition: str | None, metal: str, oxides: bool) -> bool:
    """Whether the header of a PDF says that a sample has not the metal, or no oxygen where models know only oxides."""
    return bool(elements_in(composition or "")) and bool(composition_advice(composition, metal, oxides))
