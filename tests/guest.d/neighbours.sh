#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# bpftrace on the hooked function: a kprobe shares it, a direct user (fentry)
# does not, and whoever comes second is told so.
# shellcheck source=scripts/ktap.sh
. /tests/ktap.sh
if [ -n "$SUD_TEST_SLOW" ] && ! kernel_has netfs_readahead; then
	# Its 9p reads a page at a time, and each takes milliseconds there.
	skip_all "bpftrace takes many minutes to be read here"
fi
tools-run true 2>/dev/null ||
	skip_all "this kernel has no 9p, by which the tools would come"
hooked=syscall_user_dispatch
kernel_has $hooked || hooked=syscall_trace_enter.constprop.0

# start PROGRAM    runs bpftrace until stop; true when it has attached
start()
{
	rm -f /tmp/bpf
	tools-run bpftrace -B line -e "$1" >/tmp/bpf 2>&1 &
	pid=$!
	i=0
	while [ $i -lt 120 ]; do
		grep -q '^ready' /tmp/bpf && return 0
		kill -0 $pid 2>/dev/null || return 1
		sleep 1
		i=$((i + 1))
	done
	return 1
}
stop()
{
	kill -INT $pid 2>/dev/null
	wait $pid 2>/dev/null
}
semantics() { timeout -s KILL 100 /tests/bin/semantics siginfo >/tmp/sem 2>&1; }

start "kprobe:$hooked { @calls = count(); } interval:s:1 { printf(\"ready\n\"); }"
status=$?
[ $status -eq 0 ] || sed 's/^/# /' /tmp/bpf
result $status "bpftrace's kprobe attaches to the hooked function"
semantics
result $? "and blocked calls are still dispatched"
stop
sed 's/^/# /' /tmp/bpf | tail -n 3
grep -q '^@calls: [1-9]' /tmp/bpf
result $? "and the kprobe saw them"

fentry="fentry:vmlinux:$hooked { @calls = count(); } interval:s:1 { printf(\"ready\n\"); }"
case $hooked-$(ls /sys/kernel/btf 2>/dev/null) in
*.constprop.*)
	for what in "refused" "first" "told"; do
		skip "fentry $what" "BPF cannot name $hooked"
	done
	;;
*-)
	for what in "refused" "first" "told"; do
		skip "fentry $what" "this kernel has no BTF"
	done
	;;
*)
	if start "$fentry"; then
		stop
		result 1 "bpftrace's fentry on the hooked function is refused"
	else
		sed 's/^/# /' /tmp/bpf | tail -n 3
		semantics
		result $? "bpftrace's fentry is refused, and blocked calls are still dispatched"
	fi
	rmmod sud
	if start "$fentry"; then
		! insmod /lib/sud.ko 2>/dev/null && ! test -e /dev/sud
		result $? "with fentry there first, the module does not load"
		dmesg | grep 'sud:' | tail -n 1 | sed 's/^/# /'
		dmesg | tail -n 5 |
			grep -q "sud: $hooked is taken: stop the BPF program"
		result $? "and says what to do"
		stop
	else
		sed 's/^/# /' /tmp/bpf
		result 1 "bpftrace's fentry attaches when the module is not loaded"
		result 1 "so nothing could be told"
	fi
	insmod /lib/sud.ko
	;;
esac
semantics
result $? "afterwards all is as before"
finished
