#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# packaging/sud.spec, by rpmbuild.
# shellcheck source=tests/packaging/lib/packaging.sh
. /sud/tests/packaging/lib/packaging.sh
# What is needed for it goes by Fedora's names there.
ran "rpmbuild" as_nobody rpmbuild -ba --nodeps --define "_topdir $work" \
	--define "_sourcedir /sud/build" /sud/packaging/sud.spec
[ "$ktap_failed" -eq 0 ] || finished
mkdir root
for f in RPMS/*/*.rpm; do
	rpm2cpio "$f" | (cd root && cpio -i -d -m --quiet)
done
has_all root usr/lib64
builds "$work/root/usr/src/sud-$version"
finished
