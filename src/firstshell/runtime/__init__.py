"""Results, parallelism, progress and resume: no physics."""
