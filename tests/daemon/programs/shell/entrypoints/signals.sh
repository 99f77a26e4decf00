#!/bin/sh
# Runs a service in the background, passes the stop signal on and cleans up.
child=
cleanup() {
	trap - TERM INT
	echo "stopping"
	[ -n "$child" ] && kill -TERM "$child" 2>/dev/null
	wait "$child"
	echo "child ended with $?"
	exit 0
}
trap cleanup TERM INT
service &
child=$!
echo "started"
while kill -0 "$child" 2>/dev/null; do
	wait "$child"
done
echo "the service ended by itself"
