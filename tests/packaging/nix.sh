#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# packaging/sud.nix: nixpkgs is not here, and so it is only evaluated, with just enough in
# the place of nixpkgs; what it says of building is then run with Debian's headers.
# shellcheck source=tests/packaging/lib/packaging.sh
. /sud/tests/packaging/lib/packaging.sh
tar -xzf "/sud/build/sud-$version.tar.gz"
cd "sud-$version" || exit 1
cat >$work/call.nix <<NIX
name: (import $PWD/packaging/sud.nix {
  lib = { cleanSource = path: path; licenses.gpl2Only = ""; };
  stdenv.mkDerivation = given: given;
  kernel = { dev = ""; modDirVersion = "$kernel"; moduleBuildDependencies = [ ]; };
}).\${name}
NIX
value()
{
	NIX_STATE_DIR=$work/nix nix-instantiate --store dummy:// --eval --strict --json \
		--expr "import $work/call.nix \"$1\"" | python3 -c 'import json, sys
print(json.load(sys.stdin))'
}
# The phases call it.
# shellcheck disable=SC2317
runHook() { :; }
is "$(value version)" "$version"
result $? "it has the version"
out=$work/root
for phase in buildPhase installPhase; do
	value $phase >$work/$phase
	# shellcheck disable=SC1090
	ran $phase . $work/$phase
done
is "$(modinfo -F version "$out/lib/modules/$kernel/extra/sud.ko")" "$version"
result $? "the module is where NixOS looks for it, and of that version"
finished
