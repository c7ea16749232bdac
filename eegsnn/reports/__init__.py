"""Show results: a self-contained HTML report, tables, and folders that are never half-written."""

from eegsnn.reports.card import CARD_FILE_NAME, check_model_card, model_card
from eegsnn.reports.examples import Example, collect_examples, load_examples, save_examples
from eegsnn.reports.folder import replace_contents
from eegsnn.reports.html import Report, render_report
from eegsnn.reports.looking import Look, look_into
from eegsnn.reports.tables import to_csv

__all__ = [
    "CARD_FILE_NAME",
    "Example",
    "Look",
    "Report",
    "check_model_card",
    "collect_examples",
    "load_examples",
    "look_into",
    "model_card",
    "render_report",
    "replace_contents",
    "save_examples",
    "to_csv",
]
