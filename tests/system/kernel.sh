#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The system after a restart into the next kernel; and what a kernel that the module is
# not made for does to the upgrade that brings it.
# shellcheck source=tests/system/lib.sh
. /host/lib.sh
is "$(uname -r)" "$new"
result $? "the next kernel runs"
device_is_there "after a restart: /dev/sud is there, for everybody"
is "$(loaded_version)" "$version"
result $? "after a restart: of version $version"
ran "after a restart: doctor, as a plain user" as_nobody sudctl doctor
has "It works here." "after a restart: it works"
is "$(systemctl is-failed systemd-modules-load.service)" active
result $? "after a restart: systemd loaded the modules"

for script in install uninstall; do
	said 1 "make $script" /host/src/scripts/$script
	has "Debian's packages are installed" "make $script: leaves the packages alone"
done

# As a kernel's packages do it, with headers in which nothing would build.
strange=7.9.0-amd64
mkdir -p "/lib/modules/$strange/build/include"
for d in header_postinst.d postinst.d; do
	[ ! -e /etc/kernel/$d/dkms ] ||
		ran "kernel $strange: $d" /etc/kernel/$d/dkms "$strange" "/boot/vmlinuz-$strange"
done
! has_module "$strange"
result $? "kernel $strange: no module"
rmmod sud
said 1 "kernel $strange: doctor" env LD_PRELOAD=/host/built/strange.so sudctl doctor
has "is newer than" "kernel $strange: doctor says why there is no module"
rm -r "/lib/modules/$strange"
finished
