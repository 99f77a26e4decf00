"""Which function runs for which service."""

_PACKAGE = "daemon.programs.services"

PROGRAMS = {
    "apache/httpd": f"{_PACKAGE}.apache:main",
    "apache/apachectl": f"{_PACKAGE}.apache:apachectl",
    "nginx/nginx": f"{_PACKAGE}.nginx:main",
    "redis/redis-server": f"{_PACKAGE}.redis:server",
    "redis/redis-cli": f"{_PACKAGE}.redis_cli:cli",
    "hello/hello": f"{_PACKAGE}.hello:main",
}
"""Program string -> "module:function"."""
