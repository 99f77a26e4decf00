"""Which function runs for which service."""

_PACKAGE = "daemon.programs.services"

_POSTGRES_TOOLS = {
    "initdb": "initdb",
    "pg_ctl": "pg_ctl",
    "pg_isready": "pg_isready",
    "psql": "psql",
    **dict.fromkeys(
        ("createdb", "createuser", "dropdb", "dropuser", "vacuumdb", "reindexdb"), "quiet_success"
    ),
    **dict.fromkeys(("pg_dump", "pg_dumpall", "pg_restore", "pg_basebackup"), "not_simulated"),
}

PROGRAMS = {
    "postgres/postgres": f"{_PACKAGE}.postgres:server",
    **{
        f"postgres/{name}": f"{_PACKAGE}.postgres_tools:{place}"
        for name, place in _POSTGRES_TOOLS.items()
    },
    "apache/httpd": f"{_PACKAGE}.apache:main",
    "apache/apachectl": f"{_PACKAGE}.apache:apachectl",
    "mysql/mysqld": f"{_PACKAGE}.mysql:server",
    "mysql/mariadbd": f"{_PACKAGE}.mysql:server",
    "mysql/mysqladmin": f"{_PACKAGE}.mysql_tools:mysqladmin",
    "mysql/mysql": f"{_PACKAGE}.mysql_tools:mysql",
    "mysql/mysqldump": f"{_PACKAGE}.mysql_tools:mysqldump",
    "nginx/nginx": f"{_PACKAGE}.nginx:main",
    "redis/redis-server": f"{_PACKAGE}.redis:server",
    "redis/redis-cli": f"{_PACKAGE}.redis_cli:cli",
    "ryuk/ryuk": f"{_PACKAGE}.ryuk:main",
    "registry/registry": f"{_PACKAGE}.registry:main",
    "whoami/whoami": f"{_PACKAGE}.small_web:whoami",
    "helloworld/helloworld": f"{_PACKAGE}.small_web:helloworld",
    "busybox/httpd": f"{_PACKAGE}.small_web:busybox_httpd",
    "python/python": f"{_PACKAGE}.python:main",
    "gnu/envsubst": f"{_PACKAGE}.envsubst:envsubst",
    "node/node": f"{_PACKAGE}.node:node",
    **dict.fromkeys(("node/npm", "node/npx", "node/yarn", "node/corepack"), f"{_PACKAGE}.node:npm"),
    "memcached/memcached": f"{_PACKAGE}.memcached:memcached",
    "mongo/mongod": f"{_PACKAGE}.mongo:mongod",
    "mongo/mongosh": f"{_PACKAGE}.mongo:mongosh",
    "rabbitmq/rabbitmq-server": f"{_PACKAGE}.rabbitmq:server",
    **{
        f"rabbitmq/{name}": f"{_PACKAGE}.rabbitmq:tool"
        for name in ("rabbitmqctl", "rabbitmq-diagnostics", "rabbitmq-plugins")
    },
    "hello/hello": f"{_PACKAGE}.hello:main",
}
"""Program string -> "module:function"."""
