"""File formats that MNE does not read, or reads without saying what is missing.

Nothing is exported from here: ``recordings.reading`` and ``recordings.trial_files`` choose by the
suffix.
"""
