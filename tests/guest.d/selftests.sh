#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The kernel's own selftests of Syscall User Dispatch, unchanged, against the
# module: their prctl() goes through the preloaded library.
echo 1..3

log=$(LD_PRELOAD=/sud/libsud-prctl.so timeout -s KILL 60 \
	/tests/selftests/sud_test 2>&1)
echo "$log" | sed 's/^/# /'
# Each of its tests must have passed, and there must be all seven.
case $log in
*"pass:7 fail:0 xfail:0 xpass:0 skip:0 error:0"*) echo "ok 1 - sud_test: 7 of 7" ;;
*) echo "not ok 1 - sud_test: 7 of 7" ;;
esac

# It must have been the module that did it: without the library, on a kernel
# that has no SUD, the same program fails.
timeout -s KILL 60 /tests/selftests/sud_test >/tmp/native 2>&1
native=$?
case $(uname -r) in
5.10.*)
	if [ $native -ne 0 ]; then
		echo "ok 2 - and without the library it fails on this kernel"
	else
		echo "not ok 2 - and without the library it fails on this kernel"
	fi
	;;
7.*)
	if [ $native -eq 0 ]; then
		echo "ok 2 - and it still passes natively, the module loaded"
	else
		sed 's/^/# /' /tmp/native
		echo "not ok 2 - and it still passes natively, the module loaded"
	fi
	;;
*)
	# These kernels have no inclusive mode, of which two of the tests are.
	failed=$(sed -n 's/^not ok [0-9]* global\.//p' /tmp/native | tr '\n' ' ')
	if [ "$failed" = "bad_prctl_param dispatch_range " ]; then
		echo "ok 2 - and natively all passes but the inclusive mode, which this kernel lacks"
	else
		sed 's/^/# /' /tmp/native
		echo "not ok 2 - and natively all passes but the inclusive mode ($failed)"
	fi
	;;
esac

# get_set_sud asks ptrace for the native configuration of an unarmed child.
log=$(LD_PRELOAD=/sud/libsud-prctl.so timeout -s KILL 60 \
	/tests/selftests/get_set_sud 2>&1)
status=$?
echo "$log" | sed 's/^/# /'
case $(uname -r) in
5.10.* | 6.1.*) echo "ok 3 - get_set_sud # SKIP no such ptrace requests before 6.4" ;;
*)
	if [ $status -eq 0 ]; then
		echo "ok 3 - get_set_sud"
	else
		echo "not ok 3 - get_set_sud"
	fi
	;;
esac
