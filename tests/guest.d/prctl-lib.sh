#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# libsud-prctl.so: libc's prctl() arms through /dev/sud, as the kernel's would;
# with no /dev/sud it is the kernel's; everything else passes.
# shellcheck source=scripts/ktap.sh
. /tests/ktap.sh
device=/dev/sud
away=/dev/sud.away

# check WHAT LIBRARY BITS ARG...    a check of the probe, preloaded
check()
{
	what=$1 library=$2 bits=$3
	shift 3
	said=$(LD_PRELOAD=$library timeout -s KILL 20 \
		"/tests/dynamic/prctl_probe$bits" "$@" 2>&1)
	status=$?
	[ -z "$said" ] || echo "# $said"
	result $status "$what"
}

# equal WHAT WANTED LIBRARY BITS ARG...    so is what the probe prints
equal()
{
	what=$1 wanted=$2 library=$3 bits=$4
	shift 4
	said=$(LD_PRELOAD=$library timeout -s KILL 20 \
		"/tests/dynamic/prctl_probe$bits" "$@" 2>&1)
	[ "$said" = "$wanted" ] || echo "# $said, not $wanted"
	[ "$said" = "$wanted" ]
	result $? "$what"
}

# absent LIBRARY BITS MODE    the probe's answer, and what the library says beside it
absent()
{
	answer=$(LD_PRELOAD=$1 timeout -s KILL 20 "/tests/dynamic/prctl_probe$2" \
		errno "$3" 1 2 sel 2>/tmp/why)
	why=$(cat /tmp/why)
	[ -z "$why" ] || echo "# $why"
}

# contained LIBRARY BITS CHECK ARG...    the probe's answer in a container, whose /dev is
# another; with "passed" in front of the library, the device is there
cat >/tmp/contained <<'END'
if [ "$1" = passed ]; then
	passed=yes
	shift
fi
mkdir -p /tmp/machine-dev
mount --bind /dev /tmp/machine-dev
mount -t tmpfs dev /dev
if [ -n "$passed" ]; then
	: >/dev/sud
	mount --bind /tmp/machine-dev/sud /dev/sud
fi
library=$1 probe=/tests/dynamic/prctl_probe$2
shift 2
export LD_PRELOAD="$library"
exec timeout -s KILL 20 "$probe" "$@"
END
contained()
{
	status=0
	answer=$(unshare -m sh /tmp/contained "$@" 2>/tmp/why) || status=$?
	why=$(cat /tmp/why)
	[ -z "$why" ] || echo "# $why"
}

# errnos NAME LIBRARY BITS MODES    "result errno" of the prctl, 77 if untouched
errnos()
{
	while read -r wanted errno mode offset len selector bit; do
		case $4 in
		*"$mode"* | "") ;;
		*) continue ;;
		esac
		[ -z "$bit" ] || [ -z "$3" ] || continue
		equal "$1: prctl($mode, $offset, $len, $selector)" \
			"$wanted $errno" "$2" "$3" \
			errno "$mode" "$offset" "$len" "$selector"
	done <<-END
	0 77 0 0 0 0
	-1 22 0 1 0 0
	-1 22 0 0 1 0
	-1 22 0 0 0 sel
	-1 22 3 0 0 0
	-1 22 0x100000001 0 0 sel 64
	0 77 1 1 2 sel
	0 77 1 0 -1 0
	-1 22 1 1 0 sel
	-1 22 1 -1 1 sel 64
	-1 14 1 0 0 0xffff800000000000 64
	-1 22 1 1 0 0xffff800000000000 64
	0 77 2 1 2 sel
	-1 22 2 0 0 sel
	-1 22 2 -1 2 sel 64
	-1 14 2 1 2 0xffff800000000000 64
	END
}

# Which modes has the kernel itself?
modes=$(prctl_modes)
[ -z "$modes" ] || modes="0 $modes 3 0x100000001"

for bits in '' -32; do
	lib=/sud/libsud-prctl.so
	[ -z "$bits" ] || lib=/sud/lib32/libsud-prctl.so
	name=library$bits

	errnos "$name" $lib "$bits" ""
	# The table is right: the kernel says the same.
	[ -z "$modes" ] || errnos "kernel$bits" "" "$bits" "$modes"

	check "$name: exclusive arms and disarms" $lib "$bits" arm 1
	check "$name: inclusive arms and disarms" $lib "$bits" arm 2
	check "$name: it is the module that arms" $lib "$bits" module
	check "$name: the call that arms is the last one" \
		$lib "$bits" blocked-at-once
	check "$name: it runs where libc's prctl does" $lib "$bits" libc-region
	check "$name: other prctls pass" $lib "$bits" others
	check "$name: closing its descriptor does no harm" $lib "$bits" closed
	check "$name: nor does another file in its place" $lib "$bits" replaced
	check "$name: one descriptor, out of the way" $lib "$bits" descriptors
	check "$name: a full descriptor table is EMFILE" $lib "$bits" full-table
	check "$name: threads" $lib "$bits" threads
	check "$name: vfork and fork" $lib "$bits" vfork
	check "$name: chroot" $lib "$bits" chroot

	# No /dev/sud: then it is the kernel that answers; and when the kernel
	# cannot either, the library says why the module does not.
	mv $device $away
	for how in missing another-file; do
		[ $how = missing ] || : >$device
		if [ -z "$modes" ]; then
			absent $lib "$bits" 1
			is "$answer" "-1 22"
			result $? "$name, $how: the kernel has none"
		else
			check "$name, $how: the kernel arms" $lib "$bits" arm 1
		fi
		check "$name, $how: other prctls pass" $lib "$bits" others
	done
	rm -f $device
	case $modes in
	"0 1 2"*) ;;
	*)
		absent $lib "$bits" 2
		is "$answer" "-1 22" && case $why in
		"libsud-prctl.so: the module is loaded, but /dev/sud is not here"*) ;;
		*) false ;;
		esac
		result $? "$name: no device, as in a container: it says so"
		mv $away $device
		rmmod sud
		absent $lib "$bits" 2
		is "$answer" "-1 22" && case $why in
		"libsud-prctl.so: the module is not loaded: run modprobe sud"*) ;;
		*) false ;;
		esac
		result $? "$name: no module: it says so"
		# shellcheck disable=SC2046
		insmod /lib/sud.ko $(cat /etc/sud/param)
		mv $device $away
		;;
	esac
	if [ -n "$modes" ]; then
		check "$name: what the kernel has armed stays its" \
			$lib "$bits" late-device $away
	fi
	[ -c $device ] || mv $away $device

	chmod 600 $device
	wanted="0 77"
	[ -n "$modes" ] || wanted="-1 22"
	said=$(su -s /bin/sh nobody -c "LD_PRELOAD=$lib \
		/tests/dynamic/prctl_probe$bits errno 1 1 2 sel" 2>/tmp/why)
	[ "$said" = "$wanted" ] || echo "# $said, not $wanted"
	[ "$said" = "$wanted" ]
	result $? "$name: no permission is as no device"
	chmod 666 $device

	# In a container: the kernel answers, and what it lacks the library explains.
	contained $lib "$bits" errno 2 1 2 sel
	case $modes in
	"0 1 2"*) is "$answer$why" "0 77" ;;
	*)
		is "$answer" "-1 22" && case $why in
		"libsud-prctl.so: the module is loaded, but /dev/sud is not here"*) ;;
		*) false ;;
		esac
		;;
	esac
	result $? "$name: in a container it is as with no device"
	contained passed $lib "$bits" module
	[ -z "$answer" ] || echo "# $answer"
	result $status "$name: with the device passed in, the module arms there"
done

finished
