"""Servers that people run as containers."""
