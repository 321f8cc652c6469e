"""A sheet's whole batch of baskets: in plain Python while it is small, in arrays where it is large."""
