# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# KTAP, as the kernel's kselftest writes it; sourced by what runs test programs,
# in the guest and here, and by test programs that are shell scripts.

# --- for what runs them

# ktap_plan N    N programs follow
ktap_plan()
{
	ktap_program=0
	echo "TAP version 13"
	echo "1..$1"
}

# ktap_run NAME LIMIT COMMAND...    one program: its output, each line behind "# ",
# then its result. It may take LIMIT seconds. It has a session of its own, unless
# ktap_setsid is empty: sudo knows the caller by the terminal, and asks it for a password.
ktap_run()
{
	ktap_program=$((ktap_program + 1))
	ktap_title="$ktap_program selftests: sud: $1"
	ktap_limit=$2
	shift 2
	echo "# ${ktap_title#* }"
	ktap_dir=$(mktemp -d)
	mkfifo "$ktap_dir/out"
	sed 's/^/# /' <"$ktap_dir/out" &
	ktap_prefix=$!
	ktap_start=$(cut -d. -f1 /proc/uptime)
	${ktap_setsid-setsid} timeout -s KILL "$ktap_limit" "$@" </dev/null \
		>"$ktap_dir/out" 2>&1 &
	ktap_pid=$!
	ktap_status=0
	wait $ktap_pid 2>/dev/null || ktap_status=$?
	ktap_took=$(($(cut -d. -f1 /proc/uptime) - ktap_start))
	# What it left behind must not disturb the next one.
	kill -s KILL -- -$ktap_pid 2>/dev/null || true
	# Who is in no group of its own may hold the output open for ever.
	ktap_i=0
	while kill -0 $ktap_prefix 2>/dev/null && [ $ktap_i -lt 50 ]; do
		sleep 0.1
		ktap_i=$((ktap_i + 1))
	done
	kill $ktap_prefix 2>/dev/null || true
	wait $ktap_prefix 2>/dev/null || true
	rm -r "$ktap_dir"
	echo "# took $ktap_took s"
	if [ $ktap_status -eq 137 ] && [ $ktap_took -ge "$ktap_limit" ]; then
		echo "not ok $ktap_title # TIMEOUT $ktap_limit seconds"
	elif [ $ktap_status -eq 4 ]; then
		echo "ok $ktap_title # SKIP"
	elif [ $ktap_status -ne 0 ]; then
		echo "not ok $ktap_title # exit=$ktap_status"
	else
		echo "ok $ktap_title"
	fi
}

# --- for them

ktap_n=0
ktap_failed=0

# result STATUS WHAT    a test that has passed when STATUS is 0. If it has not, the
# end of the file $log is shown, when there is one.
result()
{
	ktap_n=$((ktap_n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $ktap_n - $2"
		return
	fi
	ktap_failed=1
	[ ! -s "${log:-}" ] || tail -n 15 "$log" | sed 's/^/# /'
	echo "not ok $ktap_n - $2"
}

# ran WHAT COMMAND...    a test that passes when the command does; the
# file $log has what it printed
ran()
{
	what=$1
	shift
	"$@" >"$log" 2>&1
	result $? "$what"
}

# skip WHAT WHY
skip()
{
	ktap_n=$((ktap_n + 1))
	echo "ok $ktap_n - $1 # SKIP $2"
}

skip_all() { echo "1..0 # SKIP $1"; exit 0; }

# Ends the program: so many tests were there.
finished() { echo "1..$ktap_n"; exit $ktap_failed; }

# is A B    is true when they are the same
is() { [ "$1" = "$2" ]; }

# kernel_has SYMBOL    asks the running kernel
kernel_has() { grep -q " $1\$" /proc/kallsyms; }

# runs_x32    is true on a kernel that runs x32 programs: -cloud kernels do not, and
# others need syscall.x32=y. A shell would take such a program for a script of its own.
runs_x32()
{
	is "$(timeout 20 /tests/bin/numbers-x32 no-such-test 2>/dev/null)" 1..0
}

# The modes that prctl() has: the kernel's own, unless prctl=1.
prctl_modes()
{
	for mode in 1 2; do
		case $(/tests/dynamic/prctl_probe errno $mode 1 2 sel) in
		"0 "*) echo $mode ;;
		esac
	done | xargs
}
