// SPDX-License-Identifier: GPL-2.0-only
#include "workers.h"

#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>

#include "armed.h"
#include "backend.h"
#include "clock.h"
#include "harness.h"
#include "sites.h"
#include "upcalls.h"

struct sud_config config_a_upcall(unsigned int flags)
{
	struct sud_config c = config_a(flags);

	c.delivery = SUD_DELIVER_UPCALL;
	c.upcall_entry = (uintptr_t)entry_regs;
	return c;
}

void check_is(const struct sud_config *want)
{
	struct sud_config c;
	uint64_t before = up_count;
	long r;

	CHECK_OK(sud_get(sud_fd, &c));
	CHECK(same(&c, want));
	r = site_a(MAGIC_NR, 0, 0, 0);
	if (want->mode == SUD_MODE_OFF) {
		CHECK_EQ(r, -ENOSYS);
		CHECK_EQ(up_count, before);
	} else {
		CHECK_EQ(r, RESULT);
		CHECK_EQ(up_count, before + 1);
	}
}

struct worker workers[WORKERS_MAX];

int n_workers;

static void (*volatile work)(struct worker *w);

/* Not private to the process: those need memory, from 6.16 on. */
static void futex_wait(volatile int *word, int value)
{
	syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

static void futex_wake(volatile int *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;

	for (;;) {
		while (w->turn == w->done)
			futex_wait(&w->turn, w->done);
		work(w);
		w->done++;
		futex_wake(&w->done);
	}
	return NULL;
}

void start_workers(int n)
{
	pthread_attr_t attr;

	n_workers = n;
	CHECK_EQ(pthread_attr_init(&attr), 0);
	CHECK_EQ(pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN), 0);
	for (int i = 0; i < n; i++)
		CHECK_EQ(pthread_create(&workers[i].thread, &attr, worker_main,
					&workers[i]),
			 0);
}

void take_turn(struct worker *w, void (*fn)(struct worker *w))
{
	work = fn;
	w->turn++;
	futex_wake(&w->turn);
	while (w->done != w->turn)
		futex_wait(&w->done, w->turn - 1);
}

void all_take_turns(void (*fn)(struct worker *w))
{
	for (int i = 0; i < n_workers; i++)
		take_turn(&workers[i], fn);
}

struct sud_config arm_with, armed_with;

void try_arm(struct worker *w)
{
	check_is(&armed_with);
	w->err = sud_set(sud_fd, &arm_with) ? errno : 0;
	if (w->err)
		CHECK_EQ(w->err, ENOMEM);
	check_is(w->err ? &armed_with : &arm_with);
}

void must_arm(struct worker *w)
{
	CHECK_OK(sud_set(sud_fd, &arm_with));
	check_is(&arm_with);
	w->err = 0;
}

void must_be_armed(struct worker *w)
{
	(void)w;
	check_is(&arm_with);
}

void must_disarm(struct worker *w)
{
	(void)w;
	CHECK_OK(sud_disarm(sud_fd));
	check_is(&config_off);
}

int more_pages(void)
{
	return 3 - often(2);
}
