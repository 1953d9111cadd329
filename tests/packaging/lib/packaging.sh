# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# For the programs above: they run in a root, as root, and what they change is forgotten.
# /sud is this tree, with the tarball of make dist.
# shellcheck source=scripts/ktap.sh
. /sud/scripts/ktap.sh
version=$1
log=/tmp/log
work=/tmp/work
install -d -o nobody -m 755 $work
cd $work || exit 1
as_nobody() { HOME=$work runuser -u nobody -- "$@"; }

# has_all DIR LIBDIR    there are, unpacked, the tools, the library and what a module is built from
has_all()
{
	: >$log
	for f in usr/bin/sudctl "$2/sud/libsud-prctl.so" "$2/libsud.so.1" "$2/libsud.so" \
		"$2/libsud.a" "$2/pkgconfig/libsud.pc" usr/include/sud.h \
		usr/include/sud_uapi.h usr/include/libsud.h \
		usr/share/bash-completion/completions/sudctl usr/share/man/man1/sudctl.1.gz \
		usr/share/man/man3/libsud.3.gz usr/share/man/man4/sud.4.gz \
		"usr/src/sud-$version/dkms.conf" usr/lib/modules-load.d/sud.conf; do
		[ -e "$1/$f" ] || echo "no $f" >>$log
	done
	[ ! -s $log ]
	result $? "the packages have everything"
	is "$("$1/usr/bin/sudctl" --version)" "sudctl $version"
	result $? "sudctl runs, and is of that version"
}

# The headers that are here are those of one kernel.
kernel=$(basename /lib/modules/*)
# builds SOURCES    as DKMS would
builds()
{
	ran "the module builds from what the packages have" \
		make -s -C "/lib/modules/$kernel/build" "M=$1/module" modules
	is "$(modinfo -F version "$1/module/sud.ko")" "$version"
	result $? "the module is of that version"
}
