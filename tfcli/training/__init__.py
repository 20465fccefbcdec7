"""From corpora to a bundle: objectives, the loop, checkpoints, many processes."""
