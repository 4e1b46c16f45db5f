#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: controller_change.sh BUILD OUT.json      the controller's own work for a change, without disk and network
exec "$1/bench/controller_change" "$2"
