#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The packages on a system without the kernel's headers; then with them; an upgrade from
# the version before while a thread is armed; a build that fails; and the next kernel.
# shellcheck source=tests/system/lib.sh
. /host/lib.sh
names >/host/before

# As make install leaves it.
touch /etc/modules-load.d/sud.conf
ran "install without headers" apt install /host/previous/*.deb
has "run sudo make uninstall" "install beside make install: the user is told"
rm /etc/modules-load.d/sud.conf
has "Run: apt-get install linux-headers-$old" "install without headers: the user is told which"
dpkg_is_whole "install without headers"
said 1 "doctor without headers" as_nobody sudctl doctor
has "-> apt-get install linux-headers-$old" "doctor without headers: says what mends it"

make_by "$copy"
ran "install the headers" apt install "linux-headers-$old"
dkms_says "$old" installed
result $? "install the headers: dkms builds the module"
ran "modprobe" modprobe sud
device_is_there "modprobe: /dev/sud is there, for everybody"
is "$(loaded_version)" 0.0.1
result $? "modprobe: of the version before"
ran "doctor, as a plain user" as_nobody sudctl doctor
has "It works here." "doctor, as a plain user: it works"

sudctl trace -o /dev/null sleep 1000 &
tracer=$!
armed() { sudctl status | grep -q ' sleep '; }
until_it armed
result $? "a thread is armed"
ran "upgrade, with a thread armed" apt install /host/packages/*.deb
has "another build of the module is in use" "upgrade: the user is told that the old one stays"
dpkg_is_whole "upgrade"
armed
result $? "upgrade: the thread is still armed"
is "$(loaded_version)" 0.0.1
result $? "upgrade: the old module is still loaded"
[ ! -e /usr/src/sud-0.0.1 ] && dkms_says "$old" installed
result $? "upgrade: dkms has the new one, and not the old one"
kill $tracer
until_it rmmod sud
ran "upgrade: the thread ends, and modprobe" modprobe sud
is "$(loaded_version)" "$version"
result $? "upgrade: modprobe loads the new module"

make_by false
ran "a build that fails" dpkg-reconfigure sud-dkms
has "It did not build" "a build that fails: the user is told"
dpkg_is_whole "a build that fails"
make_by "$copy"
ran "a build that fails: dpkg-reconfigure, when it is mended" dpkg-reconfigure sud-dkms
dkms_says "$old" installed
result $? "a build that fails: it is installed then"

# DKMS makes it itself, but for what the host has compiled in the same directory.
make_by "tar -xf /host/built/objects.tar -C module && touch module/main.c && \
$(sed -n 's/^MAKE\[0\]="\(.*\)"$/\1/p' "/usr/src/sud-$version/dkms.conf")"
ran "the next kernel" apt install "linux-image-$new" "linux-headers-$new"
dpkg_is_whole "the next kernel"
dkms_says "$new" installed
result $? "the next kernel: dkms has built the module"
grep -q 'CC .*main\.o' "/var/lib/dkms/sud/$version/$new"/*/log/make.log
result $? "the next kernel: by the kernel's make"
for f in "/boot/vmlinuz-$new" "/lib/modules/$new/vmlinuz"; do
	[ ! -e "$f" ] || cp "$f" /host/boot/vmlinuz
done
cp "/boot/initrd.img-$new" /host/boot/initrd
finished
