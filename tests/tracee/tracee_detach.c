// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread's natural parent, who is not its tracer, asks GET_TASK and SET_TASK all
 * the while somebody else attaches to the thread and lets it go, or dies while he
 * traces it. In the midst of an attach and of a detach the kernel shows the parent
 * as the tracer for a moment; nobody may get anything from that.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/stat.h>

#include "lib/clock.h"
#include "lib/files.h"
#include "lib/harness.h"
#include "lib/module.h"

#define DELAY "/sys/module/sud/parameters/test_delay_us"
#define SUID_COPY "/tmp/tracee_detach_suid"

static struct {
	volatile int victim, asking, stop;
	volatile long asked, rounds, got, other, calls;
} *shared;

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	/* A guest with one CPU has less to show, but nothing to hide. */
	sched_setaffinity(0, sizeof(set), &set);
}

static void share_memory(void)
{
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
}

/* Counts what the ioctls gave; both must say EPERM or ESRCH, always. */
static void ask(int fd, unsigned int flags)
{
	struct sud_config config = { .size = sizeof(config) };
	struct sud_task_config task = { .tid = shared->victim, .flags = flags };
	int r = flags ? sud_get_task(fd, &task, &config)
		      : sud_set_task(fd, &task, &config);

	shared->asked++;
	if (!r)
		shared->got++;
	else if (errno != EPERM && errno != ESRCH)
		shared->other++;
}

static void parent_asks(void)
{
	int fd = sud_open();

	CHECK_OK(fd);
	pin(1);
	shared->asking = 1;
	while (!shared->stop) {
		ask(fd, 0);
		ask(fd, SUD_TASK_TAKE_REGIONS);
	}
}

/* Attaches and lets go, until the time is over. */
static void trace_and_detach(double until)
{
	int status;

	while (seconds() < until && !shared->got) {
		CHECK_OK(ptrace(PTRACE_SEIZE, shared->victim, 0, 0));
		CHECK_OK(ptrace(PTRACE_INTERRUPT, shared->victim, 0, 0));
		CHECK_EQ(waitpid(shared->victim, &status, __WALL),
			 shared->victim);
		if (!WIFSTOPPED(status))
			FAIL("the thread ended: %#x", status);
		CHECK_OK(ptrace(PTRACE_DETACH, shared->victim, 0, 0));
		shared->rounds++;
	}
}

/* The same by tracers that die. */
static void trace_and_die(double until)
{
	int status;

	while (seconds() < until && !shared->got) {
		pid_t pid = fork();

		CHECK_OK(pid);
		if (!pid) {
			ptrace(PTRACE_SEIZE, shared->victim, 0, 0);
			ptrace(PTRACE_INTERRUPT, shared->victim, 0, 0);
			waitpid(shared->victim, &status, __WALL);
			_exit(0);
		}
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(status, 0);
		shared->rounds++;
	}
}

/* The image that the parent starts: root's, by its set-user-ID bit. */
static void make_suid_copy(void)
{
	char data[65536];
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to =
		open(SUID_COPY, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	ssize_t n;

	CHECK_OK(from);
	CHECK_OK(to);
	while ((n = read(from, data, sizeof(data))) > 0)
		CHECK_EQ(write(to, data, n), n);
	CHECK_OK(fchown(to, 0, 0));
	CHECK_OK(fchmod(to, 04755));
	close(from);
	close(to);
}

/* With this argument the program is the victim, and does nothing else. */
__attribute__((constructor)) static void be_victim(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "victim"))
		for (;;)
			usleep(200);
}

static void natural_parent(void)
{
	pid_t pid;

	CHECK_OK(setgid(65534));
	CHECK_OK(setuid(65534));
	pid = fork();
	CHECK_OK(pid);
	if (!pid) {
		pin(0);
		execl(SUID_COPY, SUID_COPY, "victim", NULL);
		_exit(9);
	}
	sleep_ms(200);
	/* What root runs is not this user's to trace. */
	CHECK_ERR(ptrace(PTRACE_SEIZE, pid, 0, 0), EPERM);
	shared->victim = pid;
	parent_asks();
}

static void attack(void (*trace)(double until))
{
	int status;
	pid_t parent;

	share_memory();
	make_suid_copy();
	parent = fork();
	CHECK_OK(parent);
	if (!parent) {
		natural_parent();
		_exit(0);
	}
	for (int i = 0; i < 4000 && !shared->asking; i++)
		sleep_ms(5);
	CHECK(shared->asking);
	pin(0);
	trace(seconds() + 4);
	shared->stop = 1;
	CHECK_EQ(waitpid(parent, &status, 0), parent);
	kill(shared->victim, SIGKILL);
	unlink(SUID_COPY);
	CHECK_EQ(status, 0);
	CHECK_EQ(shared->got, 0);
	CHECK_EQ(shared->other, 0);
	CHECK(shared->rounds > often(10));
	CHECK(shared->asked > often(1000));
}

TEST_LIMIT(
	let_go,
	"a set-user-ID program that root traces and lets go is not its parent's",
	false, 60)
{
	attack(trace_and_detach);
}

TEST_LIMIT(tracer_dies, "nor is one whose tracer dies", false, 60)
{
	attack(trace_and_die);
}

static volatile unsigned char victim_selector;

/* Armed, and comes by the hook all the time. */
static void armed_victim(void)
{
	struct sud_config config = { .size = sizeof(config),
				     .mode = SUD_MODE_EXCLUSIVE,
				     .selector = (uintptr_t)&victim_selector };

	prctl(PR_SET_DUMPABLE, 1);
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	pin(0);
	CHECK_OK(sud_set(sud_open(), &config));
	shared->victim = getpid();
	for (;;) {
		syscall(SYS_getppid);
		shared->calls++;
	}
}

static void armed_parent(void)
{
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid)
		armed_victim();
	while (!shared->victim)
		sleep_ms(1);
	parent_asks();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/*
 * All of one user, who may trace each of them: but the parent does not. On test
 * builds the module waits between its look at the thread and the change, so that
 * a state that is taken from a running thread is freed under it: KASAN sees that.
 */
TEST_LIMIT(one_user, "a thread's state is not taken by a parent while it runs",
	   false, 90)
{
	int refs, status;
	pid_t parent;

	share_memory();
	file_set(DELAY, "2000");
	parent = fork();
	CHECK_OK(parent);
	if (!parent) {
		armed_parent();
		_exit(0);
	}
	for (int i = 0; i < 4000 && !shared->asking; i++)
		sleep_ms(5);
	CHECK(shared->asking);
	refs = module_refs();
	pin(2);
	trace_and_detach(seconds() + 8);
	/* The thread has not been disarmed behind its back. */
	CHECK_EQ(module_refs(), refs);
	shared->stop = 1;
	CHECK_EQ(waitpid(parent, &status, 0), parent);
	file_set(DELAY, "0");
	CHECK_EQ(status, 0);
	CHECK_EQ(shared->got, 0);
	CHECK_EQ(shared->other, 0);
	CHECK(shared->rounds > often(10));
	CHECK(shared->calls > often(1000));
}
