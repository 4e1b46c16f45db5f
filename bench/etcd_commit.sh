#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: etcd_commit.sh BUILD OUT.json      a commit of the store in etcd beside one bare put, on an etcd of one member
set -eu
folder=$(mktemp -d "$1/bench/etcd-XXXXXX")
# Two ports that are free now.
ports=$(python3 -c 'import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(s.getsockname()[1] for s in sockets))')
url=http://127.0.0.1:${ports% *}
peer=http://127.0.0.1:${ports#* }
etcd --data-dir "$folder/data" --listen-client-urls "$url" --advertise-client-urls "$url" --listen-peer-urls "$peer" \
	--initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer" --logger zap --log-level error >"$folder/log" 2>&1 &
pid=$!
trap 'kill $pid; wait $pid 2>/dev/null || true; rm -rf "$folder"' EXIT
"$1/bench/etcd_commit" "$url" "$2"
