#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A live patch of the hooked function: from 6.4 on it shares the function with
# the module, before it is refused. The patch lets every call run, so a natively
# armed thread shows that it is live, and one armed here that it changes nothing.
# shellcheck source=scripts/ktap.sh
. /tests/ktap.sh
# For ktap.sh: what the last run of semantics said.
log=/tmp/sem

kernel_has syscall_user_dispatch ||
	skip_all "the patch is of a function that this kernel does not have"
# Where each direct user has an ftrace_ops of its own, it may share the function.
shares=no
! kernel_has modify_ftrace_direct_nolock || shares=yes
patch=/sys/kernel/livepatch/sud_livepatch

# verdicts    "ok" or "not" for the module's thread, then the native one's
verdicts()
{
	timeout -s KILL 60 /tests/bin/semantics siginfo >$log 2>&1
	sed -n 's/^\(not\|ok\).* siginfo: .*/\1/p' $log | tr '\n' ' '
}
settled()
{
	i=0
	while [ $i -lt 60 ]; do
		[ "$(cat $patch/transition 2>/dev/null || echo 0)" = 0 ] && return 0
		sleep 1
		i=$((i + 1))
	done
	return 1
}
remove()
{
	echo 0 >$patch/enabled
	settled
	rmmod sud_livepatch
}

insmod /lib/sud_livepatch.ko 2>$log
status=$?
if [ $shares = no ]; then
	! is $status 0
	result $? "with the module loaded, a live patch is refused"
	is "$(verdicts)" "ok ok "
	result $? "and nothing has changed"
	finished
fi
result $status "a live patch loads beside the module"
settled && is "$(verdicts)" "ok not "
result $? "it is live for a natively armed thread, and changes nothing for one armed here"
remove
is "$(verdicts)" "ok ok "
result $? "and when it is gone all is as before"
rmmod sud
insmod /lib/sud_livepatch.ko && settled && insmod /lib/sud.ko
result $? "the module loads beside a live patch"
is "$(verdicts)" "ok not "
result $? "with the same verdicts"
rmmod sud
remove
insmod /lib/sud.ko
is "$(verdicts)" "ok ok "
result $? "and when both were gone all is as before"
finished
