"""Does the source explain the target? A translation model judges the pairs of a corpus."""
