"""Reports of bulk runs: totals, rows, and their wording."""
