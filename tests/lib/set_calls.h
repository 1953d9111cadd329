/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls that are judged by a region set: their sites, and how threads are armed. */
#ifndef SUD_LIB_SET_CALLS_H
#define SUD_LIB_SET_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include <sud.h>

/* Copies of site_a, far enough from each other to have ranges in between. */
#define SLOT 64
extern char *stubs;
typedef long site_fn(long nr, long a, long b, long c);
void make_stubs(int n);
/* The address after the instruction of this one. */
uint64_t stub_ip(int i);

/* By the set of the descriptor, with the common selector, by SIGSYS. */
struct sud_config config_by_set(int mode);

/* For threads that share a set: each has a selector of its own. */
extern __thread volatile unsigned char own_selector;
/* Arms with that selector, and with entry_result. */
void arm_by_upcall(int fd, int mode);
/*
 * Whether a call by this stub is dispatched, with that selector at BLOCK: then it
 * gives this result, and else ENOSYS.
 */
bool stub_stopped(int i, long result);

/* Is a call from what is in the set, or is not, to be dispatched? */
bool wanted(bool in, int mode);

#endif /* SUD_LIB_SET_CALLS_H */
