"""The plain training loop of the built-in world: one cell, one seed, one record."""
