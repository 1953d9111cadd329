// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kcmp.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "count.h"
#include "tracee.h"

#define BUCKETS 256

static struct tracee *table[BUCKETS];
int tracee_count;

static struct tracee **bucket(pid_t tid)
{
	return &table[(unsigned int)tid % BUCKETS];
}

struct tracee *tracee_new(pid_t tid)
{
	struct tracee *tracee = calloc(1, sizeof(*tracee));

	if (!tracee)
		abort();
	tracee->tid = tid;
	tracee->process = tid;
	tracee->slot = -1;
	tracee->next = *bucket(tid);
	*bucket(tid) = tracee;
	tracee_count++;
	return tracee;
}

struct tracee *tracee_find(pid_t tid)
{
	struct tracee *tracee = *bucket(tid);

	while (tracee && tracee->tid != tid)
		tracee = tracee->next;
	return tracee;
}

void tracee_each(void (*visit)(struct tracee *tracee))
{
	struct tracee *tracee, *next;
	int i;

	for (i = 0; i < BUCKETS; i++) {
		for (tracee = table[i]; tracee; tracee = next) {
			next = tracee->next;
			visit(tracee);
		}
	}
}

bool tracee_shares_memory(const struct tracee *tracee)
{
	const struct tracee *other;
	int i;

	for (i = 0; i < BUCKETS; i++) {
		for (other = table[i]; other; other = other->next) {
			if (other == tracee ||
			    (other->space != tracee->space &&
			     other->parent_space != tracee->space))
				continue;
			/* 1 and 2: theirs are not the same. */
			if (syscall(SYS_kcmp, tracee->tid, other->tid, KCMP_VM,
				    0, 0) <= 0)
				return true;
		}
	}
	return false;
}

void tracee_give_slot(struct tracee *tracee)
{
	if (tracee->slot >= 0) {
		count_add(tracee->space, tracee->slot);
		space_give_slot(tracee->space, tracee->slot);
	}
	tracee->slot = -1;
}

void tracee_leave_space(struct tracee *tracee)
{
	tracee_give_slot(tracee);
	space_put(tracee->space);
	tracee->space = NULL;
}

void tracee_delete(struct tracee *tracee)
{
	struct tracee **at = bucket(tracee->tid);

	while (*at != tracee)
		at = &(*at)->next;
	*at = tracee->next;
	tracee_leave_space(tracee);
	space_put(tracee->boot_space);
	space_put(tracee->parent_space);
	free(tracee->exec);
	free(tracee);
	tracee_count--;
}
