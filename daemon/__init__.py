"""A Docker Engine without a kernel."""
