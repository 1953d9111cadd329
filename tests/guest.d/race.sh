#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The race test, for RACE_SECONDS; RACE_SEED repeats a run. By default it is longer
# on kernels that look for bugs.
seconds=30
if [ -n "$SUD_TEST_SLOW" ]; then
	seconds=200
	# Frees come as late as they come elsewhere: see tests/guest/init.
	echo 0 >/sys/kernel/rcu_expedited
fi
exec /tests/race/race -t "${RACE_SECONDS:-$seconds}" \
	${RACE_SEED:+-s "$RACE_SEED"}
