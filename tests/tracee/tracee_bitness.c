// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another thread's configuration, across 32-bit and 64-bit code of tracer and tracee.
 */
#include <limits.h>
#include <sys/ptrace.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/tracer.h"

/* A program of the other bitness: this one, compiled so. */
static char other[PATH_MAX];

static void find_other(void)
{
	ssize_t n = readlink("/proc/self/exe", other, sizeof(other) - 8);
	char *end;

	CHECK_OK(n);
	other[n] = 0;
	end = strrchr(other, '-');
	if (end && !strcmp(end, "-32"))
		*end = 0;
	else if (end && !strcmp(end, "-x32"))
		strcpy(end, "-32");
	else
		strcat(other, "-32");
	image_path = other;
}

static pid_t bring_other(bool self_arm)
{
	find_other();
	pid_t pid = bring(stop_then_exec, PTRACE_O_TRACEEXEC);

	sh->self_arm = self_arm;
	cont(pid, 0);
	CHECK_EQ(wait_stop(pid), EVENT(PTRACE_EVENT_EXEC));
	cont(pid, 0);
	CHECK_EQ(wait_stop(pid), SIGSTOP);
	CHECK(sh->bits != OWN_BITS);
	return pid;
}

/* config_upcall(true), as the other program would have it. */
static struct sud_config others_config(void)
{
	return (struct sud_config){
		.size = sizeof(struct sud_config),
		.mode = SUD_MODE_EXCLUSIVE,
		.offset = sh->b,
		.len = sh->b_end - sh->b,
		.selector = sh->selector,
		.delivery = SUD_DELIVER_UPCALL,
		.upcall_entry = sh->entry,
		.upcall_frame = sh->top,
	};
}

TEST(other_bitness_get,
     "a tracee of the other bitness: GET_TASK says which, and all of it")
{
	struct sud_task_config t;
	struct sud_config c;
	pid_t pid = bring_other(true);

	CHECK_OK(get_task(sud_fd, pid, &t, &c));
	CHECK_EQ(t.flags, sh->bits);
	CHECK(!memcmp(&c, &sh->config, sizeof(c)));
	finish(pid, V_FRAMES);
}

TEST(other_bitness_round_trip, "and it is armed again as it was")
{
	struct sud_task_config t;
	struct sud_config c;
	pid_t pid = bring_other(true);

	CHECK_OK(get_task(sud_fd, pid, &t, &c));
	set_config(pid, &config_off);
	check_get(pid, &config_off);
	CHECK_OK(sud_set_task(sud_fd, &t, &c));
	finish(pid, V_FRAMES);
}

TEST(other_bitness_set,
     "SUD_TASK_32BIT says from which code upcalls are possible")
{
	for (int wrong = 0; wrong < 2; wrong++) {
		struct sud_task_config t = { 0 };
		pid_t pid = bring_other(false);
		struct sud_config c = others_config(), now;

		check_get(pid, &config_off);
		t.tid = pid;
		t.flags = sh->bits ^ (wrong ? SUD_TASK_32BIT : 0);
		CHECK_OK(sud_set_task(sud_fd, &t, &c));
		uint32_t given = t.flags;

		CHECK_OK(get_task(sud_fd, pid, &t, &now));
		CHECK_EQ(t.flags, given);
		CHECK(!memcmp(&c, &now, sizeof(c)));
		finish(pid, wrong ? V_BUT_B : V_FRAMES);
	}
}

#ifdef __x86_64__
TEST(int80_tracer, "the tracer's ioctls may be 32-bit calls")
{
	static const struct sud_config zero;
	struct {
		struct sud_task_config t;
		struct sud_config c;
	} *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	struct sud_config b = config_but_b();

	CHECK(low != MAP_FAILED);
	pid_t pid = bring_traceme();

	low->t = good_task(pid, SUD_IOC_SET_TASK, &low->c);
	low->c = b;
	CHECK_EQ(site_int80(54, sud_fd, SUD_IOC_SET_TASK, (long)&low->t), 0);
	check_get(pid, &b);
	low->t = good_task(pid, SUD_IOC_GET_TASK, &low->c);
	low->c = zero;
	low->c.size = sizeof(low->c);
	CHECK_EQ(site_int80(54, sud_fd, SUD_IOC_GET_TASK, (long)&low->t), 0);
	CHECK(!memcmp(&low->c, &b, sizeof(b)));
	CHECK_EQ(low->t.flags, 0);
	finish(pid, V_BUT_B);
}
#endif

#ifdef __x86_64__
static void arm_by_int80(void)
{
	static struct sud_config low;

	low = config_only_b();
	CHECK_EQ(site_int80(54, sud_fd, SUD_IOC_SET, (long)&low), 0);
	stop_by_itself();
}

TEST(int80_armed, "64-bit code that armed itself by int $0x80 is 64-bit code")
{
	struct sud_config a = config_only_b();
	pid_t pid = bring(arm_by_int80, 0);

	check_get(pid, &a);
	finish(pid, V_ONLY_B);
}
#endif
