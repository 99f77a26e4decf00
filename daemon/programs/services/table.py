"""Which function runs for which service."""

_PACKAGE = "daemon.programs.services"

PROGRAMS = {
    "apache/httpd": f"{_PACKAGE}.apache:main",
    "apache/apachectl": f"{_PACKAGE}.apache:apachectl",
    "hello/hello": f"{_PACKAGE}.hello:main",
}
"""Program string -> "module:function"."""
