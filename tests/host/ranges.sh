#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The arithmetic of region sets, outside the kernel.
set -eu
tree=$(cd "$(dirname "$0")/../.." && pwd -P)
mkdir -p "$tree/build/host"
"$tree/scripts/roots/in-root" tools gcc -O2 -g -Wall -Wextra -Werror \
	-fsanitize=undefined,address -Itests/host/ranges/include -Iinclude \
	-Imodule -o build/host/ranges_test \
	tests/host/ranges/ranges_test.c module/ranges.c >&2
"$tree/scripts/roots/in-root" tools build/host/ranges_test "$@"
