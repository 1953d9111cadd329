#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Secure Boot, and the key that signs the module is not enrolled.
# shellcheck source=tests/system/lib.sh
. /host/lib.sh
is "$(od -An -t u1 -j 4 -N 1 \
	/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c | tr -d ' ')" 1
result $? "Secure Boot is on"
grep -q '\[integrity\]' /sys/kernel/security/lockdown
result $? "the kernel is locked down"
[ ! -e /sys/module/sud ]
result $? "the module is not loaded"

# Debian 11's dkms signs only when it is told how.
sign_tool=/etc/dkms/sign_helper.sh
if [ -e $sign_tool ]; then
	openssl req -new -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=check/ -outform DER \
		-keyout /root/mok.priv -out /root/mok.der >/dev/null 2>&1
fi
make_by "$copy"
ran "dpkg-reconfigure" dpkg-reconfigure sud-dkms
has "mokutil --import" "dpkg-reconfigure: the user is told of mokutil"
dpkg_is_whole "dpkg-reconfigure"
said 1 "doctor" sudctl doctor
has "mokutil --import" "doctor: says how the key is enrolled"
has "integrity: only signed modules load" "doctor: says what the kernel demands"

if [ -e $sign_tool ]; then
	echo "sign_tool=$sign_tool" >>/etc/dkms/framework.conf
	ran "signed by sign_tool" dpkg-reconfigure sud-dkms
	cp /root/mok.der /host/mok.der
else
	cp /var/lib/dkms/mok.pub /host/mok.der
fi
modinfo -F signer sud | grep -q .
result $? "the module has a signature"
make_by ''
finished
