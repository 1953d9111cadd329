#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Each of examples/ sees what it is to show.
# shellcheck source=scripts/ktap.sh
. /tests/ktap.sh
log=/tmp/example
for program in /tests/examples/*; do
	# trace.so is not a program, and has a script of its own; supervisor runs supervised.
	case $program in *.so | *.h | */supervised) continue ;; esac
	status=0
	timeout -s KILL 20 "$program" >$log 2>&1 || status=$?
	sed 's/^/# /' $log
	result $status "examples/${program##*/}"
done
finished
