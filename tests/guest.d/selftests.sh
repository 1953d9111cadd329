#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The kernel's own selftests of Syscall User Dispatch, unchanged, against the
# module: their prctl() goes through the preloaded library.
# shellcheck source=scripts/ktap.sh
. /tests/ktap.sh
log=/tmp/selftests

# preloaded PROGRAM    with the library
preloaded()
{
	LD_PRELOAD=/sud/libsud-prctl.so timeout -s KILL 60 \
		"/tests/selftests/$1" >$log 2>&1
}

# Each of its tests must have passed, and there must be all seven.
preloaded sud_test
grep -q 'pass:7 fail:0 xfail:0 xpass:0 skip:0 error:0' $log
result $? "sud_test: 7 of 7"

# It must have been the module that did it: without the library, the same program
# passes as far as the kernel itself has SUD.
timeout -s KILL 60 /tests/selftests/sud_test >$log 2>&1
native=$?
case $(prctl_modes) in
"")
	[ $native -ne 0 ]
	result $? "and without the library it fails on this kernel"
	;;
"1 2")
	result $native "and it still passes natively, the module loaded"
	;;
*)
	# These kernels have no inclusive mode, of which two of the tests are.
	is "$(sed -n 's/^not ok [0-9]* global\.//p' $log | xargs)" \
		"bad_prctl_param dispatch_range"
	result $? "and natively all passes but the inclusive mode, which this kernel lacks"
	;;
esac

# get_set_sud asks ptrace for the native configuration of an unarmed child.
if kernel_has syscall_user_dispatch_get_config; then
	preloaded get_set_sud
	result $? "get_set_sud"
else
	skip "get_set_sud" "this kernel has no such ptrace requests"
fi
finished
