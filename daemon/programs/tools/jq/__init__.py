"""jq: an interpreter of its language, from text to generators of values."""
