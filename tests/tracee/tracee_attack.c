// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another thread's configuration, while the tracee or the tracer dies or becomes
 * another program: every verdict stays right, and nothing is left behind.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/stat.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/clock.h"
#include "lib/harness.h"
#include "lib/module.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/tracer.h"
#include "lib/upcalls.h"

/*
 * Attacks. Victims make calls without end, each checked: it ran, or was
 * dispatched once. A tracer that dies at a SIGSYS stop takes the signal along.
 */
#define VICTIMS 3

static bool lossy;

static struct victim {
	pid_t pid;
	bool doomed, dead;
	int sig;
	struct sud_config config;
} victims[VICTIMS];

static void suffer(int n)
{
	pid_t parent = getppid();

	handle_sigsys();
	reset_frames();
	for (;;) {
		int signals = seen.count;
		uint64_t upcalls = up_count;
		long r = blocked(MAGIC_NR, 0, 0, 0);

		selector = SUD_SELECTOR_ALLOW;
		signals = seen.count - signals;
		upcalls = up_count - upcalls;
		if (!((r == -ENOSYS && !signals && !upcalls) ||
		      (r == MAGIC_NR && !upcalls &&
		       (signals == 1 || (lossy && !signals))) ||
		      (r == RESULT && !signals && upcalls == 1)))
			FAIL("a blocked call gave %ld, %d signals, %d upcalls",
			     r, signals, (int)upcalls);
		if (site_a(SYS_getppid, 0, 0, 0) != parent)
			FAIL("a natural call was dispatched");
		sh->rounds[n]++;
	}
}

static pid_t start_victim(int n)
{
	pid_t pid = fork();

	if (!pid)
		suffer(n);
	CHECK_OK(pid);
	return pid;
}

/* Something to arm with that a victim survives anywhere. */
static struct sud_config any_config(void)
{
	switch (rand() % 5) {
	case 0:
		return config_only_b();
	case 1:
		return config_but_b();
	case 2:
		return config_but_b_upcall(true);
	case 3:
		return config_set();
	}
	return config_off;
}

/* Only SIGKILL excuses an error, and then there is no way back. */
static bool outcome(struct victim *v, int r)
{
	if (!r && !v->dead)
		return true;
	if (!r)
		FAIL("a dead victim is back");
	if (errno != ESRCH || !v->doomed)
		FAIL("errno %d, doomed %d", errno, v->doomed);
	v->dead = true;
	return false;
}

static void change(struct victim *v)
{
	struct sud_config c = any_config(), got;
	struct sud_task_config t;

	if (outcome(v, set_task(sud_fd, v->pid, &c, 0)))
		v->config = c;
	if (outcome(v, get_task(sud_fd, v->pid, &t, &got)))
		CHECK(!memcmp(&got, &v->config, sizeof(got)));
}

/* False when it has died. */
static bool stop_victim(struct victim *v)
{
	int status;

	ptrace(PTRACE_INTERRUPT, v->pid, 0, 0);
	CHECK_EQ(waitpid(v->pid, &status, __WALL), v->pid);
	if (!WIFSTOPPED(status)) {
		if (!v->doomed || !WIFSIGNALED(status) ||
		    WTERMSIG(status) != SIGKILL)
			FAIL("a victim ended: %#x", status);
		*v = (struct victim){ 0 };
		return false;
	}
	v->sig = status >> 16 ? 0 : WSTOPSIG(status);
	return true;
}

/* Kills whom it is told to, a random moment later. */
static void kill_those(int fd)
{
	pid_t pid;

	srand(getpid());
	while (read(fd, &pid, sizeof(pid)) == sizeof(pid)) {
		for (volatile int i = rand() % 30000; i > 0; i--)
			;
		kill(pid, SIGKILL);
	}
	_exit(0);
}

TEST_LIMIT(killed_any_moment,
	   "SIGKILL while the tracer arms and disarms, and nothing is left",
	   false, 150)
{
	int refs = module_refs(), fds[2], kills = 0, status;

	share();
	CHECK_OK(pipe2(fds, O_CLOEXEC));
	pid_t killer = fork();

	if (!killer) {
		close(fds[1]);
		kill_those(fds[0]);
	}
	for (int round = 0; round < often(3000); round++) {
		int n = round % VICTIMS;
		struct victim *v = &victims[n];

		if (!v->pid) {
			v->config = config_off;
			v->pid = start_victim(n);
			CHECK_OK(ptrace(PTRACE_SEIZE, v->pid, 0,
					PTRACE_O_EXITKILL));
		}
		if (!v->doomed && rand() % 4 == 0) {
			v->doomed = true;
			kills++;
			CHECK_EQ(write(fds[1], &v->pid, sizeof(v->pid)),
				 sizeof(v->pid));
		}
		if (!stop_victim(v))
			continue;
		for (int i = rand() % 6; i >= 0; i--)
			change(v);
		ptrace(PTRACE_CONT, v->pid, 0, v->sig);
	}
	for (int n = 0; n < VICTIMS; n++) {
		if (!victims[n].pid)
			continue;
		kill(victims[n].pid, SIGKILL);
		do
			CHECK_EQ(waitpid(victims[n].pid, &status, __WALL),
				 victims[n].pid);
		while (WIFSTOPPED(status));
	}
	close(fds[1]);
	CHECK_EQ(waitpid(killer, &status, 0), killer);
	CHECK(kills > often(100));
	check_nothing_left(refs);
}

/* A tracer's life. Its tracee is its sibling. */
static void trace_without_end(pid_t pid, int options)
{
	struct victim v = { .pid = pid };
	struct sud_task_config t;

	srand(getpid());
	CHECK_OK(ptrace(PTRACE_SEIZE, pid, 0, options));
	for (;;) {
		CHECK(stop_victim(&v));
		CHECK_OK(get_task(sud_fd, pid, &t, &v.config));
		for (int i = rand() % 6; i >= 0; i--)
			change(&v);
		sh->turn++;
		CHECK_OK(ptrace(PTRACE_CONT, pid, 0, v.sig));
	}
}

static int wanted_turn;
static int64_t wanted_rounds;

static bool has_turned(void)
{
	return sh->turn > wanted_turn;
}

static bool goes_on(void)
{
	return sh->rounds[0] > wanted_rounds;
}

TEST_LIMIT(
	tracer_dies,
	"the tracer is killed in the middle: the tracee goes on, or dies with it",
	false, 150)
{
	int refs = module_refs(), status;
	pid_t pid = 0;

	share();
	lossy = true;
	for (int i = 0; i < often(120); i++) {
		bool both = i % 3 == 0;

		if (!pid)
			pid = start_victim(0);
		wanted_turn = sh->turn;
		pid_t tracer = fork();

		if (!tracer)
			trace_without_end(pid, both ? PTRACE_O_EXITKILL : 0);
		if (!wait_until(has_turned, 20000))
			FAIL("round %d: the tracer stands still", i);
		for (volatile int n = rand() % 200000; n > 0; n--)
			;
		CHECK_OK(kill(tracer, SIGKILL));
		CHECK_EQ(waitpid(tracer, &status, 0), tracer);
		if (!WIFSIGNALED(status))
			FAIL("round %d: the tracer ended: %#x", i, status);
		if (both) {
			CHECK_EQ(waitpid(pid, &status, 0), pid);
			CHECK(WIFSIGNALED(status) &&
			      WTERMSIG(status) == SIGKILL);
			pid = 0;
			continue;
		}
		wanted_rounds = sh->rounds[0];
		if (!wait_until(goes_on, 20000))
			FAIL("round %d: the tracee stands still", i);
		CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	}
	if (pid) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	check_nothing_left(refs);
}

/* Nothing that the new image does, or its start-up, is in the region. */
static struct sud_config harmless(void)
{
	struct sud_config c = config_only_b();

	c.offset = 0x1000;
	c.len = 0x1000;
	return c;
}

static void exec_over_and_over(void)
{
	sleep_until_go();
	image_exec("/proc/self/exe", "loop", often(100));
	FAIL("exec: %s", strerror(errno));
}

TEST_LIMIT(exec_meanwhile,
	   "a tracee that executes itself under a tracer that keeps arming it",
	   false, 120)
{
	struct sud_config c = harmless();
	int status, execs = 0, refs = module_refs();
	pid_t pid = tracee_start(exec_over_and_over);

	CHECK(wait_until(is_ready, 10000));
	CHECK_OK(ptrace(PTRACE_SEIZE, pid, 0,
			PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC));
	CHECK_OK(write(go[1], "x", 1));
	for (;;) {
		ptrace(PTRACE_INTERRUPT, pid, 0, 0);
		CHECK_EQ(waitpid(pid, &status, __WALL), pid);
		if (!WIFSTOPPED(status))
			break;
		if (status >> 8 == EVENT(PTRACE_EVENT_EXEC)) {
			check_get(pid, &config_off);
			execs++;
		}
		set_config(pid, &c);
		check_get(pid, &c);
		cont(pid, 0);
		for (volatile int n = rand() % 100000; n > 0; n--)
			;
	}
	CHECK_EQ(status, 0);
	CHECK_EQ(execs, often(100) + 1);
	CHECK_EQ(sh->rounds[0], often(100) + 1);
	check_nothing_left(refs);
}

static int strict;

static void *exec_in_thread(void *unused)
{
	(void)unused;
	sh->tid[0] = syscall(SYS_gettid);
	CHECK_OK(syscall(SYS_tgkill, getpid(), sh->tid[0], SIGUSR1));
	image_exec("/proc/self/exe", "loop", 0);
	return NULL;
}

static void exec_from_sibling(void)
{
	pthread_t thread;

	sleep_until_go();
	CHECK_EQ(pthread_create(&thread, NULL, exec_in_thread, NULL), 0);
	for (;;)
		site_a(SYS_getpid, 0, 0, 0);
}

/*
 * Both threads are armed as the one that is not the leader executes, and the
 * leader stays in its stop until exec takes it away. @on: the tracer goes on when
 * it first sees it gone, so that it may be the new image that it arms.
 */
static void sibling_round(bool on)
{
	struct sud_config c = harmless();
	unsigned long tid = 0;
	int status, r = 0;

	armed_as = c;
	pid_t pid = tracee_start(exec_from_sibling);

	CHECK(wait_until(is_ready, 10000));
	CHECK_OK(ptrace(PTRACE_SEIZE, pid, 0,
			PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC |
				PTRACE_O_TRACECLONE));
	CHECK_OK(write(go[1], "x", 1));
	CHECK_EQ(wait_stop(pid), EVENT(PTRACE_EVENT_CLONE));
	CHECK_OK(ptrace(PTRACE_GETEVENTMSG, pid, 0, &tid));
	CHECK_EQ(wait_stop(tid), EVENT_STOP(SIGTRAP));
	cont(tid, 0);
	CHECK_EQ(wait_stop(tid), SIGUSR1);
	set_config(tid, &c);
	cont(tid, 0);
	for (int i = 0;; i++) {
		r = set_task(sud_fd, pid, i % 2 ? &c : &config_off, 0);
		if (r)
			CHECK_EQ(errno, ESRCH);
		pid_t who = waitpid(pid, &status,
				    __WALL | (r && !on ? 0 : WNOHANG));

		CHECK_OK(who);
		if (who)
			break;
		if (i % 16 == 0)
			sched_yield();
	}
	CHECK(WIFSTOPPED(status));
	CHECK_EQ(status >> 8, EVENT(PTRACE_EVENT_EXEC));
	/* The last word was the leader's death: nobody armed the new image. */
	if (r) {
		strict++;
		check_get(pid, &config_off);
	}
	check_both(tid, ESRCH);
	CHECK_EQ(run_to_end(pid), 0);
}

TEST_LIMIT(exec_by_sibling,
	   "a sibling executes while the tracer arms the leader it replaces",
	   false, 120)
{
	int refs = module_refs(), rounds = 10 + often(50);

	for (int i = 0; i < rounds; i++)
		sibling_round(i % 2);
	CHECK(strict > rounds / 6);
	check_nothing_left(refs);
}

/* A copy of this program that belongs to root and has the set-user-ID bit. */
#define SUID_COPY "/tmp/tracee-suid"

static void make_suid_copy(void)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to =
		open(SUID_COPY, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	static char data[1 << 16];
	ssize_t n;

	CHECK_OK(from);
	CHECK_OK(to);
	while ((n = read(from, data, sizeof(data))) > 0)
		CHECK_EQ(write(to, data, n), n);
	CHECK_OK(n);
	CHECK_OK(fchmod(to, 04755));
	close(from);
	close(to);
	image_path = SUID_COPY;
}

static void become_nobody(void)
{
	CHECK_OK(setgid(65534));
	CHECK_OK(setuid(65534));
	/* For a tracer of no privilege. */
	CHECK_OK(prctl(PR_SET_DUMPABLE, 1));
}

static void exec_as_nobody(void)
{
	if (!geteuid())
		become_nobody();
	sleep_until_go();
	image_exec(image_path, "probe", 0);
	FAIL("exec: %s", strerror(errno));
}

static void check_suid(uid_t want)
{
	struct sud_config b = config_but_b();

	armed_as = b;
	pid_t pid = tracee_start(exec_as_nobody);

	CHECK(wait_until(is_ready, 10000));
	CHECK_OK(ptrace(PTRACE_SEIZE, pid, 0,
			PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC));
	CHECK_OK(ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	CHECK_EQ(wait_stop(pid), EVENT_STOP(SIGTRAP));
	check_get(pid, &b);
	set_config(pid, &b);
	cont(pid, 0);
	CHECK_OK(write(go[1], "x", 1));
	CHECK_EQ(wait_stop(pid), EVENT(PTRACE_EVENT_EXEC));
	check_get(pid, &config_off);
	finish(pid, V_OFF);
	CHECK_EQ(sh->uid, want);
}

TEST(suid_exec, "a set-user-ID program starts off, with root as its tracer")
{
	share();
	make_suid_copy();
	check_suid(0);
	CHECK_OK(unlink(SUID_COPY));
}

TEST(suid_exec_unprivileged,
     "and with a tracer of no privilege, when it gains none")
{
	share();
	make_suid_copy();
	CHECK_OK(chmod(SUID_COPY, 04755));
	become_nobody();
	check_suid(65534);
}
