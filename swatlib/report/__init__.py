"""Notebooks executed with parameters into pages, their index, and slides of a run."""

import sys

# To validate notebooks, jsonschema would compile a grammar of internet addresses, 1.1 s of processor time, for a format
# that no notebook has. With None here it takes the package for one that is not installed, which it allows for.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
