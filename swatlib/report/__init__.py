"""Notebooks executed with parameters into pages, their index, and slides of a run."""
