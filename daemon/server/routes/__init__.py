"""Route tables and handlers, one file per area of the API."""
