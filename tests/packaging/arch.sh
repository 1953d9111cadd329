#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# packaging/PKGBUILD, by makepkg.
# shellcheck source=tests/packaging/lib/packaging.sh
. /sud/tests/packaging/lib/packaging.sh
cp "/sud/build/sud-$version.tar.gz" /sud/packaging/PKGBUILD .
# What is needed for it goes by Arch's names there.
ran "makepkg" as_nobody makepkg --nodeps
[ "$ktap_failed" -eq 0 ] || finished
mkdir root
for f in ./*.pkg.tar.*; do
	tar -xf "$f" -C root
done
has_all root usr/lib
builds "$work/root/usr/src/sud-$version"
finished
