"""Judges a daemon from outside, through its socket."""
