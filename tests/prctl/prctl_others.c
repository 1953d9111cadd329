// SPDX-License-Identifier: GPL-2.0-only
/*
 * The prctl's other options, with and without the module and its parameter, and under
 * load. 64-bit only: 32-bit programs are slow enough.
 */
#include "lib/backend.h"
#include "lib/clock.h"
#include "lib/harness.h"
#include "lib/module.h"
#include "lib/raw_prctl.h"
#include "lib/sigsys.h"
#include "lib/sites.h"

#ifdef __LP64__
/* Every option there is, in a process of its own: what it is answered. */
#define OPTIONS 100

static long (*answers)[OPTIONS];
static int sweep_into;
static bool sweep_armed;

static void sweep(void)
{
	prctl_start();
	if (sweep_armed)
		CHECK_EQ(sud_prctl(SUD_MODE_EXCLUSIVE, 0, 0, &selector), 0);
	for (int i = 0; i < OPTIONS; i++)
		if (i != PR_SET_SYSCALL_USER_DISPATCH)
			answers[sweep_into][i] = raw_prctl(i, 0, 0, 0, 0);
}

static void sweep_as(int into, bool armed)
{
	sweep_into = into;
	sweep_armed = armed;
	CHECK_EQ(in_child(sweep), 0);
	for (int i = 0; i < OPTIONS; i++)
		if (answers[into][i] != answers[0][i])
			FAIL("option %d: %ld, not %ld", i, answers[into][i],
			     answers[0][i]);
}

TEST_LIMIT(sweep, "every other option is answered as without the module", false,
	   120)
{
	need_default();
	answers = mmap(NULL, 4 * sizeof(*answers), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(answers != MAP_FAILED);
	unload_first();
	sweep_as(0, false);
	CHECK(module_load_with("prctl=1"));
	sweep_as(1, false);
	sweep_as(2, true);
	CHECK(module_unload());
	sweep_as(3, false);
	load_again();
	CHECK_EQ(answers[0][PR_GET_DUMPABLE], 1);
	CHECK_EQ(answers[0][OPTIONS - 1], -EINVAL);
}

/* Processes that call prctl without end while the module comes and goes. */
#define HAMMERERS 4

static volatile long *rounds;

static void hammer_names(void)
{
	char name[16];

	if (raw_prctl(PR_SET_NAME, (uintptr_t)"hammer", 0, 0, 0) ||
	    raw_prctl(PR_GET_NAME, (uintptr_t)name, 0, 0, 0) ||
	    strcmp(name, "hammer"))
		FAIL("a name got lost");
}

static void hammer_unknown(void)
{
	CHECK_EQ(raw_prctl(0x7fff0001, 0, 0, 0, 0), -EINVAL);
	CHECK_EQ(raw_prctl(PR_CAPBSET_READ, 0, 0, 0, 0), 1);
}

static void hammer_bad(void)
{
	CHECK_EQ(sud_prctl(77, 0, 0, NULL), -EINVAL);
	CHECK_EQ(sud_prctl(SUD_MODE_OFF, 1, 0, NULL), -EINVAL);
}

/* Whoever arms also dispatches, and disarms. */
static void hammer_mode(int mode, uint64_t offset, uint64_t len)
{
	long r = sud_prctl(mode, offset, len, &selector);

	if (r) {
		CHECK_EQ(r, -EINVAL);
		CHECK(!armed_now());
		return;
	}
	CHECK(armed_now());
	CHECK_EQ(sud_prctl(SUD_MODE_OFF, 0, 0, NULL), 0);
	CHECK(!armed_now());
}

static void hammer_arming(void)
{
	hammer_mode(SUD_MODE_EXCLUSIVE, 0, 0);
	hammer_mode(SUD_MODE_INCLUSIVE, (uintptr_t)site_a_ip, 1);
	/* The module gets its chance. */
	for (int i = 0; i < 200; i++)
		raw_prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
}

static void (*const hammers[])(void) = { hammer_names, hammer_unknown,
					 hammer_bad, hammer_arming };

static void all_go_on(const pid_t *pids)
{
	int status;

	for (int i = 0; i < HAMMERERS; i++) {
		long before = rounds[i];

		for (int ms = 0; rounds[i] <= before + 1; ms++) {
			if (waitpid(pids[i], &status, WNOHANG))
				FAIL("hammer %d ended: %#x", i, status);
			CHECK(ms < 20000);
			sleep_ms(1);
		}
	}
}

TEST_LIMIT(hammered,
	   "loaded and unloaded, with and without it, under calls of prctl",
	   false, 150)
{
	pid_t pids[HAMMERERS];

	need_default();
	rounds = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(rounds != MAP_FAILED);
	unload_first();
	for (int i = 0; i < HAMMERERS; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		prctl_start();
		for (;;) {
			/* A name on the stack has no 32-bit address. */
			by_int80 = i && rounds[i] % 2;
			hammers[i]();
			rounds[i]++;
		}
	}
	for (int n = 0; n < 2 + often(4); n++) {
		CHECK(module_load_with(n % 3 ? "prctl=1" : ""));
		all_go_on(pids);
		for (int ms = 0; !module_unload(); ms++) {
			CHECK_EQ(errno, EWOULDBLOCK);
			CHECK(ms < 20000);
			sleep_ms(1);
		}
		all_go_on(pids);
	}
	for (int i = 0; i < HAMMERERS; i++) {
		int status;

		CHECK_OK(kill(pids[i], SIGKILL));
		CHECK_EQ(waitpid(pids[i], &status, 0), pids[i]);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
	load_again();
}
#endif
