#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: alibaba.sh BUILD OUT.json      the Alibaba-compatible API: a signed, durable change (rule added, rule revoked)
# beside the same change by the native API, in turn on the same disk, and describing a group of 1,000 rules; one client,
# connections kept, everything signed beforehand
exec python3 "$(dirname "$0")/alibaba.py" "$1" "$2"
