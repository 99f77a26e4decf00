#!/bin/sh
# Waits until something answers, with getopts and a deadline, then runs the command.
usage() { echo "usage: ${0##*/} [-t tries] [-q] host:port [-- command]" >&2; exit 64; }
tries=3 quiet=
while getopts t:q option; do
	case $option in
		t) tries=$OPTARG ;;
		q) quiet=yes ;;
		*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || usage
host=${1%%:*} port=${1##*:}
shift
[ "${1-}" = -- ] && shift
say() { [ -n "$quiet" ] || echo "$*"; }
n=0
until probe "$host" "$port"; do
	n=$((n + 1))
	if [ "$n" -ge "$tries" ]; then
		say "gave up on $host:$port after $n tries"
		exit 1
	fi
	say "try $n of $tries: $host port $port does not answer"
done
say "$host:$port is there after $((n + 1)) tries"
trap 'say "leaving with $?"' EXIT
"$@"
