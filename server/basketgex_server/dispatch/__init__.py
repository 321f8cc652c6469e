"""From the questions of many cells to the fewest source calls."""
