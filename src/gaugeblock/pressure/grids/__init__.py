"""Grids of pressures: cells and questions as data, what runs them, what is told of them."""
