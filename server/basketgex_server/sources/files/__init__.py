"""Chains from files in a folder."""
