/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_BENCH_H
#define SUD_BENCH_H

#include <stdbool.h>

/* What a way needs to be there. */
enum needs {
	NEEDS_NOTHING = 0,
	NEEDS_NATIVE = 1,
	NEEDS_MODULE = 2,
	NEEDS_SYNC_WAKE_UP = 4,
	NEEDS_TWO_CPUS = 8,
};

/**
 * struct way - one thing that can happen to a system call
 * @name: what it is called in the output
 * @needs: what must be there to measure it, NEEDS_*
 * @prepare: brings the calling process into the state that is measured; the
 *	process goes away afterwards
 * @state: what the selector says when the call is made
 * @measure: what a call costs then, in ticks of the TSC; NULL: by bench_call()
 */
struct way {
	const char *name;
	unsigned int needs;
	void (*prepare)(void);
	unsigned char state;
	double (*measure)(void);
};

/* Shared by all processes of the bench, and zero before each way. */
struct shared {
	volatile double cost;
	volatile bool done;
	volatile bool ready;
	volatile int supervisor_fd;
};

/* From <linux/prctl.h> of 5.11; older C libraries lack it. */
#define PR_SUD 59

extern struct shared *shared;
extern volatile unsigned char selector;
/* The byte that is set before each call: that one, until a way says otherwise. */
extern volatile unsigned char *bench_selector;

extern const struct way ways[];

/* Where the calls are made, in turn: all the same until a way says otherwise. */
#define SITES 16
typedef long site(long nr, long a, long b, long c);
extern site *bench_sites[SITES];

/* The least of so many batches, per call, in ticks of the TSC. */
double bench_call(unsigned char state, int batches);

/* Prints one figure. */
void report(const char *name, double cost);

/* Ends the process unless r says success. */
void need(long r, const char *what);

/* By a tracer. */
void prepare_ptrace(void);

/*
 * In a process that shares the descriptors with the caller, but not the memory, and ends
 * with it: calls @answer when shared->supervisor_fd says by which of them.
 */
void start_supervisor(void (*answer)(int fd));

/* By a supervisor that is called; see listeners.c. */
void prepare_seccomp_notify(void);
void prepare_seccomp_sync(void);
void prepare_sud_notify(void);
double bench_16_callers(void);
/* By a supervisor that polls; see channel.c. */
void prepare_channel(void);
/* Does this kernel's seccomp wake its supervisor up so, if it is asked to? */
bool has_sync_wake_up(void);

/* All run on one CPU, but a supervisor where a way needs two. */
extern int bench_cpu, bench_supervisor_cpu;
void stay_on(int cpu);

/* Installs a seccomp filter that answers getpid with this action. */
int filter_getpid(unsigned int action, unsigned int flags);

/* Lines for an allowed call among so many armed threads. */
void crowd(int threads);

/* By a region set of so many ranges; see sets.c. */
void prepare_set_1(void);
void prepare_set_4096(void);
void prepare_set_4096_spread(void);
void prepare_set_65536(void);
void prepare_set_65536_spread(void);
void prepare_set_65536_outside(void);
void prepare_set_65536_upcall(void);

/* By selector and frames in a control area; see mapped.c. */
void prepare_mapped_allow(void);
void prepare_mapped_upcall(void);
void prepare_mapped_frames(void);

/* By a handler in C: vector state and selector kept, and neither. */
void prepare_libsud(void);
void prepare_libsud_fast(void);

#endif /* SUD_BENCH_H */
