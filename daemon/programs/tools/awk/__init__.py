"""awk: an interpreter of our own, from text to closures."""
