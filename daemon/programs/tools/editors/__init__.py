"""Programs that take over the screen: pagers and editors."""
