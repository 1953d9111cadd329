// SPDX-License-Identifier: GPL-2.0-only
/* tools/libsud: a program that a supervisor starts, armed from its beginning. */
#include <fcntl.h>
#include <linux/audit.h>
#include <sys/stat.h>

#include <libsud.h>

#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/notify.h"
#include "lib/sites.h"

#define IMAGE "SUD_TEST_SPAWNED"
#define ANSWER 4711

/* The new image is this program again. */
__attribute__((constructor)) static void image(void)
{
	int status;
	pid_t pid;

	if (!getenv(IMAGE))
		return;
	if (site_a(MAGIC_NR, 0, 0, 0) != ANSWER)
		_exit(1);
	pid = fork();
	if (!pid)
		_exit(site_a(MAGIC_NR, 1, 0, 0) == ANSWER ? 6 : 2);
	if (waitpid(pid, &status, 0) != pid || status != 6 << 8)
		_exit(3);
	_exit(7);
}

static char *self[] = { "/proc/self/exe", NULL };
static char *none[] = { "/nonsense", NULL };
static char *folder[] = { "/tmp", NULL };
/* Prints its plan, and no test. */
static char *of_32bit[] = { "/tests/bin/listener-32", "no-such-test", NULL };

static pid_t spawned;
static int before, children, others, compat;
static bool seen;

static void answer_magic(void *arg, const struct sud_notification *call,
			 struct sud_answer *answer)
{
	(void)arg;
	if (call->arch == AUDIT_ARCH_I386)
		compat++;
	if (call->nr != MAGIC_NR) {
		if (!seen)
			before++;
		answer->flags = SUD_ANSWER_RUN;
		return;
	}
	seen = true;
	if (call->pid == spawned)
		others++;
	else
		children++;
	answer->result = ANSWER;
}

static pid_t spawn(int fd, const struct sud_config *config, char **argv)
{
	setenv(IMAGE, "1", 1);
	spawned = sud_listener_spawn(fd, config, argv);
	unsetenv(IMAGE);
	return spawned;
}

static void no_child(void)
{
	CHECK_ERR(waitpid(-1, NULL, __WALL), ECHILD);
}

/* Ends with the program. */
static void supervise(int fd, int exit_status)
{
	int status;

	close(fd);
	CHECK_OK(sud_listener_run(listener, answer_magic, NULL));
	CHECK_EQ(waitpid(spawned, &status, 0), spawned);
	CHECK_EQ(status, exit_status << 8);
	no_child();
}

static int start(void)
{
	int fd = sud_open();

	CHECK_OK(fd);
	listener = sud_listen(fd, 0);
	CHECK_OK(listener);
	return fd;
}

TEST(spawn, "a program and its child wait for answers from their beginning on")
{
	int fd = start();

	CHECK_OK(spawn(fd, NULL, self));
	supervise(fd, 7);
	CHECK_EQ(others, 1);
	CHECK_EQ(children, 1);
	/* Those of the C library, before any constructor runs. */
	CHECK(before > 0);
	CHECK_EQ(compat, 0);
}

TEST(blocked, "the same with all signals blocked")
{
	sigset_t all, old;
	int fd = start();

	sigfillset(&all);
	CHECK_OK(sigprocmask(SIG_SETMASK, &all, &old));
	CHECK_OK(spawn(fd, NULL, self));
	CHECK_OK(sigprocmask(SIG_SETMASK, &old, NULL));
	supervise(fd, 7);
	CHECK_EQ(children, 1);
}

TEST(ignored, "also where SIGCHLD is ignored, and children are not waited for")
{
	int fd = start();

	CHECK(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	CHECK_ERR(spawn(fd, NULL, none), ENOENT);
	CHECK_OK(spawn(fd, NULL, self));
	close(fd);
	CHECK_OK(sud_listener_run(listener, answer_magic, NULL));
	CHECK_EQ(others, 1);
	CHECK_EQ(children, 1);
}

TEST(config, "a configuration of the caller's is used")
{
	struct sud_config c = { .size = sizeof(c),
				.mode = SUD_MODE_EXCLUSIVE,
				.delivery = SUD_DELIVER_NOTIFY };
	int fd = start();

	/* Not inherited: the child's call runs, and there is no such call. */
	CHECK_OK(spawn(fd, &c, self));
	supervise(fd, 3);
	CHECK_EQ(others, 1);
	CHECK_EQ(children, 0);
}

TEST(refused, "what cannot be started says why, and leaves no process")
{
	struct sud_config c = { .size = sizeof(c),
				.mode = SUD_MODE_EXCLUSIVE,
				.delivery = SUD_DELIVER_NOTIFY,
				.selector = 1ULL << 63 };
	int fd = start();

	CHECK_ERR(spawn(fd, NULL, none), ENOENT);
	no_child();
	CHECK_ERR(spawn(fd, NULL, folder), EACCES);
	no_child();
	CHECK_ERR(spawn(fd, &c, self), EFAULT);
	no_child();
	/* No listener. */
	CHECK_ERR(spawn(sud_fd, NULL, self), EINVAL);
	no_child();
	CHECK_ERR(spawn(-1, NULL, self), EBADF);
	no_child();
}

TEST(compat, "a program of 32 bits is one")
{
	struct sud_config c = { .size = sizeof(c),
				.mode = SUD_MODE_EXCLUSIVE,
				.delivery = SUD_DELIVER_NOTIFY,
				.selector = 1ULL << 32 };
	struct stat st;
	int fd = start();

	if (stat(of_32bit[0], &st))
		SKIP("no programs of 32 bits");
	CHECK_ERR(spawn(fd, &c, of_32bit), EFAULT);
	no_child();
	CHECK_EQ(dup2(open("/dev/null", O_WRONLY), 1), 1);
	CHECK_OK(spawn(fd, NULL, of_32bit));
	supervise(fd, 0);
	CHECK(compat > 0);
}
