"""Simulated programs, found by the name that a simulated binary carries."""
