"""Sample images, declared as data."""
