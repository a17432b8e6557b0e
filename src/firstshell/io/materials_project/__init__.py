"""The Materials Project: its API, its documents, page by page."""
