#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What scripts/demo runs in the guest.
traced() { tools-run LD_PRELOAD=/sud/libsud-trace.so "$@"; }
step() { printf '\n== %s\n' "$*"; }

# The first use of the tools root prints nothing of its own.
tools-run true

step "This is Linux $(uname -r). What its own prctl says to Syscall User Dispatch:"
/tests/dynamic/demo ask

step "Loading sud.ko:"
insmod /lib/sud.ko || exit 1
ls -l /dev/sud

step "uname -sr, plain:"
tools-run uname -sr

step "uname -sr, every system call handed to a library instead of the kernel:"
traced uname -sr 2>&1 >/tmp/uname | tee /tmp/uname.trace
echo "uname printed: $(cat /tmp/uname)"

step "head -n 1 /etc/os-release, the same way:"
traced head -n 1 /etc/os-release 2>&1 >/tmp/head | tee /tmp/head.trace
echo "head printed: $(cat /tmp/head)"

step "A process that is armed holds the module:"
/tests/dynamic/demo hold &
sleep 1
rmmod sud 2>&1 | head -n 1
kill $! && wait $! 2>/dev/null
rmmod sud && echo "and when it is gone, rmmod works"

step "What was seen"
cat <<END
- this kernel's own prctl refuses Syscall User Dispatch
- with the module, uname and head ran unchanged, yet not one of their
  $(cat /tmp/uname.trace /tmp/head.trace | grep -c '(') system calls was executed as they made it: the kernel handed each one
  back, and a library in the program answered it
- uname's answer was made up there: it believes that it runs on Plan9
END
grep -q Plan9 /tmp/uname && grep -q Debian /tmp/head
