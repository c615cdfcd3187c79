"""The page of a grid and its figures."""

from gaugeblock.pressure.grids.page.page import render_grid

__all__ = ["render_grid"]
