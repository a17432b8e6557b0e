"""Choice among hypothetical oxides: as many of each class as there are, of many kinds, and cheap to simulate."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from embedded_dataset.substitution import Derived, parse_recipe
from firstshell.crystal.labels import label_sites
from firstshell.crystal.sites import distinct_sites
from firstshell.errors import InputError


@dataclass(frozen=True)
class Candidate:
    """What a choice goes by.

    id : recipe
    charge, coordination : class of the metal's sites
    series : series of the parent
    company : symbols of the other elements
    atoms : number in the primitive cell
    sites : number of symmetry-distinct sites of the metal
    """

    id: str
    charge: int
    coordination: int
    series: str
    company: frozenset[str]
    atoms: int
    sites: int

    @property
    def effort(self) -> tuple[int, int]:
        """What a simulation costs, to sort by: sites, then elements times atoms."""
        return self.sites, (len(self.company) + 1) * self.atoms


def candidate(derived: Derived) -> Candidate:
    """Return what a choice needs to know of a hypothetical oxide.

    Raises
    ------
    InputError : its metal has no coordination number

    """
    structure, metal = derived.structure, derived.metal
    sites = distinct_sites(structure, metal)
    label = label_sites(structure, metal, sites[:1])[0]
    if label.coordination_number is None:
        raise InputError(f"{derived.id}: {metal} has no coordination number", remedy="Leave it out")
    company = frozenset(element.symbol for element in structure.composition.elements) - {metal}
    charge = parse_recipe(derived.id).charge
    return Candidate(derived.id, charge, label.coordination_number, derived.series, company, len(structure), len(sites))


def choose(pool: Iterable[Candidate], count: int) -> list[str]:
    """Return up to `count` recipes for one metal, in the order in which they are to be taken.

    Each pick is for the class (charge and coordination number) that has fewest; within it, the series and the company
    of elements seen least often go first, then the cheapest. The order of the pool does not matter, and a shorter
    choice is the beginning of a longer one.

    Raises
    ------
    InputError : negative count

    """
    if count < 0:
        raise InputError(f"{count} structures cannot be chosen", remedy="Give 0 or more")
    classes: dict[tuple[int, int], list[Candidate]] = {}
    for each in sorted(set(pool), key=lambda each: (each.effort, each.id)):
        classes.setdefault((each.charge, each.coordination), []).append(each)
    picked: Counter[tuple[int, int]] = Counter()
    series: Counter[tuple[tuple[int, int], str]] = Counter()
    company: Counter[tuple[tuple[int, int], frozenset[str]]] = Counter()
    chosen: list[str] = []
    while classes and len(chosen) < count:
        kind = min(sorted(classes), key=lambda kind: picked[kind])
        best = min(classes[kind], key=lambda each: (series[kind, each.series], company[kind, each.company]))
        classes[kind].remove(best)
        if not classes[kind]:
            del classes[kind]
        picked[kind] += 1
        series[kind, best.series] += 1
        company[kind, best.company] += 1
        chosen.append(best.id)
    return chosen
