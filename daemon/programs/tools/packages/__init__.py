"""Package managers: what they print, the databases they keep, and executables for what they install."""
