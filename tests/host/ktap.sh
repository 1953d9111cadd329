#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: ktap.sh    TAP: scripts/tap finds what is wrong in the output of programs that
# scripts/ktap.sh has run, silence included.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../../scripts/lib.sh"
. "$(dirname "$0")/../../scripts/ktap.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
log=$work/log

# judged WHAT COUNT FAILURE < KTAP    what the judge says of it
judged()
{
	"$tree/scripts/tap" -v where=here >"$log"
	local status=0
	grep -q -x "count $2" "$log" || status=1
	[ -z "$3" ] || grep -q -x "not ok here $3" "$log" || status=1
	result $status "$1"
}

# program WHAT COUNT FAILURE LIMIT SCRIPT    of a shell script
program()
{
	{
		ktap_plan 1
		ktap_run it "$4" sh -c "$5"
	} >"$work/tap" 2>/dev/null
	judged "$1" "$2" "$3" <"$work/tap"
}

program "what passed and what was skipped is counted" "2 0 1" "" 10 \
	'echo 1..3; echo ok 1; echo ok 2 - b; echo "ok 3 - c # SKIP why"'
program "a failure is told by its name" "1 1 0" "it: b" 10 \
	'echo 1..2; echo ok 1 - a; echo not ok 2 - b; exit 1'
program "a program may be skipped" "0 0 1" "" 10 'echo "1..0 # SKIP why"'
program "by its status, too" "0 0 1" "" 10 'exit 4'
program "results that are missing are a failure" "1 1 0" \
	"it: printed 1 results of 2" 10 'echo 1..2; echo ok 1'
program "so are too many" "2 1 0" "it: printed 2 results, planned 1" 10 \
	'echo 1..1; echo ok 1; echo ok 2'
program "so is no plan" "0 1 0" "it: printed no plan" 10 'true'
program "so is a status, with all results" "1 1 0" "it: exited with 3" 10 \
	'echo 1..1; echo ok 1; exit 3'
program "so is a signal" "1 1 0" "it: killed by signal 11" 10 \
	'echo 1..1; echo ok 1; kill -SEGV $$'
program "so is the time limit" "1 1 0" "it: ran into the time limit" 1 \
	'echo 1..1; echo ok 1; sleep 20'
program "a line without its end does not hide the result" "0 1 0" \
	"it: printed no plan" 10 'printf unfinished'
judged "a guest that goes down is a failure" "0 1 0" \
	"it: did not end: the guest went down" < <(head -n 3 "$work/tap")
judged "also before its first program" "0 1 0" "suite: ran 0 programs of 1" \
	< <(head -n 2 "$work/tap")
finished
