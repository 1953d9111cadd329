#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# With the module's tracepoints on, blocked calls go another way through the module.
# The programs that check every register and every death have to say the same there.
# shellcheck source=scripts/ktap.sh
. /tests/ktap.sh
events=/sys/kernel/tracing/events/sud/enable
log=/tmp/traced-calls.log
[ -e $events ] || skip_all "no tracefs, or no events in this kernel"

for program in semantics semantics-32 sigreturn upcall upcall-32 upcall_bad upcall_regs \
	upcall_step area_dispatch selector_death inherit_behaviour; do
	echo 1 >$events
	status=0
	timeout -s KILL 100 "/tests/bin/$program" >$log 2>&1 || status=$?
	is "$(cat $events)" 1 || status=1
	if [ $status -eq 4 ]; then
		skip "$program" "nothing to do"
	else
		result $status "$program, with the tracepoints on"
	fi
done
echo 0 >$events
: >/sys/kernel/tracing/trace
finished
