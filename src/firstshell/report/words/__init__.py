"""The sentences of firstshell: everything else keeps numbers and verdict codes, which this package turns into words.

`terms` holds the names of things, `study` says what a study found, `checks` what to know before believing it, `advice`
what to measure, `answer` what a measured sample is.
"""
