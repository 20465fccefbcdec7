"""Parallel text on its way to the model: corpus -> cleaning -> noise -> ids -> buckets -> batches."""
