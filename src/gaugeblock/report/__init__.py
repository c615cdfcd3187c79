"""The report: its records, its two files, its page and its summary on a terminal."""

from gaugeblock.report.files import (
    HTML_NAME,
    JSON_NAME,
    read_report,
    report_schema,
    write_report,
)
from gaugeblock.report.html import render_html
from gaugeblock.report.terminal import print_report
from gaugeblock.report.types import (
    REPORT_VERSION,
    Design,
    Disagreement,
    EffectRow,
    Instrument,
    LabelRow,
    RateRow,
    Report,
    ShownTranscript,
    SubjectCard,
)

__all__ = [
    "HTML_NAME",
    "JSON_NAME",
    "REPORT_VERSION",
    "Design",
    "Disagreement",
    "EffectRow",
    "Instrument",
    "LabelRow",
    "RateRow",
    "Report",
    "ShownTranscript",
    "SubjectCard",
    "print_report",
    "read_report",
    "render_html",
    "report_schema",
    "write_report",
]
