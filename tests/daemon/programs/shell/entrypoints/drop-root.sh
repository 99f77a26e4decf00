#!/bin/sh
# A cache's entrypoint: add the server's name before options or a configuration file, drop root.
set -e
if [ "${1#-}" != "$1" ] || [ "${1%.conf}" != "$1" ]; then
	set -- server "$@"
fi
if [ "$1" = 'server' -a "$(id -u)" = '0' ]; then
	find . \! -user cache -exec echo chown cache '{}' +
	exec as-user cache "$0" "$@"
fi
um="$(umask)"
if [ "$um" = '0022' ]; then
	umask 0077
fi
umask
exec "$@"
