"""Container filesystems: nodes, layers, overlays, mounts, tar."""
