/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A test in a memory cgroup of its own, whose limit it sets and lifts. All its memory is
 * locked: in a full cgroup nothing may fault in a page, the kernel would try for ever.
 */
#ifndef SUD_LIB_CGROUP_H
#define SUD_LIB_CGROUP_H

#include <sys/types.h>

void cgroup_lift(void);

/* A process that waits for this one, or 0. */
extern pid_t cgroup_served;

/* In bytes, and in whole pages. */
long cgroup_usage(void);
void cgroup_limit(long bytes);

/* So many pages are left. */
void cgroup_fill(int pages);
long cgroup_measure(void);

/* fn runs in a cgroup of its own. */
void in_cgroup(void (*fn)(void));

/*
 * What is freed comes back when RCU allows. Return: what is charged, once it is
 * no more than @bytes, or after 10 s.
 */
long charged_after(long bytes);
void check_given_back(long bytes);

#endif /* SUD_LIB_CGROUP_H */
