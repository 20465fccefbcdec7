"""A challenge set: short sentences whose translation must say certain things, however it says the rest."""
