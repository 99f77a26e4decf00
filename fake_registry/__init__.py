"""An OCI registry that knows no engine."""
