#!/bin/sh
# A web server's entrypoint: run parts in order, make a configuration from a template.
set -eu

entrypoint_log() {
    if [ -z "${QUIET:-}" ]; then
        echo "$@"
    fi
}

substitute() {
    # envsubst without envsubst: ${NAME} and $NAME of the environment
    while IFS= read -r line || [ -n "$line" ]; do
        eval "printf '%s\n' \"$(printf '%s' "$line" | sed 's/["`\\]/\\&/g')\""
    done
}

if [ "$1" = "httpd" ] || [ "$1" = "httpd-debug" ]; then
    if find /docker-entrypoint.d/ -mindepth 1 -maxdepth 1 -type f 2>/dev/null | read -r v; then
        entrypoint_log "$0: /docker-entrypoint.d/ is not empty, will attempt to perform configuration"
        for f in /docker-entrypoint.d/*; do
            case "$f" in
                *.envsh)
                    if [ -x "$f" ]; then entrypoint_log "$0: Sourcing $f"; . "$f"
                    else entrypoint_log "$0: Ignoring $f, not executable"; fi ;;
                *.sh)
                    if [ -x "$f" ]; then entrypoint_log "$0: Launching $f"; "$f"
                    else entrypoint_log "$0: Ignoring $f, not executable"; fi ;;
                *) entrypoint_log "$0: Ignoring $f" ;;
            esac
        done
        entrypoint_log "$0: Configuration complete; ready for start up"
    else
        entrypoint_log "$0: No files found in /docker-entrypoint.d/, skipping configuration"
    fi
    substitute < /etc/site.template > /etc/site.conf
fi

exec "$@"
