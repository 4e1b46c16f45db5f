#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: api_write.sh BUILD OUT.json      a durable change through the API (rule added, rule revoked; one client,
# TLS kept alive) beside one bare SQLite insert in WAL mode with synchronous=FULL, alternating on the same disk
exec python3 "$(dirname "$0")/api_write.py" "$1" "$2"
