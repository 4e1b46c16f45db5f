#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: fleet.sh BUILD OUT.json [AGENTS]      ten thousand agents at one controller, and at two on etcd
exec unshare --net python3 "$(dirname "$0")/fleet.py" "$@"
