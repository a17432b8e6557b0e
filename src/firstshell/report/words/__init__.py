"""The sentences of firstshell. Everything else keeps numbers and verdict codes; only this package turns them into words.

`terms` holds the names of things, `study` says what a study found, `checks` what to know before believing it, `where`
which part of a spectrum carries it, `advice` what to measure, `answer` what a measured sample is.
"""
