#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What scripts/demo runs in the guest.
traced() { tools-run /sud/sudctl trace "$@"; }
step() { printf '\n== %s\n' "$*"; }

# The first use of the tools root prints nothing of its own.
tools-run true

step "This is Linux $(uname -r). What its own prctl says to Syscall User Dispatch:"
/tests/dynamic/demo ask

step "Loading sud.ko:"
insmod /lib/sud.ko || exit 1
ls -l /dev/sud

step "sudctl trace uname -sr:"
traced -o /tmp/trace uname -sr >/tmp/uname
cat /tmp/trace
made=$(grep -c ' = ' /tmp/trace)
echo "uname printed: $(cat /tmp/uname)"

step "ls, only the calls with a path:"
traced -e %file ls /

step "A static program:"
traced /tests/traced/children-static 2>&1 | tail -n 5

step "A pipeline with its children, counted:"
traced -f -c sh -c 'ls / | grep b | sort -r | head -n 2' 2>&1 | head -n 10

step "The same kernel answers getpid() for an example that emulates it:"
/tests/examples/getpid

step "A process that is armed holds the module:"
/tests/dynamic/demo hold &
sleep 1
rmmod sud 2>&1 | head -n 1
kill $! && wait $! 2>/dev/null
rmmod sud && echo "and when it is gone, rmmod works"

step "What was seen"
cat <<END
- this kernel's own prctl refuses Syscall User Dispatch
- with the module, the programs ran unchanged, yet none of uname's $made system calls was
  executed as it made it: the kernel handed each one back to code that sudctl had put into
  the program, which made it, and recorded it
END
[ "$made" -gt 10 ] && grep -q '^Linux' /tmp/uname
