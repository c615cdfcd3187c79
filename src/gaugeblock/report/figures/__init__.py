"""The figures of the report: static SVG, drawn from Vega-Lite specifications."""
