# SPDX-License-Identifier: GPL-2.0-only
# usage: awk -f whole.awk TRACE | awk [-v loose=1 [-v pool=1]] -f normal.awk
# What strace -f -o and sudctl trace -f -o both have to say: a line for each call, with its
# name and result, process by process as they are numbered. Numbers of processes and
# addresses differ from run to run. SIGCHLD comes when it comes, and so does the return of
# its handler. loose: of threads that wait for each other: the calls of all, by number,
# without those that waiting makes, and without the signals by which threads of Go interrupt
# each other, and without looks at children none of which has ended. pool: nor those by
# which a thread begins and ends, of a program that makes as many as it happens to need.

function value(text,	n, i, c)
{
	if (text ~ /^0x/) {
		for (i = 3; i <= length(text); i++) {
			c = index("0123456789abcdef", substr(text, i, 1)) - 1
			n = n * 16 + c
		}
		return n
	}
	# strace writes modes so.
	if (text ~ /^0[0-7]+$/) {
		for (i = 2; i <= length(text); i++)
			n = n * 8 + substr(text, i, 1)
		return n
	}
	return text
}

function add(pid, what)
{
	if (!(pid in lines))
		order[++pids] = pid
	lines[pid] = lines[pid] what "\n"
	count[what]++
}

{
	pid = $1
	sub(/^[0-9]+ +/, "")
}
/^---/ {
	if ($2 != "SIGCHLD" && $2 != "stopped" && !(loose && $2 == "SIGURG"))
		add(pid, $2)
	next
}
/^\+\+\+ superseded/ { next }
/^\+\+\+/ && pool { next }
/^\+\+\+/ { add(pid, $0); next }
{
	name = $0
	sub(/\(.*/, "", name)
	result = $0
	if (/<unfinished \.\.\.>\) += \?$/)
		result = "unfinished"
	else if (!sub(/^.*\) += /, "", result))
		next
	sub(/ \(.*/, "", result)
	if (name == "rt_sigreturn")
		next
	# The C library's names of temporary files: it draws again when the number drawn would
	# make some names likelier than others, one in 22.
	again = name == "getrandom" && before[pid] == name
	before[pid] = name
	if (again)
		next
	if (loose && name ~ /^(futex|madvise|munmap|mmap|mprotect|sched_yield|exit|nanosleep|clock_nanosleep|clock_gettime|poll|epoll_pwait|restart_syscall|getpid|tgkill)$/)
		next
	if (loose && name == "wait4" && result == "0")
		next
	if (pool && name ~ /^(clone|gettid|sigaltstack|rt_sigprocmask)$/)
		next
	result = value(result)
	# Its text is as long as the addresses in it.
	if (result ~ /^[0-9]+$/ && result + 0 > 0 && (loose || result + 0 > 1000000 ||
			name ~ /^(clone3?|v?fork|getp*[pgst]id|set_tid_address|wait4|getpgrp|getsid)$/))
		result = "N"
	add(pid, name " " result)
}
END {
	if (loose) {
		for (what in count)
			if (what !~ / \? | -1 EAGAIN/)
				print count[what], what | "sort"
		exit
	}
	# Not in the order in which they come: that of a child and its parent's call is open.
	for (i = 1; i <= pids; i++)
		for (j = i; j > 1 && order[j - 1] + 0 > order[j] + 0; j--) {
			pid = order[j]
			order[j] = order[j - 1]
			order[j - 1] = pid
		}
	for (i = 1; i <= pids; i++)
		printf "%s", "process " i "\n" lines[order[i]]
}
