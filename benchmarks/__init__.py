"""What is measured, against what. ``make bench`` writes the figures to RESULTS.md."""
