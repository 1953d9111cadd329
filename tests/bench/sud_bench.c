// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one system call costs, round trip, by every way there is on this kernel:
 * lines of "name value". The clock is the TSC, which counts instructions in a
 * QEMU with -icount shift=0, and is scaled to nanoseconds with --ns. Of many
 * batches the smallest counts: the others had an interrupt.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include <sud_uapi.h>

#define PR_SUD 59
#define BATCH 100

static int batches = 200;
static double scale = 1;
static volatile unsigned char selector;

long site_a(long nr, long a, long b, long c);
extern char site_a_ip[], site_a_end[];

static void on_sigsys(int sig)
{
	(void)sig;
	selector = SUD_SELECTOR_ALLOW;
}

/* One batch of calls; a blocked one needs the selector set again. */
static uint64_t batch(long nr, bool block)
{
	uint64_t start = __rdtsc();

	for (int i = 0; i < BATCH; i++) {
		if (block)
			selector = SUD_SELECTOR_BLOCK;
		site_a(nr, 0, 0, 0);
	}
	return __rdtsc() - start;
}

/* The same without the call, to be taken off. */
static double overhead(void)
{
	uint64_t best = -1;

	for (int n = 0; n < batches; n++) {
		uint64_t start = __rdtsc();

		for (int i = 0; i < BATCH; i++)
			asm volatile("" ::: "memory");
		uint64_t t = __rdtsc() - start;

		if (t < best)
			best = t;
	}
	return (double)best / BATCH;
}

/* What the selector says meanwhile. */
static unsigned char standing;

static void measure(const char *name, long nr, bool block)
{
	uint64_t best = -1;

	selector = standing;
	for (int n = 0; n < batches; n++) {
		uint64_t t = batch(nr, block);

		if (t < best)
			best = t;
	}
	selector = SUD_SELECTOR_ALLOW;
	printf("%s %.2f\n", name, ((double)best / BATCH - overhead()) * scale);
	fflush(stdout);
}

/* Each measurement in a process of its own: what it arms dies with it. */
static void in_child(void (*fn)(const char *), const char *name)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		fn(name);
		selector = SUD_SELECTOR_ALLOW;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (status)
		printf("# %s: failed (%#x)\n", name, status);
}

static void need(long r, const char *what)
{
	if (r < 0) {
		printf("# %s: %s\n", what, strerror(errno));
		fflush(stdout);
		_exit(1);
	}
}

static void plain(const char *name)
{
	measure(name, SYS_getpid, false);
}

static void filter_allow(const char *name)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { 1, f };

	need(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	need(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog), "seccomp");
	measure(name, SYS_getpid, false);
}

static void native(int mode, unsigned long offset, unsigned long len, void *sel)
{
	need(prctl(PR_SUD, mode, offset, len, sel), "prctl");
}

static void module(int mode, unsigned long offset, unsigned long len, void *sel)
{
	need(sud_arm(sud_open(), mode, offset, len, sel), "SUD_IOC_SET");
}

typedef void (*arm_fn)(int, unsigned long, unsigned long, void *);
static arm_fn arm;

static void region(const char *name)
{
	arm(1, (unsigned long)site_a, site_a_end - (char *)site_a,
	    (void *)&selector);
	standing = SUD_SELECTOR_BLOCK;
	measure(name, SYS_getpid, false);
}

static void allow(const char *name)
{
	arm(1, 0, 0, (void *)&selector);
	measure(name, SYS_getpid, false);
}

static void sigsys(const char *name)
{
	signal(SIGSYS, on_sigsys);
	arm(1, 0, 0, (void *)&selector);
	measure(name, SYS_getpid, true);
	selector = SUD_SELECTOR_ALLOW;
}

void bench_entry_regs(void);
void bench_entry_frames(void);

static uint64_t frames[64];

static void upcall(const char *name, void (*entry)(void), uint64_t *top)
{
	struct sud_config c = {
		.size = sizeof(c),
		.mode = SUD_MODE_INCLUSIVE,
		.offset = (uintptr_t)site_a,
		.len = site_a_end - (char *)site_a,
		.delivery = SUD_DELIVER_UPCALL,
		.upcall_entry = (uintptr_t)entry,
		.upcall_frame = (uintptr_t)top,
	};

	need(sud_set(sud_open(), &c), "SUD_IOC_SET");
	measure(name, SYS_getpid, false);
}

static void upcall_regs(const char *name)
{
	upcall(name, bench_entry_regs, NULL);
}

uint64_t frames_top;

static void upcall_frames(const char *name)
{
	frames_top = (uintptr_t)(frames + 64);
	upcall(name, bench_entry_frames, &frames_top);
}

/* The least a handler can do: go back. */
asm(".globl bench_entry_regs, bench_entry_frames\n"
    "bench_entry_regs:\n\t"
    "jmp *%rcx\n"
    "bench_entry_frames:\n\t"
    "movq frames_top(%rip), %rcx\n\t"
    "addq $32, frames_top(%rip)\n\t"
    "jmp *(%rcx)\n");

int main(int argc, char **argv)
{
	bool has_native = !prctl(PR_SUD, 1, 0, 0, &selector);
	bool has_module = !access(SUD_DEVICE, F_OK);

	if (has_native)
		prctl(PR_SUD, 0, 0, 0, 0);
	if (argc > 1 && !strcmp(argv[1], "--ns")) {
		struct timespec a, b, d = { 0, 200000000 };
		uint64_t t = __rdtsc();

		clock_gettime(CLOCK_MONOTONIC, &a);
		nanosleep(&d, NULL);
		t = __rdtsc() - t;
		clock_gettime(CLOCK_MONOTONIC, &b);
		scale = ((b.tv_sec - a.tv_sec) * 1e9 + b.tv_nsec - a.tv_nsec) / t;
		batches = 2000;
	}

	in_child(plain, "plain");
	in_child(filter_allow, "seccomp_allow");
	if (has_native) {
		arm = native;
		in_child(region, "native_region");
		in_child(allow, "native_allow");
		in_child(sigsys, "native_sigsys");
	}
	if (has_module) {
		arm = module;
		in_child(region, "sud_region");
		in_child(allow, "sud_allow");
		in_child(sigsys, "sud_sigsys");
		in_child(upcall_regs, "sud_upcall_regs");
		in_child(upcall_frames, "sud_upcall_frames");
	}
	return 0;
}
