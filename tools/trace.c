// SPDX-License-Identifier: GPL-2.0-only
/*
 * libsud-trace.so: preloaded, it takes every system call that the program makes,
 * prints it, and answers it: most by making the call itself, some by emulation
 * (uname tells of another system, getpid of another process). An example of an
 * interposer that rewrites no code; it does what single-threaded programs need.
 *
 * Blocked is every call but those from sud_raw_call() and its neighbour, the
 * return from the signal handler: that is the region. There is no selector.
 */
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <ucontext.h>

#include <sud.h>

#include "absent.h"

#define CLONE_VM 0x00000100
#define CLONE_VFORK 0x00004000
#define CLONE_THREAD 0x00010000
#define SA_RESTORER 0x04000000
#define EMULATED_PID 4711

long sud_raw_call(long nr, long a, long b, long c, long d, long e, long f);
extern char sud_region[], sud_region_end[], sud_restorer[], sud_sigreturn[];

asm(".text\n"
    ".balign 64\n"
    ".hidden sud_raw_call, sud_region, sud_region_end\n"
    ".hidden sud_restorer, sud_sigreturn\n"
    "sud_region:\n"
    ".globl sud_raw_call\n"
    "sud_raw_call:\n\t"
    "movq %rdi, %rax\n\t"
    "movq %rsi, %rdi\n\t"
    "movq %rdx, %rsi\n\t"
    "movq %rcx, %rdx\n\t"
    "movq %r8, %r10\n\t"
    "movq %r9, %r8\n\t"
    "movq 8(%rsp), %r9\n\t"
    "syscall\n\t"
    "ret\n"
    "sud_restorer:\n"
    "sud_sigreturn:\n\t"
    "movl $15, %eax\n\t"
    "syscall\n\t"
    "ud2\n"
    "sud_region_end:\n");

static const char *const names[] = {
#include "syscall_names.h"
};

static long taken, emulated;

/* Programs close their standard error; this one stays. */
static long out = 2;

static char *put(char *to, const char *text)
{
	while (*text)
		*to++ = *text++;
	return to;
}

static char *put_number(char *to, unsigned long n, int base)
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

static char *put_result(char *to, long r)
{
	if (r < 0 && r > -4096) {
		to = put(to, "-");
		r = -r;
	}
	return put_number(to, r, r < 65536 ? 10 : 16);
}

static void print(const char *line, char *end)
{
	sud_raw_call(SYS_write, out, (long)line, end - line, 0, 0, 0);
}

static char *put_call(char *to, long nr, const greg_t *g)
{
	const long args[] = { g[REG_RDI], g[REG_RSI], g[REG_RDX] };

	to = put(to, "sud: ");
	if (nr >= 0 && nr < (long)(sizeof(names) / sizeof(*names)) && names[nr])
		to = put(to, names[nr]);
	else
		to = put_number(to, nr, 16);
	to = put(to, "(");
	for (int i = 0; i < 3; i++) {
		unsigned long n = args[i];

		if (i)
			to = put(to, ", ");
		to = put_number(to, n, n < 65536 ? 10 : 16);
	}
	return put(to, ")");
}

static long emulate(long nr, long native, long a)
{
	struct utsname *name = (struct utsname *)a;

	switch (nr) {
	case SYS_uname:
		if (native)
			return native;
		strcpy(name->sysname, "Plan9");
		strcpy(name->release, "4-emulated-by-sud");
		emulated++;
		return native;
	case SYS_getpid:
		emulated++;
		return EMULATED_PID;
	}
	return native;
}

static void summary(void)
{
	char line[200], *to = line;

	to = put(to, "sud: the kernel handed over ");
	to = put_number(to, taken, 10);
	to = put(to, " calls and made none of them; ");
	to = put_number(to, emulated, 10);
	to = put(to, " got an emulated answer\n");
	print(line, to);
}

static void take(int sig, siginfo_t *info, void *context)
{
	greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
	long nr = info->si_syscall, a = g[REG_RDI], r;
	char line[300], *to = line;
	long before = emulated;

	(void)sig;
	taken++;
	to = put_call(to, nr, g);
	if (nr == SYS_exit_group || nr == SYS_exit) {
		print(line, put(to, "\n"));
		summary();
	}
	if (nr == SYS_rt_sigreturn) {
		/* To be made on the program's own stack, by exempt code. */
		g[REG_RIP] = (greg_t)sud_sigreturn;
		return;
	}
	if (nr == SYS_clone && a & CLONE_THREAD) {
		/* The new thread would start in the middle of this handler. */
		g[REG_RAX] = -11; /* EAGAIN */
		print(line, put(to, " = no threads here\n"));
		return;
	}
	if (nr == SYS_clone)
		a &= ~(long)(CLONE_VM | CLONE_VFORK);
	if (nr == SYS_vfork)
		nr = SYS_fork;
	r = sud_raw_call(nr, a, g[REG_RSI], g[REG_RDX], g[REG_R10], g[REG_R8],
			 g[REG_R9]);
	r = emulate(nr, r, a);
	g[REG_RAX] = r;
	to = put_result(put(to, " = "), r);
	if (emulated != before)
		to = put(to, "  <- emulated");
	print(line, put(to, "\n"));
}

struct kernel_sigaction {
	void (*handler)(int, siginfo_t *, void *);
	unsigned long flags;
	void *restorer;
	unsigned long mask;
};

static long there(const char *path)
{
	return !sud_raw_call(SYS_access, (long)path, 0, 0, 0, 0, 0);
}

static void give_up(int err)
{
	char line[300];

	print(line,
	      put(put(put(line, "libsud-trace.so: "),
		      sud_absent(err, there(SUD_SYSFS), there(SUD_SYSFS_SUD))),
		  "\n"));
	sud_raw_call(SYS_exit_group, 127, 0, 0, 0, 0, 0);
}

__attribute__((constructor)) static void start(void)
{
	struct kernel_sigaction sa = {
		.handler = take,
		.flags = SA_SIGINFO | SA_RESTORER | SA_NODEFER,
		.restorer = sud_restorer,
	};
	struct sud_config config = {
		.size = sizeof(config),
		.mode = SUD_MODE_EXCLUSIVE,
		.offset = (uintptr_t)sud_region,
		.len = sud_region_end - sud_region,
	};
	long fd = sud_raw_call(SYS_openat, -100, (long)SUD_DEVICE, 02000002, 0,
			       0, 0);
	long err = fd < 0 ? fd
			  : sud_raw_call(SYS_rt_sigaction, SIGSYS, (long)&sa, 0,
					 8, 0, 0);

	if (err >= 0)
		err = sud_raw_call(SYS_ioctl, fd, SUD_IOC_SET, (long)&config, 0,
				   0, 0);
	if (err < 0)
		give_up(-err);
	out = sud_raw_call(SYS_fcntl, 2, F_DUPFD_CLOEXEC, 100, 0, 0, 0);
	/* The state is the thread's, the descriptor is not needed any more. */
	sud_raw_call(SYS_close, fd, 0, 0, 0, 0, 0);
}
