"""The figures of a report or an answer."""
