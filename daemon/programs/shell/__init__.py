"""The shells: one implementation, three flavours (busybox ash, dash, bash)."""
