# SPDX-License-Identifier: GPL-2.0-only
# usage: awk -f calls.awk NUMBERS PROTOTYPES
# The table of system calls, from "#define __NR_NAME NUMBER" lines and the kernel's
# linux/syscalls.h: a line CALL(number, name, arguments...) each, in C. A prototype says
# what an argument is by its type, and by its name where it has one.

FNR == NR {
	if ($2 ~ /^__NR_/)
		number[substr($2, 6)] = $3
	next
}

# One declaration may take many lines.
/^asmlinkage long sys_/ { declaration = ""; inside = 1 }
inside {
	declaration = declaration " " $0
	if (/;/) {
		inside = 0
		declare(declaration)
	}
}

function declare(text,	name, list)
{
	gsub(/[ \t]+/, " ", text)
	name = text
	sub(/^ asmlinkage long sys_/, "", name)
	sub(/ ?\(.*/, "", name)
	list = text
	sub(/^[^(]*\(/, "", list)
	sub(/\)[^)]*$/, "", list)
	# Of several, for machines of several kinds, the last is everybody's.
	prototype[name] = list
}

function trim(text)
{
	gsub(/^ +| +$/, "", text)
	return text
}

# The argument's own name, or nothing.
function own_name(argument,	words, n)
{
	gsub(/\*/, " * ", argument)
	n = split(trim(argument), words, / +/)
	if (n < 2 || words[n] == "*" || words[n] ~ /^(int|long|unsigned|char|__user|const)$/ ||
	    words[n] ~ /_t$/ || words[n - 1] ~ /^(struct|union|enum)$/)
		return ""
	return words[n]
}

function is_size(argument)
{
	return argument !~ /\*/ && (argument ~ /size_t/ ||
		own_name(argument) ~ /^(count|len|size|bufsiz|buflen|addrlen|optlen)$/)
}

function kind(argument, next_one, call,	name, pointer)
{
	name = own_name(argument)
	if (argument ~ /\*/) {
		if (argument ~ /(argv|envp)$/)
			return name == "argv" ? "ARGV" : "ENVP"
		pointer = gsub(/\*/, "*", argument)
		if (pointer > 1)
			return "POINTER"
		if (argument ~ /const (char|void)/ && is_size(next_one))
			return "IN"
		if (argument ~ /const char/)
			return name ~ /path|name|old|new|special|target/ || name == "" ? "PATH" : "STRING"
		if (argument ~ /char/ && is_size(next_one))
			return "OUT"
		return "POINTER"
	}
	if (name ~ /^(dfd|dirfd|olddfd|newdfd|dfd_in|from_dfd|to_dfd)$/)
		return "DIRFD"
	if (argument ~ /umode_t/)
		return "OCTAL"
	if (name ~ /^(addr|start|brk|old_addr|new_addr|shmaddr)$/)
		return "POINTER"
	if (argument ~ /unsigned long|size_t|u64/)
		return "ULONG"
	if (argument ~ /^(unsigned int|u32|unsigned|__u32|uid_t|gid_t|uint32_t|aio_context_t)/)
		return name ~ /fd$/ ? "INT" : "UNSIGNED"
	if (argument ~ /long|loff_t|off_t|s64/)
		return "LONG"
	return "INT"
}

# In and out, where the prototype does not say so.
function correct(call, kinds)
{
	if (call == "sendto")
		kinds[2] = "IN"
	if (call == "recvfrom")
		kinds[2] = "OUT"
	if (call == "setsockopt")
		kinds[4] = "IN"
	if (call == "pipe" || call == "pipe2")
		kinds[1] = "PAIR"
	if (call == "socketpair")
		kinds[4] = "PAIR"
	if (call == "wait4")
		kinds[2] = "STATUS"
	if (call == "getcwd")
		kinds[1] = "OUT"
	if (call == "prctl" || call == "ioctl" || call == "fcntl")
		kinds[3] = "HEX"
	if (call == "ioctl")
		kinds[2] = "HEX"
	if (call == "openat" || call == "open" || call == "creat")
		kinds[call == "openat" ? 4 : call == "open" ? 3 : 2] = "OCTAL"
}

END {
	# The kernel's names for what have others in the table of numbers.
	split("stat newstat fstat newfstat lstat newlstat uname newuname umount2 umount sendfile sendfile64 _sysctl sysctl", alias, " ")
	for (i = 1; alias[i] != ""; i += 2)
		other[alias[i]] = alias[i + 1]
	prototype["mmap"] = "unsigned long addr, unsigned long len, int prot, int flags, int fd, unsigned long off"
	prototype["arch_prctl"] = "int code, unsigned long addr"
	prototype["rt_sigreturn"] = "void"
	prototype["exit_group"] = "int error_code"
	prototype["clone"] = "unsigned long flags, void *stack, int *parent_tid, int *child_tid, unsigned long tls"
	for (name in number) {
		source = name in prototype ? name : other[name]
		if (!(source in prototype)) {
			printf "CALL(%d, %s, 6, HEX, HEX, HEX, HEX, HEX, HEX)\n", number[name], name
			continue
		}
		n = prototype[source] ~ /^ *(void)? *$/ ? 0 : split(prototype[source], arguments, ",")
		for (i = 1; i <= 6; i++)
			kinds[i] = "NOTHING"
		for (i = 1; i <= n; i++)
			arguments[i] = trim(arguments[i])
		arguments[n + 1] = ""
		for (i = 1; i <= n; i++)
			kinds[i] = kind(arguments[i], arguments[i + 1], name)
		correct(name, kinds)
		line = sprintf("CALL(%d, %s, %d", number[name], name, n)
		for (i = 1; i <= 6; i++)
			line = line ", " kinds[i]
		print line ")"
	}
}
