"""olean."""
