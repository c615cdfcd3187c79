"""The page of a detector's certificate."""

from gaugeblock.report.certificates.page import render_certificate

__all__ = ["render_certificate"]
