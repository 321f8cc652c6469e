"""Pictures of profiles, strikes and baskets."""
