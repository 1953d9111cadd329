// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where libsud has a thread's selector: in a control area, a slot for each thread.
 */
#include <pthread.h>

#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/libsud_guest.h"
#include "lib/sites.h"
#include "lib/upcalls.h"

static struct sud_config own_config(void)
{
	struct sud_config c;

	CHECK_OK(sud_get(sud_fd, &c));
	return c;
}

static void need_area(void)
{
	if (getenv("LIBSUD_NO_AREA"))
		SKIP("libsud is told to do without");
}

TEST(used, "the selector is in an area, unless there is to be none")
{
	install(note);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);
	CHECK_EQ(!!(own_config().flags & SUD_FLAG_MAPPED),
		 !getenv("LIBSUD_NO_AREA"));
	CHECK(own_config().flags & SUD_FLAG_AUTO_ALLOW);
	/* Without a selector there is nothing to be there. */
	install_at(note, SUD_UPCALL_NO_SELECTOR, false);
	CHECK_EQ(own_config().flags & SUD_FLAG_MAPPED, 0);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);
	/* And again with one: the same as before. */
	install(note);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);
}

#define THREADS 8

static uint64_t slots[THREADS];
static pthread_barrier_t all;

static void *note_slot(void *arg)
{
	uint64_t *slot = arg;

	install(note);
	*slot = own_config().selector;
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);
	sud_call_allow();
	pthread_barrier_wait(&all);
	return NULL;
}

TEST(own_slots, "threads at one time have slots of their own")
{
	pthread_t threads[THREADS];

	need_area();
	pthread_barrier_init(&all, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, note_slot,
					&slots[i]),
			 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
	for (int i = 0; i < THREADS; i++)
		for (int k = 0; k < i; k++)
			CHECK(slots[i] / 64 != slots[k] / 64);
}

static void *one_of_many(void *arg)
{
	uint64_t *least = arg;

	install(note);
	CHECK(own_config().flags & SUD_FLAG_MAPPED);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);
	sud_call_allow();
	if (own_config().selector < *least)
		*least = own_config().selector;
	return NULL;
}

/* There are 1,024. */
TEST_LIMIT(given_back, "a thread that exits gives its slot back, off by then",
	   false, 120)
{
	uint64_t least = -1, first;

	need_area();
	one_of_many(&least);
	first = least;
	for (int i = 0; i < 3000; i++) {
		pthread_t thread;

		CHECK_EQ(pthread_create(&thread, NULL, one_of_many, &least), 0);
		CHECK_EQ(pthread_join(thread, NULL), 0);
	}
	CHECK_EQ(least, first);
}

static void child_installs(void)
{
	struct sud_config c = own_config();

	CHECK_EQ(c.mode, SUD_MODE_OFF);
	install(note);
	c = own_config();
	CHECK(c.flags & SUD_FLAG_MAPPED);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);
	/* Threads of the child get others than it has. */
	uint64_t own = c.selector, other = -1;
	pthread_t thread;

	sud_call_allow();
	CHECK_EQ(pthread_create(&thread, NULL, one_of_many, &other), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK(other / 64 != own / 64);
}

TEST(forked, "a forked child has slots of its own, and so have its threads")
{
	need_area();
	install(note);
	sud_call_allow();
	for (int i = 0; i < 3; i++)
		CHECK_EQ(in_child(child_installs), 0);
	sud_call_block();
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);
}
