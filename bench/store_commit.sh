#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: store_commit.sh BUILD OUT.json      a commit of the store beside one bare SQLite WAL commit on the same disk
set -eu
folder=$(mktemp -d "$1/bench/store-XXXXXX")
trap 'rm -rf "$folder"' EXIT
"$1/bench/store_commit" "$folder" "$2"
