"""Where the tests' own data lie, and the reference material that may lie beside a checkout."""

from pathlib import Path

DATA = Path(__file__).parent / "data"
SHARED = Path(__file__).resolve().parents[1].parent / "shared"
