#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# sudctl trace and inject: programs print and return what they do without, the calls are
# those that strace sees, and whoever kills sudctl does no harm to the program.
# shellcheck disable=SC2016
# shellcheck source=tests/traced/same.sh
. /tests/same.sh
traced=/tests/traced

# same_lines NAME    of what same() has traced: the lines of some calls, but for addresses
# that differ, and for the order of O_DIRECTORY
same_lines()
{
	for by in strace sudctl; do
		awk -f /tests/whole.awk $by.trace | sed -n 's/^[0-9]* *//; s/ *= /= /; /0x[0-9a-f]\{8\}\|"x"\|O_DIRECTORY/d
			/^\(access\|openat\|close\|read\|write\|pause\)(.*)=/p' >$by.lines
	done
	diff strace.lines sudctl.lines >$log && [ "$(wc -l <sudctl.lines)" -gt 20 ]
	result $? "$1: and so are the lines"
}

same exact ls ls -lR /etc/apt
same_lines ls
same exact perl perl -e 'print join(",", map { $_ * 2 } 1 .. 5), "\n"; print `echo child`'
# One writer to each pipe, which writes once: or the number of reads is open.
same loose pipeline bash -c 'for i in 1 2; do (cd /; ls | grep b) | sort; echo $i; done'
same exact busybox busybox sh -c 'ls / | wc -l; echo $(echo in)'
same exact signals $traced/signals
same_lines signals
same exact children $traced/children
same exact static $traced/children-static
same loose python python3 -c 'import threading
t = [threading.Thread(target=print, args=("thread",)) for _ in range(4)]
[(x.start(), x.join()) for x in t]'
same loose threads $traced/threads 20

# ended STATUS WHAT COMMAND...
ended()
{
	wanted=$1 what=$2 status=0
	shift 2
	tools-run timeout -s KILL 60 "$@" >$log 2>&1 </dev/null || status=$?
	is $status "$wanted" || echo "# exit status $status"
	is $status "$wanted"
	result $? "$what"
}
says() { grep -Eq -- "$1" $log; result $? "and says so: $1"; }

ended 0 "threads that are cancelled in a call, and one that calls exec" \
	/sud/sudctl trace -f -o /tmp/sudctl.trace $traced/cancel
is "$(cat $log)" "$(printf 'cancelled\n%.0s' 1 2 3 4 5; echo 'exec by a thread')"
result $? "end as without"
ended 0 "processes that are killed as they make children" \
	/sud/sudctl trace -f -o /dev/null $traced/orphans 100
is "$(cat $log)" "all have ended"
result $? "leave no child that waits for ever"
ended 3 "an exit status is passed on" /sud/sudctl trace -o /tmp/o sh -c 'exit 3'
ended 143 "and so is a signal" /sud/sudctl trace -o /tmp/o sh -c 'kill -TERM $$'
ended 127 "a command that is not there" /sud/sudctl trace nosuch
says '^sudctl: nosuch: command not found$'
ended 126 "one that cannot be executed" /sud/sudctl trace /etc/passwd
says '^sudctl: /etc/passwd: Permission denied$'
ended 2 "a call that does not exist" /sud/sudctl trace -e nosuch ls
says 'no system call "nosuch"'
ended 1 "a process that is not there" /sud/sudctl trace -p 99999
says '^sudctl: 99999 cannot be traced: No such process$'
ended 1 "a full disk for the output" /sud/sudctl trace -o /dev/full sh -c 'echo written >/tmp/full'
says '^sudctl: the output cannot be written: No space left on device$'
is "$(cat full)" written
result $? "and the program goes on"

ended 0 "-c" /sud/sudctl trace -c $traced/reads 1000
says '^ *[0-9.]+ +[0-9.]+ +[0-9]+ +100[0-9] +read$'
ended 0 "-e of one call" /sud/sudctl trace -e trace=read -o /tmp/o $traced/reads 10
[ "$(grep -c '^read(' o)" -ge 10 ] && ! grep -q '^open' o
result $? "shows no others"
ended 1 "inject's error" /sud/sudctl inject -e write:error=ENOSPC -o /tmp/o echo hello
grep -q '^write(1, "hello\\n", 6) .* = -1 ENOSPC (No space left on device) (INJECTED)$' o
result $? "is what the call returned"
ended 0 "inject with when" /sud/sudctl inject -e getppid:retval=77:when=2+2 -o /tmp/o \
	python3 -c 'import os; print([os.getppid() == 77 for _ in range(5)])'
says '^\[False, True, False, True, False\]$'
ended 138 "inject's signal" /sud/sudctl inject -e getppid:signal=USR1 -o /tmp/o \
	python3 -c 'import os; os.getppid()'

# To a running program, and away again.
cat >busy.py <<'END'
import os, threading, time
r, w = os.pipe()
t = [threading.Thread(target=os.read, args=(r, 1)) for _ in range(2)]
[x.start() for x in t]
while not os.path.exists("/tmp/enough"):
	os.getppid()
	time.sleep(0.01)
os.write(w, b"xx")
[x.join() for x in t]
print("fine")
END
rm -f enough
tools-run python3 /tmp/busy.py >busy.out 2>&1 &
sleep 2
pid=$(pidof python3)
maps=$(grep -c . "/proc/$pid/maps")
ok=0
for _ in 1 2 3; do
	tools-run timeout -s INT 1 /sud/sudctl trace -f -p "$pid" -o /tmp/attached >$log 2>&1
	grep -q 'getppid()' attached || ok=1
done
result $ok "-p shows the calls of a running program, three times"
is "$(grep -c sudctl "/proc/$pid/maps"):$(grep -c . "/proc/$pid/maps")" "0:$maps"
result $? "and leaves its memory as it was"
echo 1 >enough
wait
is "$(cat busy.out)" fine
result $? "and its threads, blocked ones too"

# Killed at any moment.
for program in "busy reads 10000" "busy threads 100" "busy forks 10" "busy execs 3" "busy signals 50" \
	"orphans 20"; do
	# shellcheck disable=SC2086
	timeout 100 $traced/kill 5 $$ $traced/$program >$log 2>&1
	status=$?
	grep '^#' $log
	result $status "${program% *}: ends as without when sudctl is killed at any moment"
done
sleep 1
rmmod sud && insmod /lib/sud.ko
result $? "and no thread is left armed"

# Two CPUs; as often as not the host has other things to do.
bare=$(tools-run $traced/reads 20000)
by_sudctl=$(tools-run /sud/sudctl trace -o /tmp/o $traced/reads 20000)
by_strace=$(tools-run strace -o /tmp/o $traced/reads 1000)
echo "# one read: $bare ns, with sudctl $by_sudctl, with strace $by_strace"
[ $((by_sudctl * 15)) -lt "$by_strace" ]
result $? "a traced call takes less than a fifteenth of strace's time"
finished
