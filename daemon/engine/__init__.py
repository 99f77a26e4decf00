"""What dockerd knows, without HTTP."""
