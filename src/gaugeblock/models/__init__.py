"""Subjects: load, generate, serve. Import the modules you need; torch loads only with them."""
