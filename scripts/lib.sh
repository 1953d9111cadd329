# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Helpers for the scripts beside this file and below; sourced, never run.

set -euo pipefail

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
export build=$tree/build
cache=${SUD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sud}
prog=$(basename "$0")
say() { printf '%s\n' "$*"; }
progress() { printf '%s: %s\n' "$prog" "$*" >&2; }
die() { progress "$@"; exit 1; }

as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo --preserve-env=http_proxy,https_proxy,no_proxy -- "$@"
	else
		die "needs root: run it as root, or install sudo"
	fi
}

# A failed download is tried once more: mirrors are sometimes mid-update.
twice()
{
	"$@" && return
	progress "failed, trying once more"
	sleep 2
	"$@"
}

# Downloads inside a root go through the proxy that this machine's apt uses.
proxy_env()
{
	local v
	for v in http https; do
		[ -z "$(eval "echo \"\${${v}_proxy:-}\"")" ] || continue
		eval "$(apt-config shell proxy "Acquire::$v::Proxy" 2>/dev/null)"
		case ${proxy:-} in
		'' | DIRECT) ;;
		*) export "${v}_proxy=$proxy" ;;
		esac
		unset proxy
	done
}

# apt_sources SUITE BACKPORTS    "deb URI SUITE main" lines for the mirrors this machine
# itself uses; nothing when it is not Debian, and mmdebstrap then knows where to go.
apt_sources()
{
	local suite=$1 backports=$2 id codename targets main security
	# shellcheck disable=SC1091
	id=$(. /etc/os-release && echo "${ID:-}")
	[ "$id" = debian ] || return 0
	# shellcheck disable=SC1091
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-sid}")
	# shellcheck disable=SC2016
	targets=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)')
	main=$(awk -v c="$codename" '$2 == c { print $1; exit }' <<<"$targets")
	security=$(awk -v c="$codename-security" '$2 == c { print $1; exit }' \
		<<<"$targets")
	[ -n "$main" ] || return 0
	echo "deb $main $suite main"
	[ -z "$security" ] || echo "deb $security $suite-security main"
	[ -z "$backports" ] || echo "deb $main $backports main"
}

# each N COMMAND WORD...    runs COMMAND WORD for each word, N at a time
each()
{
	local n=$1 command=$2 word
	shift 2
	for word; do
		while [ "$(jobs -rp | wc -l)" -ge "$n" ]; do
			wait -n || true
		done
		"$command" "$word" &
	done
	wait
}

# Runs the rest of the script with $cache/NAME.lock held.
lock()
{
	mkdir -p "$cache"
	exec 9>"$cache/$1.lock"
	flock -w 3600 9 || die "$cache/$1.lock is held by another run: end it"
}

# rows COLUMN    each kernel's line and that column of the table, "-" left out
rows()
{
	awk -v column="$1" '
		/^#line/ { for (i = 1; i <= NF; i++) at[$i] = i }
		/^#/ || !NF { next }
		column == "line" { print $1; next }
		$at[column] != "-" { print $1, $at[column] }' "$tree/scripts/kernels"
}

# column COLUMN LINE    of that row; nothing for none
column()
{
	rows "$1" | awk -v line="$2" '$1 "" == line { print $2 }'
}

all_kernels=$(rows line | xargs)
# Kernels of our own configuration, by scripts/build-kernel: those that look for bugs,
# the slowest first, and those that are configured as Debian's are not.
debug_kernels=$(rows debug | sort -n -k 2 | sed 's/^/debug-/; s/ .*//' | xargs)
# The flavours of all of them, as 6.12-rt.
flavours=$(rows flavours |
	awk '{ n = split($2, f, ","); for (i = 1; i <= n; i++) print $1 "-" f[i] }' |
	xargs)
config_kernels=$(cd "$tree/tests/kernels" 2>/dev/null && find . -name '*-*.config' \
	! -name 'debug-*' | sed 's|^\./||; s/\.config$//' | sort | xargs) || true
export all_kernels debug_kernels config_kernels flavours

# is_built KERNEL    is it one of our own?
is_built()
{
	case " $debug_kernels $config_kernels " in
	*" $1 "*) ;;
	*) return 1 ;;
	esac
}

# directive KERNEL WORD    what "# WORD: ..." in the configuration of our own one says
directive() { sed -n "s/^# $2: //p" "$tree/tests/kernels/$1.config"; }

# line_of KERNEL    of the table: 6.12-rt and debug-6.12 are 6.12
line_of()
{
	case $1 in
	[0-9]*) echo "${1%%-*}" ;;
	*) echo "${1#*-}" ;;
	esac
}

# Debian's releases, oldest first; and the number that one has.
suites=$(rows suite | awk '!seen[$2]++ { print $2 }' | xargs)
release_of()
{
	case $1 in
	bullseye) echo 11 ;;
	bookworm) echo 12 ;;
	trixie) echo 13 ;;
	*) die "no such release: $1 (there are: $suites)" ;;
	esac
}

# What debian/control wants, the first where there is a choice, without versions.
build_depends()
{
	sed -n '/^Build-Depends:/,/^[A-Z]/s/^ \([a-z0-9-]*\).*/\1/p' "$tree/debian/control"
}

# Build roots: one for each kernel, one for each release's packages, and those that
# have programs.
root_suite()
{
	case $1 in
	tools | compilers | qemu | system | packaging) echo trixie ;;
	packages-*) echo "${1#*-}" ;;
	*)
		case " $all_kernels $flavours $debug_kernels $config_kernels " in
		*" $1 "*) column suite "$(line_of "$1")" ;;
		*) die "no such root: $1 (there are: $all_kernels $flavours tools compilers qemu system packaging packages-SUITE)" ;;
		esac
		;;
	esac
}

root_packages()
{
	case $1 in
	tools)
		echo gcc gcc-multilib libc6-dev libc6-dev-i386 libc6-dev-x32 \
			make kmod strace gdb bpftrace busybox-static \
			clang-format shellcheck perl
		return
		;;
	compilers) echo gcc g++ clang musl-tools libc6-dev linux-libc-dev; return ;;
	qemu) echo qemu-system-x86; return ;;
	system)
		# Disks and firmware for scripts/check-system.
		echo e2fsprogs qemu-utils ovmf python3-virt-firmware \
			shim-signed grub-efi-amd64-signed
		return
		;;
	packages-*) echo build-essential lintian "$(build_depends)"; return ;;
	packaging) echo rpm makepkg pacman-package-manager libarchive-tools fakeroot nix-bin python3 kmod zstd "$(build_depends)"; return ;;
	esac
	# The kernel itself is chosen by scripts/roots/root-kernel.
	echo "$(column packages "$(line_of "$1")")" gcc binutils make libc6-dev dkms
	! is_built "$1" || directive "$1" packages
}

# One of our own kernels is built in the root of its line, unless it needs more.
root_dir()
{
	if is_built "$1" && [ -z "$(directive "$1" packages)" ]; then
		set -- "$(line_of "$1")"
	fi
	echo "$cache/roots/$1"
}

# Where a kernel has its lib/modules.
kernel_dir()
{
	if is_built "$1"; then
		echo "$cache/kernels/$1"
	else
		root_dir "$1"
	fi
}

kernel_version()
{
	local dir
	dir=$(kernel_dir "$1")/lib/modules
	if [ ! -d "$dir" ]; then
		is_built "$1" && die "no kernel $1: run scripts/build-kernel $1"
		die "no kernel $1: run scripts/roots/build-root $1"
	fi
	# One root holds one kernel; the newest, should it ever hold two.
	find "$dir" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -V | tail -n 1
}

kernel_image()
{
	local root version f
	root=$(kernel_dir "$1")
	version=$(kernel_version "$1")
	# Up to 6.12 it is in /boot; later packages ship it with the modules.
	for f in "$root/boot/vmlinuz-$version" \
		"$root/lib/modules/$version/vmlinuz"; do
		if [ -r "$f" ]; then
			echo "$f"
			return
		fi
	done
	die "no kernel image in $root: remove it and run scripts/roots/build-root $1"
}

# The version, which dkms.conf has, and MODULE_VERSION repeats.
version() { sed -n 's/^PACKAGE_VERSION="\(.*\)"$/\1/p' "$tree/dkms.conf"; }

# set_version DIR VERSION    of the sources in DIR
set_version()
{
	sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"$2\"/" "$1/dkms.conf"
	sed -i "s/^MODULE_VERSION(.*/MODULE_VERSION(\"$2\");/" "$1/module/main.c"
	sed -i "s/^\(Version: *\).*/\1$2/" "$1/packaging/sud.spec"
	sed -i "s/^pkgver=.*/pkgver=$2/" "$1/packaging/PKGBUILD"
}

# What dkms has of the module. dkms 3 says sud/0.1.0, and 2.8 says sud, 0.1.0,
dkms_versions()
{
	dkms status -m sud | sed -n 's/^sud[/,] *\([^,: ]*\).*/\1/p' | sort -u
}

# Debian's packages of it that are installed on this machine.
installed_packages()
{
	# shellcheck disable=SC2016
	{ dpkg-query -W -f '${db:Status-Status} ${Package}\n' sud-dkms sud-tools libsud1 \
		libsud-dev 2>/dev/null || true; } | sed -n 's/^installed //p' | xargs
}

# module_sources DIR    what the module is built from, in the tree DIR
module_sources()
{
	(cd "$1" && find module include -type f \( -name '*.[chS]' \
		-o -name Kbuild \) ! -name '*.mod.c' | sort)
}

# What scripts/install puts under its PREFIX, if it is there, and where.
installed_files()
{
	cat <<-END
		include/sud.h include/sud.h
		include/sud_uapi.h include/sud_uapi.h
		tools/libsud/libsud.h include/libsud.h
		build/libsud.a lib/libsud.a
		build/libsud.so.1 lib/libsud.so.1
		build/libsud.so lib/libsud.so
		build/libsud.pc lib/pkgconfig/libsud.pc
		build/libsud-prctl.so lib/libsud-prctl.so
		build/lib32/libsud-prctl.so lib32/libsud-prctl.so
		build/sudctl bin/sudctl
		tools/sudctl/completion/sudctl share/bash-completion/completions/sudctl
		build/sudctl.1 share/man/man1/sudctl.1
		build/sud.4 share/man/man4/sud.4
		build/libsud.3 share/man/man3/libsud.3
	END
}
