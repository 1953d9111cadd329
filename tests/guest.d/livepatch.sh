#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A live patch of the hooked function: from 6.4 on it shares the function with
# the module, before it is refused. The patch lets every call run, so a natively
# armed thread shows that it is live, and one armed here that it changes nothing.
n=0
# result STATUS WHAT; is A B is true when they are the same
is() { [ "$1" = "$2" ]; }
result()
{
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		sed 's/^/# /' /tmp/sem
		echo "not ok $n - $2"
	fi
}

case $(uname -r) in
5.10.*)
	echo "1..0 # SKIP the patch is of a function that 5.10 does not have"
	exit 0
	;;
6.1.*) shares=no ;;
*) shares=yes ;;
esac
patch=/sys/kernel/livepatch/sud_livepatch

# verdicts    "ok" or "not" for the module's thread, then the native one's
verdicts()
{
	timeout -s KILL 60 /tests/bin/semantics siginfo >/tmp/sem 2>&1
	sed -n 's/^\(not\|ok\).* siginfo: .*/\1/p' /tmp/sem | tr '\n' ' '
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

insmod /lib/sud_livepatch.ko 2>/tmp/sem
status=$?
if [ $shares = no ]; then
	! is $status 0
	result $? "with the module loaded, a live patch is refused"
	is "$(verdicts)" "ok ok "
	result $? "and nothing has changed"
	echo "1..$n"
	exit 0
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
echo "1..$n"
