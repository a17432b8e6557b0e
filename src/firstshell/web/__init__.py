"""The local page: measured files in, answers out, on this machine only."""
