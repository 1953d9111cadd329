#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The example of the README prints what it is meant to.
echo 1..1
/tests/readme/example >/tmp/example 2>&1
sed 's/^/# /' /tmp/example
echo 'call 39 was blocked: getpid() = 4711' >/tmp/wanted
if cmp -s /tmp/example /tmp/wanted; then
	echo "ok 1 - the README's example"
else
	echo "not ok 1 - the README's example"
fi
