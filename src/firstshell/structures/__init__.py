"""Where crystals come from: checked reading of files, and the symmetry-distinct sites of a metal."""

import spglib

from firstshell.structures.files import parse_structure, read_structure
from firstshell.structures.sites import distinct_sites, primitive, space_group

__all__ = ["distinct_sites", "parse_structure", "primitive", "read_structure", "space_group"]

# spglib's own advice until version 3: raise errors, where the old way warns at every call.
spglib.error.OLD_ERROR_HANDLING = False
