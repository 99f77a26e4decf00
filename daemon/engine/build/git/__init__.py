"""Git repositories as sources of builds: the machine's own git fetches them."""
