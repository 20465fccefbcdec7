"""From a model to translations: ids in and ids out (greedy, engines), strings in and strings out (translator)."""
