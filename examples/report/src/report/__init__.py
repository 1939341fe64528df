"""Draws monthly totals from a CSV as a PNG."""
