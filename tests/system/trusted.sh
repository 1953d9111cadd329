#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Secure Boot, and the key that signs the module is enrolled. At last the packages are
# removed and purged.
# shellcheck source=tests/system/lib.sh
. /host/lib.sh
grep -q '\[integrity\]' /sys/kernel/security/lockdown
result $? "the kernel is locked down"
device_is_there "/dev/sud is there"
ran "doctor, as a plain user" as_nobody sudctl doctor
has "It works here." "doctor: it works"
has "on, and the module is loaded" "doctor: with Secure Boot"
rmmod sud
unpack "$(modinfo -n sud)" >/tmp/unsigned.ko
objcopy -g /tmp/unsigned.ko
said 1 "a module without a signature does not load" insmod /tmp/unsigned.ko
modprobe sud

ran "remove" apt remove sud-dkms
dpkg_is_whole "remove"
[ ! -e /sys/module/sud ] && [ ! -e /dev/sud ]
result $? "remove: the module is gone"
said 1 "remove: doctor" sudctl doctor
ran "purge" apt purge sud-dkms sud-tools libsud1 libsud-dev
dpkg_is_whole "purge"
names | sort >/tmp/after
sort /host/before | comm -13 - /tmp/after >/tmp/more
packaged | comm -13 - /tmp/more >$log
[ ! -s $log ]
result $? "purge: leaves nothing"
sort /host/before | comm -23 - /tmp/after >$log
[ ! -s $log ]
result $? "purge: takes nothing else"
finished
