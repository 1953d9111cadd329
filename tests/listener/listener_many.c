// SPDX-License-Identifier: GPL-2.0-only
/* Many threads wait for a listener, and many read it; ends at any moment. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/notify.h"
#include "lib/sites.h"

#define TARGETS 100
#define READERS 4
#define BATCH 16

/* SUD_CALLS has another number of calls made, for a test that takes its time. */
static int calls_of_each(void)
{
	const char *given = getenv("SUD_CALLS");

	return given ? atoi(given) / TARGETS : 200;
}

#ifdef __i386__
#define ARG1 bx
#else
#define ARG1 di
#endif

static atomic_int served;

/* What a caller must get for its argument. */
static long result_for(long argument)
{
	return argument * 3 + 1;
}

static void make_calls(void)
{
	long calls = calls_of_each();

	for (long i = 0; i < calls; i++) {
		long argument = getpid() * 100000L + i;

		CHECK_EQ(site_a(MAGIC_NR, argument, 0, 0),
			 result_for(argument));
	}
}

static void *read_batches(void *unused)
{
	struct sud_notification calls[BATCH];
	struct sud_answer answers[BATCH];
	int all = TARGETS * calls_of_each(), count = 0;

	while (served < all) {
		count = sud_serve(listener, answers, count, calls, BATCH);
		/* No more callers, as another reader has answered the last one. */
		if (count < 0 && (errno == ESRCH || errno == EAGAIN))
			break;
		CHECK_OK(count);
		for (int i = 0; i < count; i++)
			answers[i] = answer_with(
				&calls[i], result_for(calls[i].regs.ARG1));
		served += count;
	}
	/* Those that were taken last. */
	if (count > 0)
		CHECK_OK(sud_serve(listener, answers, count, NULL, 0));
	return unused;
}

TEST_LIMIT(batches,
	   "100 callers and 4 readers in batches: none lost, none doubled",
	   false, 60 + calls_of_each())
{
	pthread_t readers[READERS];
	pid_t pids[TARGETS];
	int fd = sud_open();

	CHECK_OK(fd);
	/* So that the readers end: when the callers have, nobody can call any more. */
	CHECK_OK(dup2(fd, sud_fd));
	close(fd);
	start_listener(0);
	for (int i = 0; i < TARGETS; i++)
		pids[i] = start_caller(make_calls);
	CHECK_OK(sud_disarm(sud_fd));
	close(sud_fd);
	for (int i = 0; i < READERS; i++)
		CHECK(!pthread_create(&readers[i], NULL, read_batches, NULL));
	for (int i = 0; i < TARGETS; i++)
		end_caller(pids[i]);
	for (int i = 0; i < READERS; i++)
		pthread_join(readers[i], NULL);
	CHECK_EQ(served, TARGETS * calls_of_each());
	/* The harness disarms by it. */
	CHECK_EQ(dup2(sud_open(), sud_fd), sud_fd);
}

static void call_on(void)
{
	for (;;)
		site_a(MAGIC_NR, 0, 0, 0);
}

static void serve_on(void)
{
	struct sud_notification calls[BATCH];
	struct sud_answer answers[BATCH];
	int count = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		count = sud_serve(listener, answers, count, calls, BATCH);
		if (count < 0)
			count = 0;
		for (int i = 0; i < count; i++)
			answers[i] = answer_with(&calls[i], 0);
	}
}

#define ROUNDS 40

/* Of eight callers, two supervisors: each round kills some, and starts others. */
TEST_LIMIT(killed, "callers and supervisors are killed at any moment", false,
	   60)
{
	pid_t callers[8], servers[2];
	unsigned int seed = 1;

	start_listener(0);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < 2; i++) {
			servers[i] = fork();
			CHECK_OK(servers[i]);
			if (!servers[i])
				serve_on();
		}
		for (int i = 0; i < 8; i++)
			callers[i] = start_caller(call_on);
		usleep(rand_r(&seed) % 20000);
		for (int i = 0; i < 8; i++) {
			CHECK_OK(kill(callers[i], SIGKILL));
			if (i == 3)
				CHECK_OK(kill(servers[0], SIGKILL));
			if (i == 5)
				CHECK_OK(kill(servers[1], SIGKILL));
		}
		for (int i = 0; i < 8; i++)
			caller_died(callers[i], SIGKILL);
		for (int i = 0; i < 2; i++)
			caller_died(servers[i], SIGKILL);
		check_no_call();
	}
	/* It serves as before. */
	callers[0] = start_caller(call_on);
	for (int i = 0; i < 3; i++) {
		struct sud_notification call = take_call();

		answer(&call, 0);
	}
	CHECK_OK(kill(callers[0], SIGKILL));
	caller_died(callers[0], SIGKILL);
}

/* As long as somebody answers. */
static void call_until_closed(void)
{
	long result;

	do
		result = site_a(MAGIC_NR, 5, 0, 0);
	while (result == result_for(5));
	CHECK_EQ(result, -ENOSYS);
}

TEST(closed, "a listener that is closed under load answers all of its calls")
{
	struct sud_notification calls[8];
	pid_t callers[8];

	for (int round = 0; round < 20; round++) {
		start_listener(0);
		for (int i = 0; i < 8; i++)
			callers[i] = start_caller(call_until_closed);
		/* Of each one: all are armed. */
		for (int i = 0; i < 8; i++)
			calls[i] = take_call();
		for (int i = 0; i < 8; i++)
			answer(&calls[i], result_for(5));
		for (int i = 0; i < round; i++) {
			struct sud_notification call = take_call();

			answer(&call, result_for(5));
		}
		for (int i = 0; i < 8; i++)
			CHECK_OK(kill(callers[i], SIGSTOP));
		for (int i = 0; i < 8; i++)
			CHECK_OK(kill(callers[i], SIGCONT));
		close(listener);
		for (int i = 0; i < 8; i++)
			end_caller(callers[i]);
	}
}
