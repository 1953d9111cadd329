#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# sudctl status and doctor: as root and as a plain user, with the module absent, the
# switch off and the device out of reach; their exit status and their JSON.
# shellcheck source=scripts/ktap.sh
. /tests/ktap.sh
log=/tmp/sudctl.log
grep -q '^daemon:' /etc/passwd || echo 'daemon:x:1:1::/:/bin/sh' >>/etc/passwd
allow=/sys/module/sud/parameters/allow_arming

# said STATUS WHAT COMMAND...    the command exits so; $log has what it printed
said()
{
	wanted=$1 what=$2 status=0
	shift 2
	timeout -s KILL 60 "$@" >$log 2>&1 || status=$?
	is $status "$wanted" || echo "# exit status $status"
	is $status "$wanted"
	result $? "$what"
}

# has PATTERN WHAT    a line of $log matches; and none does
has() { grep -Eq -- "$1" $log; result $? "$2"; }
has_no() { ! grep -Eq -- "$1" $log; result $? "$2"; }

# as_nobody COMMAND...    in a word each, for said
cat >/tmp/as_nobody <<'END'
#!/bin/sh
exec su -s /bin/sh nobody -c "exec $*"
END
chmod 755 /tmp/as_nobody

# json WHAT EXPRESSION    $log is JSON, of which the expression is true in Python
json()
{
	cp $log /tmp/sudctl.json
	tools-run python3 -c '
import json, sys
d = json.load(open("/tmp/sudctl.json"))
sys.exit(0 if eval("(" + sys.argv[1] + ")") else 1)' "$2" >/tmp/python.log 2>&1
	status=$?
	[ $status -eq 0 ] || sed 's/^/# /' /tmp/python.log
	result $status "$1"
}

# Wrong usage is 2, and one line.
for words in "" nonsense --nonsense "status nonsense" "doctor --nonsense" "help nonsense"; do
	# shellcheck disable=SC2086
	said 2 "sudctl $words: wrong usage" sudctl $words
	[ "$(wc -l <$log)" -eq 1 ] && grep -q '^sudctl: ' $log
	result $? "sudctl $words: one line says why"
done
for words in --help help "help status" "help doctor" "status --help" "doctor --help"; do
	# shellcheck disable=SC2086
	said 0 "sudctl $words" sudctl $words
	[ "$(wc -l <$log)" -le 24 ] && ! grep -q '.\{81\}' $log
	result $? "sudctl $words: fits a screen"
done
said 0 "sudctl --version" sudctl --version
is "$(cat $log)" "sudctl $(cat /sys/module/sud/version)"
result $? "sudctl --version: the module's"
said 1 "sudctl status: a full disk" sh -c 'sudctl status >/dev/full'

said 0 "status, nobody armed" sudctl status
has '^armed +0 now' "status: nobody is armed"
has '^arming +allowed' "status: arming is allowed"
has '^hook +(syscall_user_dispatch|syscall_trace_enter)' "status: the hook"

# An armed process of root's, and one of nobody's.
/tests/dynamic/demo hold >/dev/null 2>&1 &
root=$!
/tmp/as_nobody /tests/dynamic/demo hold >/dev/null 2>&1 &
sleep 2
said 0 "status, as root" sudctl status
has "^ *$root +$root +demo +(exclusive|inclusive) +(sigsys|upcall) " "status: root's process"
is "$(grep -c ' demo ' $log)" 2
result $? "status: root sees both"
has '^armed +2 now' "status: two are armed"
said 0 "status --json, as root" sudctl status --json
json "status --json: root sees both" 'len(d["threads"]) == 2 and
	all(t["command"] == "demo" and t["pid"] == t["tid"] for t in d["threads"])'
json "status --json: the counters add up" 'd["counters"]["armed"] +
	d["counters"]["inherited"] - d["counters"]["disarmed"] == 2'
json "status --json: the rest" 'd["abi"] == 1 and d["arming_allowed"] is True and
	d["forbidden_by"] is None and d["hook"] and d["parameters"]["allow_arming"] == "Y"'
said 0 "status, as nobody" /tmp/as_nobody /sud/sudctl status
has_no "^ *$root " "status: nobody does not see root's process"
is "$(grep -c ' demo ' $log)" 1
result $? "status: nobody sees his own"
kill $root
killall demo 2>/dev/null
wait

# A listener: the delivery of who is armed for it, and what has been counted since.
listened() { sudctl status | sed -n 's/^handed back .*, \([0-9]*\) to a listener; .*/\1/p'; }
before=$(listened)
/tests/dynamic/demo notify >/dev/null 2>&1 &
root=$!
/tests/examples/supervisor >/dev/null 2>&1
sleep 2
# supervised.c makes so many calls.
after=$((before + 14))
said 0 "status, with a listener" sudctl status
has "^ *$root +$root +demo +exclusive +notify " "status: the delivery is notify"
has "^handed back .*, $after to a listener; " "status: the calls to a listener are counted"
said 0 "status --json, with a listener" sudctl status --json
json "status --json: the delivery, and the count" 'd["counters"]["notifies"] == '$after' and
	[t["delivery"] for t in d["threads"]] == ["notify"]'
kill $root
wait

said 0 "doctor, as root" sudctl doctor
has '^ok +test-sigsys ' "doctor: SIGSYS"
has '^ok +test-upcall ' "doctor: upcall in registers"
has '^ok +test-frames ' "doctor: upcall with frames"
has '^ok +test-notify ' "doctor: a listener"
has '^ok +hook .*the module' "doctor: the function is the module's"
has '^ok +ftrace ' "doctor: ftrace"
has '^ok +switch ' "doctor: the switch"
has '^It works here' "doctor: it works"
sed 's/^/# /' $log
said 0 "doctor, as nobody" /tmp/as_nobody /sud/sudctl doctor
has '^It works here' "doctor, as nobody: it works"
has '^unknown +hook .*root' "doctor, as nobody: what needs root"
said 0 "doctor --json" sudctl doctor --json
json "doctor --json" 'd["works"] is True and
	[c["verdict"] for c in d["checks"] if c["check"].startswith("test-")] == ["ok"] * 4 and
	all(c["verdict"] in ("ok", "note", "unknown", "bad") and c["found"] for c in d["checks"])'

echo 0 >$allow
said 1 "doctor, the switch off" sudctl doctor
has '^bad +switch +.*allow_arming' "doctor: the switch is off"
has '-> echo 1 >/sys/module/sud/parameters/allow_arming' "doctor: how to switch it on"
said 0 "status, the switch off" sudctl status
has '^arming +forbidden by .*allow_arming' "status: the switch is off"
said 0 "status --json, the switch off" sudctl status --json
json "status --json: the switch is off" 'd["arming_allowed"] is False and
	d["forbidden_by"].endswith("allow_arming")'
echo 1 >$allow
sysctl=/proc/sys/kernel/syscall_user_dispatch
if [ -e $sysctl ]; then
	echo 0 >$sysctl
	said 1 "doctor, the kernel's switch off" sudctl doctor
	has '-> sysctl kernel.syscall_user_dispatch=1' "doctor: the kernel's switch"
	echo 1 >$sysctl
fi

# What this guest has not, made for the check to find.
release=$(uname -r)
mkdir -p /boot
config=/boot/config-$release
cat >"$config" <<END
CONFIG_MODULES=y
CONFIG_KPROBES=y
CONFIG_TRACEPOINTS=y
CONFIG_DYNAMIC_FTRACE_WITH_REGS=y
CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS=y
END
said 0 "doctor, with a configuration" sudctl doctor
has '^ok +options .*[(]/boot/config-' "doctor: all options are there"
sed -i 's/^CONFIG_KPROBES=y/# CONFIG_KPROBES is not set/' "$config"
echo '# CONFIG_SYSCALL_USER_DISPATCH is not set' >>"$config"
said 0 "doctor, with another configuration" sudctl doctor
has '^bad +options .* CONFIG_KPROBES CONFIG_SYSCALL_USER_DISPATCH ' "doctor: two options lack"
rm "$config"
has '^note +headers ' "doctor: no headers, which are not needed now"
headers=/lib/modules/$release/build
mkdir -p "$headers"
touch "$headers/Makefile"
said 0 "doctor, with headers" sudctl doctor
has '^ok +headers +/lib/modules/' "doctor: the headers are there"
rm -r "$headers"
said 0 "doctor, in a container" env container=podman sudctl doctor
has '^note +container +podman' "doctor: in a container"
# Where the kernel can say it: the test is of what sudctl makes of that.
mount -t securityfs securityfs /sys/kernel/security 2>/dev/null
if [ -e /sys/kernel/security/lockdown ]; then
	said 0 "doctor, lockdown" sudctl doctor
	has '^ok +lockdown +off' "doctor: lockdown is off"
fi

chgrp nogroup /dev/sud
chmod 660 /dev/sud
said 1 "doctor, for a group only" su -s /bin/sh daemon -c "exec /sud/sudctl doctor"
has '-> usermod -aG nogroup daemon' "doctor: which group has the device"
chgrp root /dev/sud
chmod 600 /dev/sud
said 1 "doctor, no permission" /tmp/as_nobody /sud/sudctl doctor
has '^bad +device .*mode 600' "doctor: the device is not for everybody"
has '-> chmod 666 /dev/sud' "doctor: how to give it"
said 1 "status, no permission" /tmp/as_nobody /sud/sudctl status
is "$(wc -l <$log)" 1
result $? "status, no permission: one line"
chmod 666 /dev/sud

mv /dev/sud /dev/sud.away
said 1 "doctor, no device" sudctl doctor
has '^bad +device .*No such file' "doctor: no device"
mknod -m 666 /dev/sud c 1 3
said 1 "doctor, another device in its place" sudctl doctor
has '^bad +device .*not the module' "doctor: another device"
said 1 "status, another device in its place" sudctl status
rm /dev/sud
mv /dev/sud.away /dev/sud

rmmod sud
said 1 "doctor, no module" sudctl doctor
has '^bad +module ' "doctor: the module is not there"
has '^bad +test-sigsys .*not loaded' "doctor: nothing was tried"
has '^ok +hook .*nobody' "doctor: nobody has the function"
said 1 "status, no module" sudctl status
has '^sudctl: the module is not loaded: run modprobe sud as root$' "status: what to run"
said 1 "doctor --json, no module" sudctl doctor --json
json "doctor --json, no module" 'd["works"] is False'
ftrace=/proc/sys/kernel/ftrace_enabled
if echo 0 >$ftrace 2>/dev/null && is "$(cat $ftrace)" 0; then
	said 1 "doctor, ftrace off" sudctl doctor
	has '^bad +ftrace +off' "doctor: ftrace is off"
	has '-> sysctl kernel.ftrace_enabled=1' "doctor: how to switch it on"
	echo 1 >$ftrace
fi
insmod /lib/sud.ko
said 0 "doctor, loaded again" sudctl doctor
finished
