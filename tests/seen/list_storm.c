// SPDX-License-Identifier: GPL-2.0-only
/*
 * SUD_IOC_LIST while processes and threads are armed, end, and execute programs as
 * fast as they can: who is armed all the time is always listed, and what is listed is
 * what somebody was armed with.
 */
#include <pthread.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/clock.h"
#include "lib/harness.h"
#include "lib/listed.h"

#define STEADY 8
#define MOST 4096

static struct sud_list_entry all[MOST];
static pid_t storm;

static void *arm_and_end(void *arg)
{
	arm_a((uintptr_t)arg & 1 ? BOTH : 0);
	return NULL;
}

/* Armed, and with an armed thread beside it, when it ends or executes a program. */
static void short_life(int i)
{
	pthread_t thread;

	arm_a(i & 1 ? BOTH : SUD_FLAG_INHERIT_THREAD);
	if (!pthread_create(&thread, NULL, arm_and_end, (void *)(uintptr_t)i) &&
	    i & 2)
		pthread_join(thread, NULL);
	if (i & 4)
		execl("/bin/true", "true", NULL);
	_exit(0);
}

static void storm_on(void)
{
	for (int i = 0;; i++) {
		pid_t pid = fork();

		if (!pid)
			short_life(i);
		if (pid > 0 && i % 4 == 3)
			while (waitpid(-1, NULL, 0) > 0)
				;
	}
}

static bool known(const struct sud_config *config)
{
	struct sud_config with = config_a(config->flags);

	return same(config, &with) && !(config->flags & ~(unsigned int)BOTH);
}

static int begin(pid_t *steady)
{
	for (int i = 0; i < STEADY; i++) {
		steady[i] = fork();
		if (!steady[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			arm_a(0);
			for (;;)
				pause();
		}
	}
	for (int i = 0; i < STEADY; i++)
		while (!listed(steady[i], NULL))
			sleep_ms(1);
	storm = fork();
	if (!storm) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		storm_on();
	}
	return 0;
}

static void end(const pid_t *steady)
{
	kill(-storm, SIGKILL);
	kill(storm, SIGKILL);
	for (int i = 0; i < STEADY; i++)
		kill(steady[i], SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static void check_list(const pid_t *steady, int room)
{
	int count = list_all(sud_fd, all, MOST, room), found = 0;

	for (int i = 0; i < count; i++) {
		CHECK(known(&all[i].config));
		CHECK(all[i].pid > 0);
		CHECK_EQ(all[i].set, 0);
		for (int j = 0; j < STEADY; j++)
			found += all[i].tid == steady[j];
	}
	CHECK_EQ(found, STEADY);
}

TEST_LIMIT(storm, "lists in a storm of threads that come and go", false, 60)
{
	pid_t steady[STEADY];
	double until;
	int lists = 0;

	begin(steady);
	for (until = seconds() + 8; seconds() < until; lists++)
		check_list(steady, 1 + lists % 9);
	end(steady);
	printf("# %d lists\n", lists);
	CHECK(lists > 20);
}

TEST_LIMIT(stranger, "a plain user sees nothing of a storm of root's", false,
	   60)
{
	pid_t steady[STEADY];
	int status, lists = 0;
	pid_t pid;

	begin(steady);
	pid = fork();
	if (!pid) {
		double until = seconds() + 4;

		CHECK_OK(setgid(65534));
		CHECK_OK(setuid(65534));
		for (; seconds() < until; lists++)
			CHECK_EQ(list_all(sud_fd, all, MOST, 3), 0);
		_exit(lists > 20 ? 0 : 1);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	end(steady);
	CHECK_EQ(status, 0);
}
