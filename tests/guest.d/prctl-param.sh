#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The module parameter prctl: the kernel's own prctl number is served by the module,
# with 1 where the kernel lacks it or a mode of it, with 2 everywhere; for static
# programs too.
# shellcheck source=scripts/ktap.sh
. /tests/ktap.sh
log=/tmp/prctl-param

parameter() { cat /sys/module/sud/parameters/prctl; }

# reload PARAMETER...    the module, with these
reload()
{
	rmmod sud 2>>$log
	insmod /lib/sud.ko "$@" 2>>$log
}

# The kernel's own tests, unchanged, static, not preloaded.
stock() { timeout -s KILL 60 /tests/selftests/sud_test-static >$log 2>&1; }
all_seven()
{
	grep -q 'pass:7 fail:0 xfail:0 xpass:0 skip:0 error:0' $log
}
failed() { sed -n 's/^not ok [0-9]* global\.//p' $log | tr '\n' ' '; }

# run PROGRAM [FILTER]    every one of its tests passes
run()
{
	program=/tests/bin/$1
	shift
	timeout -s KILL 150 "$program" "$@" >$log 2>&1
	status=$?
	grep -E '^not ok|^# ' $log >$log.short
	plan=$(sed -n 's/^1\.\.//p' $log)
	[ $status -eq 0 ] && [ "${plan:-0}" -gt 0 ] &&
		[ "$(grep -c '^ok ' $log)" -eq "$plan" ]
	status=$?
	[ $status -eq 0 ] || cp $log.short $log
	return $status
}

# Tests whose body runs through the prctl as well do so in this kernel, too, and
# in both modes.
through_prctl()
{
	run "$@" || return 1
	[ "$(grep -c '(native)' $log)" -gt 0 ] &&
		! grep -q "this kernel's prctl has no" $log
}

rmmod sud
native_modes=$(prctl_modes)
dmesg -c >/dev/null
reload prctl=1 && is "$(parameter)" 1
result $? "the module loads with prctl=1"
if [ "$native_modes" = "1 2" ]; then
	dmesg | grep -q "sud: prctl=1 changes nothing"
	result $? "it says that this changes nothing here"
else
	! dmesg | grep -q "sud: prctl"
	result $? "it has nothing to say about that"
fi
stock && all_seven
result $? "the kernel's own tests, static and not preloaded: 7 of 7"

bits=32
! runs_x32 || bits="$bits x32"
# Some tests of the parameter itself need not be run twice.
export SUD_PRCTL_PARAM=1
for b in '' $bits; do
	b=${b:+-$b}
	run "prctl_raw$b"
	result $? "prctl_raw$b: all of it, with prctl=1"
	run "prctl_load$b"
	result $? "prctl_load$b: all of it, with prctl=1"
	is "$(parameter)" 1 || reload prctl=1
	through_prctl "semantics$b"
	result $? "semantics$b: all of it, through the prctl too"
	through_prctl "selector$b"
	result $? "selector$b: all of it, through the prctl too"
done
through_prctl sigreturn-32 vdso
result $? "sigreturn-32: the vDSO's is exempt through the prctl too"
through_prctl lifecycle _off
result $? "lifecycle: children and new images are off"

reload prctl=2 && is "$(parameter)" 2
result $? "the module loads with prctl=2"
stock && all_seven
result $? "the kernel's own tests, with prctl=2: 7 of 7"
run prctl_raw && ! grep -q "the module does not serve" $log
result $? "prctl_raw: all of it from the module, with prctl=2"
through_prctl semantics
result $? "semantics: all of it, through the prctl too, with prctl=2"
run prctl_load natively_armed
result $? "what the kernel has armed before stays the kernel's, with prctl=2"

reload && is "$(parameter)" 0
result $? "the module loads without it, which is the default"
stock
case $(prctl_modes) in
"")
	! all_seven
	result $? "and then the kernel's own tests fail on this kernel"
	;;
"1 2")
	all_seven
	result $? "and then the kernel's own tests pass natively"
	;;
*)
	# These kernels have no inclusive mode, of which two of the tests are.
	is "$(failed)" "bad_prctl_param dispatch_range "
	result $? "and then the kernel's own tests lack the inclusive mode"
	;;
esac

# As it was for the programs after this one.
# shellcheck disable=SC2046
reload $(cat /etc/sud/param)
result $? "the module is loaded as it was"
finished
