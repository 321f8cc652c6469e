"""One underlying, from the home's server or from a chain file without one."""
