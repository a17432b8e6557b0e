"""The pair sum behind every PDF."""
