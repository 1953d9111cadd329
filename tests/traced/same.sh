# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
# For the tests that run programs as they are, under sudctl trace, and under strace.
# Sourced; they are in /tmp then.
# shellcheck source=scripts/ktap.sh
. /tests/ktap.sh
[ -z "$SUD_TEST_SLOW" ] || skip_all "strace would take many minutes here"
tools-run true 2>/dev/null ||
	skip_all "this kernel has no 9p, by which the tools would come"
cd /tmp || exit 1
log=/tmp/traced.log

# Comes before each of the three runs, for a program that finds what the one before left.
prepare() { :; }

# same HOW NAME COMMAND...
# HOW is exact, or loose for threads that wait for each other, or pool for as many as the
# program happens to need
same()
{
	how=$1 name=$2 plain=0 status=0
	shift 2
	prepare
	tools-run "$@" >plain.out 2>plain.err </dev/null || plain=$?
	prepare
	tools-run timeout -s KILL 60 /sud/sudctl trace -f -o /tmp/sudctl.trace "$@" \
		>traced.out 2>traced.err </dev/null || status=$?
	{
		[ $status -eq $plain ] || echo "exit status $status, plain $plain"
		diff plain.out traced.out
		diff plain.err traced.err
	} >$log
	is "$(cat $log)" ""
	result $? "$name: output and exit status are as without"
	prepare
	tools-run timeout -s KILL 100 strace -f -o /tmp/strace.trace "$@" \
		>strace.out 2>strace.err </dev/null
	loose=$([ "$how" = exact ] || echo 1) pool=$([ "$how" != pool ] || echo 1)
	for by in strace sudctl; do
		awk -f /tests/whole.awk $by.trace |
			awk -v loose="$loose" -v pool="$pool" -f /tests/normal.awk >$by.calls
	done
	diff strace.calls sudctl.calls >$log && [ "$(wc -l <sudctl.calls)" -gt 5 ]
	result $? "$name: the calls are those that strace sees"
}
