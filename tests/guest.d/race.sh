#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The race test, for RACE_SECONDS; RACE_SEED repeats a run. By default 2 minutes on
# the four stock kernels together, and 10 on the three that look for bugs.
seconds=30
[ -z "$SUD_TEST_SLOW" ] || seconds=200
exec /tests/race/race -t "${RACE_SECONDS:-$seconds}" \
	${RACE_SEED:+-s "$RACE_SEED"}
