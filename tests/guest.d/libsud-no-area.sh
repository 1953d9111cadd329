#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# libsud's tests once more, with its selectors in thread-local storage, as where the
# module has no control areas.
# shellcheck source=scripts/ktap.sh
. /tests/ktap.sh
log=/tmp/libsud-no-area
export LIBSUD_NO_AREA=1

for f in /tests/bin/libsud*; do
	# These take long, and are about what has no selector.
	case $f in *_matrix | *_all) continue ;; esac
	timeout -s KILL 150 "$f" >$log 2>&1
	status=$?
	[ $status -eq 0 ] || grep -E '^not ok|^# ' $log
	result $status "${f##*/}, without an area"
done
rm -f $log
finished
