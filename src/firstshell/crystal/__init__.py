"""What a crystal structure says of a metal: symmetry, distinct sites, valences, labels."""

import spglib

# spglib's own advice until version 3: raise errors, where the old way warns at every call.
spglib.error.OLD_ERROR_HANDLING = False
