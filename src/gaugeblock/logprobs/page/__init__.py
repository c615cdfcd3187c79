"""The channel card as one HTML page with its pictures."""

from gaugeblock.logprobs.page.html import render_page, write_page

__all__ = ["render_page", "write_page"]
