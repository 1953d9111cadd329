#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: dkms.sh    TAP: dkms as each Debian has it builds and installs the
# module, modprobe loads it in a guest, and removing leaves nothing behind. So do
# make install and make uninstall, as far as they can go without that kernel.
# KERNELS says which; all that happens to a build root is forgotten.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../../scripts/lib.sh"

version=$(version)

# Lines without a number here: they get one further up.
ok() { say "ok - $*"; }
not_ok() { say "not ok - $*"; }

# check WHAT COMMAND...    its output is shown when it fails
check()
{
	local what=$1 log
	shift
	if log=$("$@" 2>&1 </dev/null); then
		ok "$what"
	else
		not_ok "$what"
		tail -n 30 <<<"$log" | sed 's/^/# /'
	fi
}

empty() { [ -z "$1" ] || { say "$1"; return 1; } }

# --- in the build root, as root: $1 is the kernel, $2 where the guest's goes

inside_checks=15

# Every name that an installation could add or leave. dkms keeps its signing
# key. A system without systemd lacks one directory, which may stay.
names()
{
	find /etc /usr/src /usr/local /lib/modules /var/lib/dkms \
		! -name 'mok.*' ! -path /etc/modules-load.d | sort
}
left() { comm -13 <(echo "$before") <(names); }
lost() { comm -23 <(echo "$before") <(names); }

copy_sources()
{
	(cd "$tree" && module_sources . | xargs cp --parents -t "$1")
	cp "$tree/dkms.conf" "$1"
}

dkms_build()
{
	dkms build -m sud -v "$version" -k "$release" || {
		cat "/var/lib/dkms/sud/$version/build/make.log"
		return 1
	}
}

status_says()
{
	dkms status -m sud -v "$version" -k "$release"
	dkms status -m sud -v "$version" -k "$release" |
		grep -q ": $1\$"
}

one_module()
{
	local f
	f=$(find "/lib/modules/$release" -name 'sud.ko*')
	say "$f"
	case $f in
	"/lib/modules/$release/updates/dkms/sud.ko") ;;
	"/lib/modules/$release/updates/dkms/sud.ko.xz") ;;
	*) return 1 ;;
	esac
	[ "$(modinfo -k "$release" -F version sud)" = "$version" ] &&
		modinfo -k "$release" -F vermagic sud | grep "^$release "
}

# A system of its own for chroot: its modprobe, its libraries, its modules.
pack()
{
	local to=$1/dkms lib
	mkdir -p "$to"/{proc,sys,dev,tmp,etc} "$to/lib/modules/$release"
	for lib in $(ldd /sbin/modprobe | grep -o '/[^ ]*') \
		/lib/x86_64-linux-gnu/liblzma.so.5; do # dlopen()ed by some
		cp -L --parents "$lib" "$to"
	done
	cp -L --parents /sbin/modprobe "$to"
	cp -r /etc/modprobe.d "$to/etc" 2>/dev/null || true
	cp -r /lib/modprobe.d "$to/lib" 2>/dev/null || true
	cp -r "/lib/modules/$release"/{modules.*,updates} \
		"$to/lib/modules/$release"
	modinfo -k "$release" -F srcversion sud >"$to/srcversion"
	chown -R --reference="$tree" "$1"
}

install_it() { PREFIX=/usr/local "$tree/scripts/install" "$release"; }
second_install()
{
	install_it | grep 'is installed for .* already'
}

# With other sources, as after an update.
new_sources()
{
	local installed=/usr/src/sud-$version/module/main.c
	say '/* other */' >>"$installed"
	install_it && status_says installed &&
		cmp "$installed" "$tree/module/main.c"
}

# As the packages of such a kernel ask for it; and as its administrator may.
strange=99.0.0-1-amd64
too_new()
{
	local status=0
	mkdir -p "/lib/modules/$strange/build/include"
	dkms autoinstall -k "$strange" || status=$?
	rm -r "/lib/modules/$strange"
	return $status
}
tried()
{
	mkdir -p "/lib/modules/$strange/build/include"
	echo "BUILD_EXCLUSIVE_KERNEL=." >/etc/dkms/sud.conf
	dkms install "sud/$version" -k "$strange" >/tmp/tried 2>&1 || true
	rm -r "/lib/modules/$strange" /etc/dkms/sud.conf
	# There is nothing to make it with.
	cat /tmp/tried
	grep -q -i 'bad return status for module build' /tmp/tried
}

inside()
{
	release=$1
	local library=$tree/build/guest/libsud-prctl.so
	before=$(names)

	mkdir -p "/usr/src/sud-$version"
	copy_sources "/usr/src/sud-$version"
	check "dkms add" dkms add -m sud -v "$version"
	check "dkms build" dkms_build
	check "dkms install" dkms install -m sud -v "$version" -k "$release"
	check "modprobe's index has it" grep '^updates/dkms/sud\.ko' \
		"/lib/modules/$release/modules.dep"
	check "dkms status says installed" status_says installed
	check "one module, in updates/dkms, of version $version" one_module
	pack "$2"

	check "dkms autoinstall leaves a newer kernel alone" too_new
	check "dkms install tries it when it is told to" tried
	check "dkms remove" dkms remove -m sud -v "$version" --all
	rm -r "/usr/src/sud-$version"
	check "dkms remove leaves nothing and takes no more" \
		empty "$(left)$(lost)"

	check "scripts/install" install_it
	check "scripts/install again finds all done" second_install
	check "scripts/install replaces changed sources" new_sources
	check "scripts/uninstall leaves nothing" uninstall_leaves_nothing
	check "libsud-prctl.so fits this C library" preload "$library"
}

uninstall_leaves_nothing()
{
	PREFIX=/usr/local "$tree/scripts/uninstall" && empty "$(left)$(lost)"
}

preload() { empty "$(LD_PRELOAD=$1 /bin/true 2>&1)"; }

# --- in the guest, with busybox: what the test prints there

guest_checks=6

guest_script()
{
	cat <<-'END'
	release=$1 version=$2
	check()
	{
		what=$1
		shift
		if log=$("$@" 2>&1); then
			echo "ok - $what"
		else
			echo "not ok - $what"
			echo "$log" | sed 's/^/# /'
		fi
	}
	for d in proc sys dev; do
		mount -o bind /$d /dkms/$d
	done
	from_dkms()
	{
		chroot /dkms /sbin/modprobe -v sud >/tmp/log 2>&1 &&
			grep "^insmod /lib/modules/$release/updates/dkms/" /tmp/log &&
			return
		cat /tmp/log
		return 1
	}
	equal() { echo "$1, not $2"; [ -n "$1" ] && [ "$1" = "$2" ]; }
	node() { [ -c /dev/sud ] && equal "$(stat -c %a /dev/sud)" 666; }
	unload()
	{
		chroot /dkms /sbin/modprobe -r sud && [ ! -e /sys/module/sud ] &&
			[ ! -e /dev/sud ]
	}
	check "modprobe sud loads the one in updates/dkms" from_dkms
	check "/dev/sud is there, for everybody" node
	check "it says version $version" \
		equal "$(cat /sys/module/sud/version)" "$version"
	check "it is the one that dkms built" \
		equal "$(cat /sys/module/sud/srcversion)" "$(cat /dkms/srcversion)"
	check "it answers" /tests/bin/abi info
	check "modprobe -r sud" unload
	END
}

# --- here

version_agrees()
{
	grep MODULE_VERSION "$tree/module/main.c"
	grep -qxF "MODULE_VERSION(\"$version\");" "$tree/module/main.c"
}

one_kernel()
{
	local kernel=$1 release dir=$build/dkms/$1
	release=$(kernel_version "$kernel")
	rm -rf "$dir"
	mkdir -p "$dir/guest/dkms"
	timeout -k 10 600 "$tree/scripts/roots/in-root" --root --scratch "$kernel" \
		/sud/tests/host/dkms.sh inside "$release" \
		"/sud/build/dkms/$kernel/guest" || {
		not_ok "no module to load"
		return 0
	}
	guest_script >"$dir/guest/dkms/check"
	"$tree/scripts/vm/boot" "$kernel" --no-module --timeout 300 \
		--overlay "$dir/guest" \
		-- "sh /dkms/check $release $version" || not_ok "the guest"
	rm -rf "$dir"
}

kernel_to_file()
{
	one_kernel "$1" | sed "s/^\(ok\|not ok\) -/& $1:/" \
		>"$build/dkms/$1.tap"
}

if [ "${1:-}" = inside ]; then
	inside "$2" "$3"
	exit 0
fi

kernels=${KERNELS:-$all_kernels}
for k in tools $kernels; do
	"$tree/scripts/roots/build-root" "$k"
done
if [ ! -e "$build/tests/bin/abi" ] || [ ! -e "$build/guest/libsud-prctl.so" ]; then
	"$tree/scripts/build-tests"
fi
# shellcheck disable=SC2086
set -- $kernels
say "1..$((1 + $# * (inside_checks + guest_checks)))"
{
	check "MODULE_VERSION is dkms.conf's $version" version_agrees
	mkdir -p "$build/dkms"
	each "${JOBS:-2}" kernel_to_file "$@"
	for k; do
		cat "$build/dkms/$k.tap"
		rm "$build/dkms/$k.tap"
	done
} | awk '
	/^ok / { sub(/^ok/, "ok " ++n) }
	/^not ok / { sub(/^not ok/, "not ok " ++n); bad = 1 }
	{ print; fflush() }
	END { exit bad }'
