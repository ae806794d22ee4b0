#!/bin/sh
# A host of the Internet logs in to the office, pings a host in it, and leaves: connect.sh NAMESPACE, that of outside.
set -eu
cd "$(dirname "$0")"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
ip netns exec "$1" vpnc --no-detach --non-inter --pid-file "$tmp/pid" --script "sh $PWD/routes.sh" "$PWD/client.conf" >"$tmp/log" 2>&1 &
client=$!
for _ in $(seq 150); do
	grep -q 'connected as' "$tmp/log" && break
	kill -0 "$client" 2>/dev/null || break
	sleep 0.1
done
cat "$tmp/log"
status=0
ip netns exec "$1" ping -n -c 3 -i 0.2 -W 5 10.1.1.254 || status=$?
kill "$client" 2>/dev/null || true
wait "$client" || true
exit "$status"
