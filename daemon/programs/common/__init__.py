"""What the shell's builtins and the tools of the same name share."""
