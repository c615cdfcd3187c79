"""gaugeblock: alignment audits for AI models whose instruments are audited first."""

__version__ = "0.1.0"
