"""`python -m firstshell` is `firstshell`."""

from firstshell.cli import main

main()
