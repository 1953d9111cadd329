#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The race test, for RACE_SECONDS; RACE_SEED repeats a run.
exec /tests/race/race -t "${RACE_SECONDS:-30}" ${RACE_SEED:+-s "$RACE_SEED"}
