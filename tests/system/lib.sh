# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# For the programs beside this file, which run in a whole Debian.
# shellcheck source=scripts/ktap.sh
. /host/ktap.sh
log=/tmp/log
# The kernels, and the version of the packages.
old=$(cat /host/old)
new=$(cat /host/new)
version=$(cat /host/version)
export old new version

# until_it COMMAND...    a minute long
until_it() { for _ in $(seq 60); do ! "$@" 2>/dev/null || return 0; sleep 1; done; return 1; }

# said STATUS WHAT COMMAND...    it ends so
said()
{
	wanted=$1 what=$2 status=0
	shift 2
	"$@" >$log 2>&1 || status=$?
	is $status "$wanted"
	result $? "$what"
}

# has TEXT WHAT    a line of $log has the text; and none has it
has() { grep -qF -- "$1" $log; result $? "$2"; }
has_no() { ! grep -qF -- "$1" $log; result $? "$2"; }

# There is no network: from what was downloaded for the disk.
apt() { apt-get -y -q --no-install-recommends "$@"; }

# Nothing is half installed, and nothing left to be configured.
dpkg_is_whole()
{
	dpkg --audit >/tmp/audit 2>&1 && [ ! -s /tmp/audit ] &&
		! dpkg-query -W -f '${db:Status-Status}\n' | grep -v -x -e installed \
			-e config-files -e not-installed
	result $? "$1: dpkg is whole"
}

device_is_there()
{
	[ -c /dev/sud ] && is "$(stat -c %a /dev/sud)" 666
	result $? "$1"
}

loaded_version() { cat /sys/module/sud/version 2>/dev/null; }
has_module() { modinfo -k "$1" sud >/dev/null 2>&1; }
as_nobody() { runuser -u nobody -- "$@"; }

# dkms says so of the module and that kernel.
dkms_says() { dkms status -m sud -k "$1" | grep ": $2" >/dev/null; }

# make_by COMMAND    what DKMS runs in the place of make; nothing for make
make_by()
{
	if [ -n "$1" ]; then
		echo "MAKE[0]=\"$1\"" >/etc/dkms/sud.conf
	else
		rm -f /etc/dkms/sud.conf
	fi
}
# DKMS takes what the host has built: emulated, a build takes minutes.
# shellcheck disable=SC2016
copy='cp /host/built/${kernelver}-${PACKAGE_VERSION}.ko module/sud.ko'
export copy
unpack()
{
	case $1 in
	*.xz) xz -dc "$1" ;;
	*.zst) zstd -dc "$1" ;;
	*) cat "$1" ;;
	esac
}

# What is on the disk, but for the kernels, and what belongs to no package in particular.
names()
{
	find / -xdev \( -path /host -o -path /tmp -o -path /run -o -path /var/log \
		-o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/cache \
		-o -path /var/lib/systemd -o -path /var/tmp -o -path /root \
		-o -path /boot -o -path /lib/modules -o -path /usr/lib/modules \) -prune \
		-o ! -path '/var/lib/dkms/mok.*' -print | sort
	find /lib/modules/ -name 'sud*'
}
# What packages that are still there have, by either name of /lib.
packaged() { sed 's|^/\(lib[0-9]*\)/|/usr/\1/|; p; s|^/usr/|/|' /var/lib/dpkg/info/*.list | sort -u; }
