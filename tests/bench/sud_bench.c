// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one system call costs, round trip, by every way there is on this kernel:
 * lines of "name value". The clock is the TSC, which counts instructions in a
 * QEMU with -icount shift=0, and is scaled to nanoseconds with --ns. Of many
 * batches the smallest counts: the others had an interrupt.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include <sud.h>

#include "bench.h"

#define BATCH 100
#define LIMIT 120 /* seconds for one way */
#define LONGEST 20e9 /* nanoseconds in which batches are begun */

struct shared *shared;
volatile unsigned char selector;
volatile unsigned char *bench_selector = &selector;

site *bench_sites[SITES];
int bench_cpu, bench_supervisor_cpu;

static int other_cpu = -1;

static int batches = 200;
static double scale = 1;
static int digits;

site site_a;

void need(long r, const char *what)
{
	if (r >= 0)
		return;
	printf("# %s: %s\n", what, strerror(errno));
	fflush(stdout);
	_exit(1);
}

void report(const char *name, double cost)
{
	printf("%s %.*f\n", name, digits, cost * scale);
}

/* The compiler must not know what it will be. */
static inline site *next_site(unsigned int i)
{
	site *call = bench_sites[i % SITES];

	asm volatile("" : "+r"(call));
	return call;
}

static uint64_t batch(unsigned char state)
{
	uint64_t start = __rdtsc();

	for (int i = 0; i < BATCH; i++) {
		site *call = next_site(i);

		/* Again for each call: a handler may have changed it. */
		*bench_selector = state;
		call(SYS_getpid, 0, 0, 0);
	}
	return __rdtsc() - start;
}

/* The same without the call, to be taken off. */
static uint64_t empty_batch(unsigned char state)
{
	uint64_t start = __rdtsc();

	for (int i = 0; i < BATCH; i++) {
		next_site(i);
		*bench_selector = state;
	}
	return __rdtsc() - start;
}

__attribute__((noinline)) double bench_call(unsigned char state, int n)
{
	uint64_t full = -1, empty = -1, t;
	uint64_t end = __rdtsc() + LONGEST / scale;

	/* At least one, however slow the way is. */
	do {
		t = batch(state);
		if (t < full)
			full = t;
		t = empty_batch(state);
		if (t < empty)
			empty = t;
	} while (--n > 0 && __rdtsc() < end);
	*bench_selector = SUD_SELECTOR_ALLOW;
	return (double)(full - empty) / BATCH;
}

/* In a process of its own, 0 there: what it arms dies with it. */
static pid_t own_process(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	need(pid, "fork");
	if (!pid)
		alarm(LIMIT);
	return pid;
}

static void prepare(const struct way *way)
{
	bench_supervisor_cpu = way->needs & NEEDS_TWO_CPUS ? other_cpu
							   : bench_cpu;
	way->prepare();
}

static bool run_way(const struct way *way)
{
	int status = 0;
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	pid = own_process();
	if (!pid) {
		prepare(way);
		shared->cost = way->measure ? way->measure()
					    : bench_call(way->state, batches);
		shared->done = true;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	/* A supervisor dies a little later, and has the module open until then. */
	while (waitpid(-1, NULL, 0) > 0)
		;
	if (!shared->done) {
		printf("# %s: failed (%#x)\n", way->name, status);
		return false;
	}
	report(way->name, shared->cost);
	return true;
}

static bool run_crowd(int threads)
{
	int status = 0;
	pid_t pid = own_process();

	if (!pid) {
		crowd(threads);
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (status)
		printf("# %d armed threads: failed (%#x)\n", threads, status);
	return !status;
}

static void use_nanoseconds(void)
{
	struct timespec a, b, d = { 0, 200000000 };
	uint64_t t = __rdtsc();

	clock_gettime(CLOCK_MONOTONIC, &a);
	nanosleep(&d, NULL);
	t = __rdtsc() - t;
	clock_gettime(CLOCK_MONOTONIC, &b);
	scale = ((b.tv_sec - a.tv_sec) * 1e9 + b.tv_nsec - a.tv_nsec) / t;
	batches = 2000;
	digits = 2;
}

/*
 * For scripts/path: says that it is ready, and then makes the call of a way again
 * and again, to be looked at, until a line comes in.
 */
static bool show_way(const struct way *way)
{
	int status = 0;
	pid_t pid;
	char c = 0;

	memset(shared, 0, sizeof(*shared));
	pid = own_process();
	if (!pid) {
		prepare(way);
		shared->ready = true;
		for (;;)
			bench_call(way->state, 1);
	}
	while (!shared->ready && !waitpid(pid, &status, WNOHANG))
		usleep(1000);
	if (!shared->ready) {
		printf("# %s: failed (%#x)\n", way->name, status);
		fflush(stdout);
		return false;
	}
	printf("ready %s\n", way->name);
	fflush(stdout);
	while (c != '\n' && read(STDIN_FILENO, &c, 1) == 1)
		;
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return c == '\n' && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static bool is_there(const struct way *way, unsigned int there)
{
	return !(way->needs & ~there);
}

/* Each of @names, if it can be had here. */
static bool show_ways(char **names, unsigned int there)
{
	bool ok = true;

	for (const struct way *way = ways; way->name; way++)
		for (int i = 0; names[i]; i++)
			if (!strcmp(way->name, names[i]) &&
			    is_there(way, there))
				ok &= show_way(way);
	return ok;
}

void stay_on(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	need(sched_setaffinity(0, sizeof(cpus), &cpus), "sched_setaffinity");
}

/* What there is measured on one CPU, but for what is said to be on two. */
static void choose_cpus(void)
{
	cpu_set_t cpus;

	need(sched_getaffinity(0, sizeof(cpus), &cpus), "sched_getaffinity");
	bench_cpu = sched_getcpu();
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &cpus) && cpu != bench_cpu)
			other_cpu = cpu;
	stay_on(bench_cpu);
}

static unsigned int look_around(void)
{
	unsigned int there = 0;

	if (!prctl(PR_SUD, 1, 0, 0, &selector)) {
		prctl(PR_SUD, 0, 0, 0, 0);
		there |= NEEDS_NATIVE;
	}
	if (!access(SUD_DEVICE, F_OK))
		there |= NEEDS_MODULE;
	if (has_sync_wake_up())
		there |= NEEDS_SYNC_WAKE_UP;
	if (other_cpu >= 0)
		there |= NEEDS_TWO_CPUS;
	return there;
}

/* All ways that can be had, or those whose names contain @which. */
static bool run_ways(const char *which, unsigned int there)
{
	bool ok = true;

	for (const struct way *way = ways; way->name; way++)
		if (is_there(way, there) && strstr(way->name, which))
			ok &= run_way(way);
	for (int n = 1; !*which && there & NEEDS_MODULE && n <= 10000; n *= 10)
		ok &= run_crowd(n);
	return ok;
}

/* sud_bench [--ns] [PART OF A WAY'S NAME], or sud_bench --show WAY... */
int main(int argc, char **argv)
{
	bool ns = argc > 1 && !strcmp(argv[1], "--ns");
	const char *which = argv[ns ? 2 : 1];
	unsigned int there;

	choose_cpus();
	/* Supervisors become its children when who called them has ended. */
	need(prctl(PR_SET_CHILD_SUBREAPER, 1), "PR_SET_CHILD_SUBREAPER");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	need(shared == MAP_FAILED ? -1 : 0, "mmap");
	for (int i = 0; i < SITES; i++)
		bench_sites[i] = site_a;
	if (ns)
		use_nanoseconds();

	there = look_around();
	if (which && !strcmp(which, "--show"))
		return !show_ways(argv + 2, there);
	return !run_ways(which ? which : "", there);
}
