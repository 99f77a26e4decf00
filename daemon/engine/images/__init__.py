"""Images: pulled, loaded, committed, listed, saved, removed. `service.Images` is the way in."""
