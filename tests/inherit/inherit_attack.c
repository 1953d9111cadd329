// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inheritance under attack: clones that fail, that seccomp refuses after they
 * were judged, and SIGKILL in the midst of them. No child is unarmed, and nothing
 * is left behind.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/resource.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/clock.h"
#include "lib/detached.h"
#include "lib/harness.h"
#include "lib/module.h"
#include "lib/sites.h"
#include "lib/spawn.h"

/* Ways to fail, at the beginning of a clone and late in it. */
static long no_sighand(void)
{
	return site_b(SYS_clone, CLONE_THREAD | CLONE_VM, 0, 0);
}

static long bad_size(void)
{
	struct clone_args args = { 0 };

	return site_b(SYS_clone3, (long)&args, 1, 0);
}

static long bad_pointer(void)
{
	return site_b(SYS_clone3, 8, sizeof(struct clone_args), 0);
}

/* The kernel writes the descriptor's number when nearly all is done. */
static long bad_pidfd(void)
{
	return site_b(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, 8);
}

static long taken_tid(void)
{
	pid_t tid = 1;
	struct clone_args args = { .exit_signal = SIGCHLD,
				   .set_tid = (uintptr_t)&tid,
				   .set_tid_size = 1 };

	return site_b(SYS_clone3, (long)&args, sizeof(args), 0);
}

static const struct {
	long (*fn)(void);
	int err;
} failures[] = {
	{ no_sighand, EINVAL }, { bad_size, EINVAL },  { bad_pointer, EFAULT },
	{ bad_pidfd, EFAULT },	{ taken_tid, EEXIST },
};

#define FAILURES (sizeof(failures) / sizeof(*failures))

static void fail_often(void)
{
	for (unsigned int i = 0; i < FAILURES; i++)
		for (int n = 0; n < often(100); n++)
			CHECK_EQ(failures[i].fn(), -failures[i].err);
}

TEST_LIMIT(failures, "clones that fail leave nothing wrong for the next", false,
	   60)
{
	int before = module_refs();

	spawn_init();
	for (unsigned int i = 0; i < FAILURES; i++) {
		struct sud_config c = spawn_config(BOTH);

		CHECK_OK(sud_set(sud_fd, &c));
		CHECK_EQ(failures[i].fn(), -failures[i].err);
		check_fork(BOTH);
	}
	fail_often();
	/* What was prepared must not hold what was set then. */
	check_fork(SUD_FLAG_INHERIT_FORK);
	fail_often();
	check_fork(SUD_FLAG_INHERIT_THREAD);
	fail_often();
	CHECK_EQ(module_refs(), before + 1);
	CHECK_OK(sud_disarm(sud_fd));
	check_refs(before);
	check_fork(0);
	check_refs(before + 1);
}

static void fail_and_exit(void)
{
	arm_a(BOTH);
	fail_often();
}

static void fail_and_exec(void)
{
	char *const args[] = { "true", NULL };

	arm_a(BOTH);
	fail_often();
	execv("/bin/true", args);
	_exit(44);
}

TEST_LIMIT(failures_end,
	   "exit and exec after clones that failed hold the module no more",
	   false, 60)
{
	int before = module_refs();

	in_process(fail_and_exit);
	in_thread(fail_and_exit);
	in_process(fail_and_exec);
	check_refs(before);
}

/* One more process of this user than there may be. */
static void too_many_processes(void)
{
	struct rlimit limit;
	struct sud_config c = spawn_config(BOTH);

	/* The child that reports to its parent is another user's then. */
	CHECK_OK(syscall(SYS_setresuid, 65534, 65534, 65534));
	CHECK_OK(sud_set(sud_fd, &c));
	CHECK_OK(getrlimit(RLIMIT_NPROC, &limit));
	limit.rlim_cur = 0;
	CHECK_OK(setrlimit(RLIMIT_NPROC, &limit));
	for (int i = 0; i < often(100); i++) {
		CHECK_EQ(site_b(SYS_fork, 0, 0, 0), -EAGAIN);
		CHECK_EQ(site_b(SYS_vfork, 0, 0, 0), -EAGAIN);
	}
	limit.rlim_cur = limit.rlim_max;
	CHECK_OK(setrlimit(RLIMIT_NPROC, &limit));
	check_fork(BOTH);
}

TEST(too_many, "EAGAIN, and once there may be more processes, an armed child")
{
	int before = module_refs();

	spawn_init();
	in_process(too_many_processes);
	check_refs(before);
}

/* A filter that says @action to the call of number @nr. */
static void filter(unsigned int nr, unsigned int action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(*code), code };

	CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CHECK_OK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
}

static void filtered_errno(void)
{
	arm_a(BOTH);
	filter(SYS_clone, SECCOMP_RET_ERRNO | EXDEV);
	for (int i = 0; i < 1000; i++)
		CHECK_EQ(site_b(SYS_clone, SIGCHLD, 0, 0), -EXDEV);
	/* By another number there is a child. */
	check_fork(BOTH);
}

TEST(seccomp_errno,
     "a filter that refuses clone after it was judged: nothing is held")
{
	int before = module_refs();

	spawn_init();
	in_process(filtered_errno);
	check_refs(before);
}

static void filtered_kill(void)
{
	filter(SYS_clone, SECCOMP_RET_KILL_THREAD);
	site_b(SYS_clone, SIGCHLD, 0, 0);
	CHECK(!"alive");
}

static void killed_threads(void)
{
	pthread_t thread[20];

	arm_a(BOTH);
	for (int i = 0; i < 20; i++)
		CHECK_EQ(pthread_create(&thread[i], NULL, call_it,
					filtered_kill),
			 0);
	for (int i = 0; i < 20; i++)
		CHECK_EQ(pthread_join(thread[i], NULL), 0);
}

TEST(seccomp_kill, "nor when the filter kills the thread")
{
	int before = module_refs();

	in_process(killed_threads);
	check_refs(before);
}

/* Signals interrupt clones, which are then made once more. */
static volatile int usr1;

static void on_usr1(int sig)
{
	(void)sig;
	usr1++;
}

TEST_LIMIT(restarted,
	   "each child is armed while a storm of signals restarts clones",
	   false, 120)
{
	pid_t stormer, me = getpid();
	int before = module_refs();

	spawn_init();
	signal(SIGUSR1, on_usr1);
	stormer = fork();
	CHECK_OK(stormer);
	if (!stormer) {
		while (!kill(me, SIGUSR1))
			;
		_exit(0);
	}
	for (int i = 0; i < often(200) || (!usr1 && i < 100000); i++) {
		struct sud_config c = spawn_config(BOTH);
		/*
		 * A signal may come after a thread has reported, and needs the
		 * stack: until the thread is gone, no other has it.
		 */
		struct spawn_call call = spawn_clone(
			i & 1 ? SIGCHLD : CLONE_A_THREAD | CLONE_VFORK);
		long pid;

		CHECK_OK(sud_set(sud_fd, &c));
		spawn_reset();
		pid = spawn(&call);
		CHECK_OK(pid);
		spawn_wait();
		if (i & 1)
			while (waitpid(pid, NULL, 0) < 0)
				CHECK_EQ(errno, EINTR);
		check_found(&c, "restarted", call.arg[0]);
	}
	kill(stormer, SIGKILL);
	while (waitpid(stormer, NULL, 0) < 0)
		CHECK_EQ(errno, EINTR);
	CHECK(usr1 > 0);
	CHECK_OK(sud_disarm(sud_fd));
	check_refs(before);
}

/*
 * A family that makes children of all kinds as fast as it can, all in one process
 * group, until the group is killed. Every child looks at itself first.
 */
static unsigned int dice;

static unsigned int roll(void)
{
	dice = dice * 1103515245 + 12345;
	return dice >> 16;
}

static void check_inherited(void)
{
	struct sud_config want = config_a(BOTH), c;

	CHECK_OK(sud_get(sud_fd, &c));
	CHECK(same(&c, &want));
}

static void run_true(void)
{
	char *const args[] = { "true", NULL };

	execv("/bin/true", args);
	_exit(0);
}

static void *forking_thread(void *unused)
{
	(void)unused;
	check_inherited();
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();

		if (!pid) {
			check_inherited();
			_exit(0);
		}
	}
	return NULL;
}

static void family(int generation);

static void one_more(int generation)
{
	unsigned int what = roll() % 8;
	pthread_t thread;
	pid_t pid;

	switch (what) {
	case 0:
	case 1:
		start_detached(forking_thread);
		return;
	case 2:
		pid = vfork();
		if (!pid)
			_exit(0);
		return;
	case 3:
		site_b(SYS_clone, CLONE_THREAD | CLONE_VM, 0, 0);
		return;
	case 4:
		/* Off and on again: what was prepared goes. */
		CHECK_OK(sud_disarm(sud_fd));
		arm_a(BOTH);
		return;
	}
	pid = fork();
	if (pid)
		return;
	dice += getpid();
	check_inherited();
	if (what == 5)
		run_true();
	if (what == 6 && generation < 3)
		family(generation + 1);
	/* The group's exit comes while a thread forks. */
	if (!pthread_create(&thread, NULL, forking_thread, NULL) && roll() & 1)
		pthread_join(thread, NULL);
	_exit(0);
}

static void family(int generation)
{
	for (int i = 0; !generation || i < 4; i++) {
		one_more(generation);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	_exit(0);
}

/* One family's life. Its orphans are the caller's. */
static void live_and_die(unsigned int seed)
{
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		setpgid(0, 0);
		dice = seed;
		sud_fd = sud_open();
		arm_a(BOTH);
		family(0);
	}
	setpgid(pid, pid);
	usleep(seed * 7919 % 15000);
	do {
		/* One may just have been made by one that was killed. */
		kill(-pid, SIGKILL);
	} while (waitpid(-1, NULL, __WALL) > 0);
	CHECK_EQ(errno, ECHILD);
}

static bool late(const struct timespec *from, int seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - from->tv_sec >= seconds;
}

TEST_LIMIT(
	killed,
	"SIGKILL in the midst of clones leaves nothing; rmmod is busy, then works",
	false, 120)
{
	struct timespec start;

	CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	/* One armed thread at least, whenever rmmod is tried. */
	arm_a(BOTH);
	close(sud_fd);
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (unsigned int i = 1; i <= 1000 && !late(&start, often(25)); i++) {
		live_and_die(i);
		if (i % often(8))
			continue;
		CHECK(!module_unload());
		CHECK_EQ(errno, EWOULDBLOCK);
	}
	check_refs(1);
	sud_fd = sud_open();
	CHECK_OK(sud_disarm(sud_fd));
	CHECK_OK(close(sud_fd));
	check_refs(0);
	module_reload();
	spawn_init();
	check_fork(BOTH);
}
