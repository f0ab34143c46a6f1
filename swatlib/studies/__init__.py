"""Studies: questions asked of a pipeline on pairs of recordings, and what it answered."""
