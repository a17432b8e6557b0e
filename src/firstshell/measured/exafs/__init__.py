"""The fine structure past the near edge of a measured scan, as χ(k)."""
