"""Where the programs are registered: one table per family, imported at the first look-up."""

TABLES = (
    "daemon.programs.shell.table",
    "daemon.programs.tools.table",
    "daemon.programs.net.table",
    "daemon.programs.services.table",
)
"""Each of these modules has PROGRAMS: program string or family -> "module:function"."""
