#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# examples/trace.c changes nothing of a program, and misses none of its threads and
# children.
# shellcheck disable=SC2016
# shellcheck source=scripts/ktap.sh
. /tests/ktap.sh
lines=/tmp/trace-lines
traced="TRACE=$lines LD_PRELOAD=/tests/examples/trace.so"

# same WHAT COMMAND...    plain and traced, it prints and returns the same
same()
{
	what=$1
	shift
	rm -f $lines
	timeout -s KILL 60 "$@" >/tmp/plain 2>&1
	plain=$?
	# shellcheck disable=SC2086
	timeout -s KILL 60 env $traced "$@" >/tmp/traced 2>&1
	status=$?
	[ $status -eq $plain ] || echo "# status $status, plain $plain"
	cmp /tmp/plain /tmp/traced >/dev/null || sed 's/^/# /' /tmp/traced
	[ $status -eq $plain ] && cmp /tmp/plain /tmp/traced >/dev/null
	result $? "$what: the same as plain"
}

# at_least N PATTERN WHAT    so many lines of the trace
at_least()
{
	n=$(grep -c "$2" $lines)
	[ "$n" -ge "$1" ] || echo "# $n lines with $2, not $1"
	[ "$n" -ge "$1" ]
	result $? "$3"
}

# tasks N WHAT    so many threads and processes have lines
tasks()
{
	n=$(cut -d ' ' -f 1 $lines | sort -u | wc -l)
	[ "$n" -ge "$1" ] || echo "# $n, not $1"
	[ "$n" -ge "$1" ]
	result $? "$2"
}

program=/tests/dynamic/traced

same threads $program threads
tasks 13 "threads: each has lines"
at_least 360 ' read(.*) = 8$' "threads: every read has a line"
at_least 12 ' exit(.*) = ?$' "threads: so has each one's end"

# Of the shells nothing is seen: busybox is static.
same children $program children
tasks 6 "children: each has lines, vfork's up to its exec"
at_least 3 ' execve(' "children: their exec is in them"
at_least 30 ' read(.*) = 8$' "children: fork's child goes on being traced"
at_least 1 ' vfork(.*) = [1-9]' "children: so does vfork's parent"

same signals $program signals
at_least 4 ' rt_sigreturn(' "signals: the way back from handlers is seen"

same descriptors $program descriptors
at_least 1 ' close(.*) = -9$' "descriptors: closing all leaves the tracer its own"
at_least 1 ' exit_group(' "descriptors: which it still has at the end"

same exec $program exec
at_least 1 ' execve(.*) = -2$' "exec: one that fails has its error"
at_least 360 ' read(.*) = 8$' "exec: the new image is traced"

same abort $program abort

# A shell that is dynamic, with what it starts.
if tools-run dash -c : 2>/dev/null; then
	script='x=$(echo a | cat); trap "echo trapped" USR1; kill -USR1 $$
		(exit 3); echo "$x $?"; ls -d /usr | sed s/usr/root/; exit 5'
	tools-run dash -c "$script" >/tmp/plain 2>&1
	rm -f $lines
	# shellcheck disable=SC2086
	tools-run $traced dash -c "$script" >/tmp/traced 2>&1
	status=$?
	cmp /tmp/plain /tmp/traced >/dev/null && [ $status -eq 5 ]
	result $? "dash: the same as plain, from its first call"
	tasks 5 "dash: its subshells and pipelines have lines"
else
	skip dash "no tools root here"
fi
finished
