// SPDX-License-Identifier: GPL-2.0-only
#include "harness.h"

#include <fcntl.h>
#include <stdarg.h>

#include "backend.h"
#include "clock.h"
#include "machine.h"
#include "new_image.h"
#include "sigsys.h"

enum verdict { PASSED, FAILED, SKIPPED };

/* How the process of a test ends when it has no verdict to report. */
enum { EXIT_NOT_DISARMED = 98, EXIT_NOT_REPORTED = 99 };

struct test {
	const char *name;
	const char *what;
	/* One of these two. */
	void (*fn)(void);
	void (*each)(int index);
	int index;
	bool both;
	int limit;
};

static struct test tests[128];
static int test_count;

void (*test_before_verdict)(void);

static int verdict_fd = -1;

static void add(const struct test *test)
{
	if (test_count == COUNT(tests))
		abort();
	tests[test_count] = *test;
	tests[test_count++].limit *= slowness();
}

void test_add(const char *name, const char *what, void (*fn)(void), bool both,
	      int limit)
{
	struct test test = { .name = name,
			     .what = what,
			     .fn = fn,
			     .both = both,
			     .limit = limit };

	add(&test);
}

void test_add_case(const char *name, const char *what, void (*each)(int index),
		   int index, int limit)
{
	struct test test = { .name = name,
			     .what = what,
			     .each = each,
			     .index = index,
			     .limit = limit };

	add(&test);
}

/* The verdict of a test goes through a pipe, from whichever process has it. */
static __attribute__((noreturn)) void report(enum verdict verdict,
					     const char *text)
{
	char line[600];
	int n = snprintf(line, sizeof(line), "%c%s\n",
			 verdict == FAILED ? 'F' : 'S', text);

	if (test_before_verdict)
		test_before_verdict();
	selector = SUD_SELECTOR_ALLOW;
	/* A test that left itself armed without a selector still reports. */
	disarm();
	if (write(verdict_fd, line, n) != n)
		_exit(EXIT_NOT_REPORTED);
	_exit(verdict);
}

void test_fail(const char *file, int line, const char *fmt, ...)
{
	char text[500];
	int n = snprintf(text, sizeof(text), "%s:%d: ",
			 strrchr(file, '/') ? strrchr(file, '/') + 1 : file,
			 line);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + n, sizeof(text) - n, fmt, ap);
	va_end(ap);
	report(FAILED, text);
}

void test_skip(const char *fmt, ...)
{
	char text[500];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	report(SKIPPED, text);
}

int in_child(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		fn();
		selector = SUD_SELECTOR_ALLOW;
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0)
		CHECK_EQ(errno, EINTR);
	return status;
}

void expect_death(void (*fn)(void), int sig)
{
	int status = in_child(fn);

	if (!WIFSIGNALED(status) || WTERMSIG(status) != sig)
		FAIL("wait status %#x, not death by signal %d", status, sig);
}

void exit_42(int sig)
{
	(void)sig;
	_exit(42);
}

/* The test's own process: arming is the test's affair, reporting is ours. */
static __attribute__((noreturn)) void run_here(const struct test *t)
{
	setpgid(0, 0);
	sud_fd = sud_open();
	if (sud_fd < 0)
		FAIL("open /dev/sud: %s", strerror(errno));
	if (t->fn)
		t->fn();
	else
		t->each(t->index);
	selector = SUD_SELECTOR_ALLOW;
	/* Armed without a selector, or with a region: off first. */
	if (disarm())
		_exit(EXIT_NOT_DISARMED);
	_exit(PASSED);
}

/* The wait status of the test's process; false when its time is up. */
static bool wait_for(pid_t pid, int seconds, int *status)
{
	int ms = seconds * 1000;

	while (waitpid(pid, status, WNOHANG) == 0) {
		if (ms <= 0) {
			kill(pid, SIGKILL);
			waitpid(pid, status, 0);
			return false;
		}
		sleep_ms(5);
		ms -= 5;
	}
	return true;
}

static enum verdict run(const struct test *t, char *text, size_t size)
{
	bool ended;
	int status, fds[2];
	ssize_t n;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK))
		exit(EXIT_NOT_REPORTED);
	pid = fork();
	if (!pid) {
		verdict_fd = fds[1];
		run_here(t);
	}
	close(fds[1]);
	ended = wait_for(pid, t->limit, &status);
	kill(-pid, SIGKILL);
	n = ended ? read(fds[0], text, size - 1) : 0;
	close(fds[0]);
	if (!ended) {
		snprintf(text, size, "no end after %d s", t->limit);
		return FAILED;
	}
	if (n > 0) {
		enum verdict verdict = text[0] == 'F' ? FAILED : SKIPPED;

		text[n] = 0;
		text[strcspn(text, "\n")] = 0;
		memmove(text, text + 1, strlen(text));
		return verdict;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == PASSED)
		return PASSED;
	snprintf(text, size, "the test's process ended with wait status %#x",
		 status);
	return FAILED;
}

/* Runs it by the back end that is set, and prints its line. */
static bool run_and_print(const struct test *t, int number)
{
	char text[600] = "";
	enum verdict verdict = run(t, text, sizeof(text));

	printf("%sok %d - %s: %s%s%s%s\n", verdict == FAILED ? "not " : "",
	       number, t->name, t->what, native ? " (native)" : "",
	       verdict == SKIPPED ? " # SKIP " : "",
	       verdict == SKIPPED ? text : "");
	if (verdict == FAILED) {
		printf("# %s\n", text);
		machine_restore();
	}
	return verdict != FAILED;
}

/* By how many back ends it runs; none when the argument selects others. */
static int runs_of(const struct test *t, const char *part_of_name)
{
	if (part_of_name && !strstr(t->name, part_of_name))
		return 0;
	return t->both && native_has(SUD_MODE_EXCLUSIVE) ? 2 : 1;
}

/* With an argument, only the tests whose name holds it. */
int main(int argc, char **argv)
{
	const char *part = argc > 1 ? argv[1] : NULL;
	int number = 0, plan = 0;
	bool good = true;

	setvbuf(stdout, NULL, _IOLBF, 0);
	/* Before the first test, since it arms this thread. */
	native_probe();
	machine_note();
	for (int i = 0; i < test_count; i++)
		plan += runs_of(&tests[i], part);
	printf("1..%d\n", plan);
	for (int i = 0; i < test_count; i++) {
		int runs = runs_of(&tests[i], part);

		for (int by = 0; by < runs; by++) {
			native = by;
			if (!run_and_print(&tests[i], ++number))
				good = false;
		}
	}
	return good ? 0 : 1;
}
