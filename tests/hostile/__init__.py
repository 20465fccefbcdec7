"""Input that means harm, files that are not ours, options that nobody means."""
