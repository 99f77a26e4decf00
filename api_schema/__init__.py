"""The wire: pydantic models of what Docker clients and daemons say to each other."""
