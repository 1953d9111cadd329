/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads that wait for their turns, one at a time or all at once, and arm themselves
 * for site_a, by upcall: in a full cgroup there is no memory for a signal's siginfo.
 */
#ifndef SUD_LIB_WORKERS_H
#define SUD_LIB_WORKERS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <sud.h>

struct sud_config config_a_upcall(unsigned int flags);

/* Armed just so, or off: by what GET says and by what happens. */
void check_is(const struct sud_config *want);

/* Threads that wait for their turns, one at a time or all at once. */
#define WORKERS_MAX 1500

struct worker {
	pthread_t thread;
	volatile int turn, done;
	int err;
};

extern struct worker workers[WORKERS_MAX];
extern int n_workers;
void start_workers(int n);
void take_turn(struct worker *w, void (*fn)(struct worker *w));
void all_take_turns(void (*fn)(struct worker *w));

/* What the functions below arm with, and what the thread was armed with before. */
extern struct sud_config arm_with, armed_with;

/* SET works, or says ENOMEM and the thread is as it was. */
void try_arm(struct worker *w);
void must_arm(struct worker *w);
void must_be_armed(struct worker *w);
void must_disarm(struct worker *w);

/* Where a kernel is slow, fewer sizes: each failure takes it long. */
int more_pages(void);

/* What a thread's configuration takes at the very least: the struct, and links. */
#define TASK_BYTES_MIN 64

#endif /* SUD_LIB_WORKERS_H */
