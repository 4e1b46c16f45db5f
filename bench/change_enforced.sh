#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: change_enforced.sh BUILD OUT.json      from `rule add --wait` to enforced on a node, proved by packets
exec python3 "$(dirname "$0")/change_enforced.py" "$1" "$2"
