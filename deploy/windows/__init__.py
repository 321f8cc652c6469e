"""Basket GEX for a Windows without Python: what is installed, and the installer."""
