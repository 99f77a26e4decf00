#!/bin/bash
# Turns APP_SECTION_KEY variables into an ini file, with arrays and patterns.
set -euo pipefail
declare -A sections=()
target=${1:-/etc/app.ini}; shift || true
prefix=APP_
for name in $(compgen_like); do
	[[ $name =~ ^${prefix}([A-Z]+)_([A-Z_]+)$ ]] || continue
	section=${BASH_REMATCH[1],,} key=${BASH_REMATCH[2],,}
	key=${key//_/-}
	sections[$section]+="${key} = ${!name}"$'\n'
done
: > "$target"
names=("${!sections[@]}")
IFS=$'\n' sorted=($(sort <<< "${names[*]}")); unset IFS
for section in "${sorted[@]}"; do
	{
		echo "[$section]"
		printf '%s' "${sections[$section]}" | sort
		echo
	} >> "$target"
done
readarray -t lines < "$target"
echo "wrote ${#lines[@]} lines, ${#sorted[@]} sections"
(( $# == 0 )) || exec "$@"
