"""The simulated kernel: processes, signals, pipes, terminals, sockets."""
