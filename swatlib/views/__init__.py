"""What a detector sees of the plant: features, or the evidence of plausibility checks; fitted on normal days alone."""
