#!/bin/bash
# A database image's entrypoint: secrets from files, flags in front of the arguments, a first start.
set -Eeo pipefail
shopt -s nullglob

log() {
	local type="$1"; shift
	printf '[Note] [Entrypoint]: %s: %s\n' "$type" "$*"
}

file_env() {
	local var="$1"
	local fileVar="${var}_FILE"
	local def="${2:-}"
	if [ "${!var:-}" ] && [ "${!fileVar:-}" ]; then
		log ERROR "both $var and $fileVar are set (but are exclusive)" >&2
		exit 1
	fi
	local val="$def"
	if [ "${!var:-}" ]; then
		val="${!var}"
	elif [ "${!fileVar:-}" ]; then
		val="$(< "${!fileVar}")"
	fi
	export "$var"="$val"
	unset "$fileVar"
}

process_init_files() {
	local f
	for f; do
		case "$f" in
			*.sh) if [ -x "$f" ]; then log RUN "$f"; "$f"; else log SOURCE "$f"; . "$f"; fi ;;
			*.sql) log SQL "$f"; cat "$f" ;;
			*) log IGNORE "$f" ;;
		esac
	done
}

_main() {
	if [ "${1:0:1}" = '-' ]; then
		set -- serve "$@"
	fi
	if [ "$1" = 'serve' ]; then
		file_env DB_PASSWORD
		file_env DB_USER admin
		declare -g FIRST_START
		if [ -d "$DATADIR/base" ]; then FIRST_START=false; else FIRST_START=true; fi
		if [ -z "$DB_PASSWORD" ]; then
			cat >&2 <<-'EOE'
				Error: Database is uninitialized and superuser password is not specified.
				       You must specify DB_PASSWORD to a non-empty value.
			EOE
			exit 1
		fi
		if $FIRST_START; then
			mkdir -p "$DATADIR/base"
			process_init_files /docker-init.d/*
		fi
	fi
	exec "$@"
}

if [ "${FUNCNAME[0]:-main}" = main ]; then
	_main "$@"
fi
