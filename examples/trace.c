// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tracer, preloaded into any dynamic program: each system call is a line in the file
 * that TRACE names, with the thread's number, the arguments and the result. Threads and
 * children inherit the handler; a new image gets its own by LD_PRELOAD.
 *
 *	TRACE=/tmp/lines LD_PRELOAD=build/examples/trace.so ls
 *
 * The handler may run in a thread's first instruction or in vfork's child. It uses no
 * errno and no C library, and makes its calls by sud_raw_call(). It is compiled without
 * vector registers, so that libsud need not save them.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libsud.h>
#include <sud.h>

#if defined(__clang__) || __GNUC__ >= 11
#pragma GCC target("general-regs-only")
#else /* gcc 10 has no word for it, and uses the x87 unit for floating point only */
#pragma GCC target("no-mmx,no-sse")
#endif

static const char *const names[] = {
#include "syscall_names.h"
};

/* Above what programs use, and out of their reach: see mind_file(). */
static long file = -1;

static char *put(char *to, const char *text)
{
	while (*text)
		*to++ = *text++;
	return to;
}

static char *put_number(char *to, unsigned long n, unsigned int base)
{
	char digits[24];
	int i = 0;

	do {
		digits[i++] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n);
	if (base == 16)
		to = put(to, "0x");
	while (i)
		*to++ = digits[--i];
	return to;
}

static char *put_call(char *to, const struct sud_call *call)
{
	const uint64_t args[] = { call->rdi, call->rsi, call->rdx,
				  call->r10, call->r8,	call->r9 };

	to = put_number(to, sud_raw_call(SYS_gettid, 0, 0, 0, 0, 0, 0), 10);
	to = put(to, " ");
	if (call->rax < sizeof(names) / sizeof(*names) && names[call->rax])
		to = put(to, names[call->rax]);
	else
		to = put_number(put(to, "call "), call->rax, 10);
	for (int i = 0; i < 6; i++)
		to = put_number(put(to, i ? ", " : "("), args[i], 16);
	return put(to, ") = ");
}

static void print(const struct sud_call *call, const char *result, long number)
{
	char line[256], *end = put_call(line, call);

	if (result)
		end = put(end, result);
	else if (number < 0 && number > -4096)
		end = put_number(put(end, "-"), -number, 10);
	else
		end = put_number(end, number, number >> 32 ? 16 : 10);
	*end++ = '\n';
	sud_raw_call(SYS_write, file, (long)line, end - line, 0, 0, 0);
}

/* The tracer's file is none of the program's: a call that would close it fails. */
static int takes_file(const struct sud_call *call)
{
	switch (call->rax) {
	case SYS_close:
		return (int)call->rdi == file;
	case SYS_dup2:
	case SYS_dup3:
		return (int)call->rsi == file;
	case SYS_close_range:
		return (unsigned int)call->rdi <= file &&
		       file <= (unsigned int)call->rsi && !call->rdx;
	}
	return 0;
}

static long close_around(const struct sud_call *call)
{
	if ((unsigned int)call->rdi < file)
		sud_raw_call(SYS_close_range, call->rdi, file - 1, 0, 0, 0, 0);
	if ((unsigned int)call->rsi > file)
		sud_raw_call(SYS_close_range, file + 1, call->rsi, 0, 0, 0, 0);
	return 0;
}

static long handler(struct sud_call *call)
{
	struct sud_call asked = *call;
	long result;

	switch (call->rax) {
	case SYS_execve:
	case SYS_execveat:
	case SYS_exit:
	case SYS_exit_group:
	case SYS_rt_sigreturn:
		/* There may be nobody to say more afterwards. */
		print(call, "?", 0);
	}
	if (!takes_file(call))
		result = sud_call_native(call);
	else if (call->rax == SYS_close_range)
		result = close_around(call);
	else
		result = -9; /* EBADF */
	print(&asked, NULL, result);
	return result;
}

__attribute__((constructor)) static void start(void)
{
	const struct sud_options options = {
		.mode = SUD_MODE_EXCLUSIVE,
		.flags = SUD_UPCALL_INHERIT | SUD_UPCALL_ALL_THREADS |
			 SUD_UPCALL_NO_VECTORS,
	};
	const char *path = getenv("TRACE");
	int fd, at = 1000;

	if (!path)
		return;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	/* As high as the limit lets it be. */
	do {
		file = fcntl(fd, F_DUPFD_CLOEXEC, at);
	} while (file < 0 && (at /= 2));
	close(fd);
	if (file < 0 || sud_upcall_install(handler, &options))
		dprintf(2, "trace.so: the program runs untraced: %m\n");
}
