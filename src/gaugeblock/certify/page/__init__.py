"""The page of a detector's certificate."""

from gaugeblock.certify.page.page import render_certificate

__all__ = ["render_certificate"]
