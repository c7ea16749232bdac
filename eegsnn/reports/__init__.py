"""Show results: a self-contained HTML report, tables, and folders that are never half-written."""

from eegsnn.reports.examples import Example, collect_examples, load_examples, save_examples
from eegsnn.reports.folder import replace_contents
from eegsnn.reports.html import Report, render_report
from eegsnn.reports.tables import to_csv

__all__ = [
    "Example",
    "Report",
    "collect_examples",
    "load_examples",
    "render_report",
    "replace_contents",
    "save_examples",
    "to_csv",
]
