// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hook cannot be lost: whatever is done to ftrace and to the hooked
 * function, an armed thread's blocked calls never run, and natural ones are
 * never dispatched.
 */
#include <fcntl.h>

#include "lib/backend.h"
#include "lib/clock.h"
#include "lib/files.h"
#include "lib/harness.h"
#include "lib/module.h"
#include "lib/sigsys.h"
#include "lib/sites.h"

#define TRACING "/sys/kernel/tracing/"

/* The hooked function's name on this kernel. */
static const char *hooked(void)
{
	return file_contains("/proc/kallsyms", " syscall_user_dispatch")
		       ? "syscall_user_dispatch"
		       : "syscall_trace_enter.constprop.0";
}

/*
 * Hammerers, armed, each checking every verdict: a blocked write to a pipe
 * that must stay empty, and a natural call.
 */
#define HAMMERERS 3

static pid_t hammerers[HAMMERERS];
static volatile long *counts;

static void hammer(int n)
{
	int fds[2];
	char c;

	CHECK_OK(pipe2(fds, O_NONBLOCK));
	handle_sigsys();
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	pid_t pid = site_a(SYS_getpid, 0, 0, 0);

	for (;;) {
		int before = seen.count;

		if (blocked(SYS_write, fds[1], (long)"x", 1) != SYS_write ||
		    seen.count != before + 1)
			FAIL("a blocked call was not dispatched");
		if (read(fds[0], &c, 1) != -1 || errno != EAGAIN)
			FAIL("a blocked call ran");
		if (site_a(SYS_getpid, 0, 0, 0) != pid ||
		    seen.count != before + 1)
			FAIL("a natural call was dispatched");
		counts[n]++;
	}
}

static void start_hammering(void)
{
	counts = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(counts != MAP_FAILED);
	for (int i = 0; i < HAMMERERS; i++) {
		hammerers[i] = fork();
		if (!hammerers[i])
			hammer(i);
	}
}

/* Every hammerer is alive and has gone round since. */
static void still_hammering(void)
{
	for (int i = 0; i < HAMMERERS; i++) {
		long before = counts[i];
		int status;

		for (int ms = 0; counts[i] <= before + 1; ms++) {
			if (waitpid(hammerers[i], &status, WNOHANG))
				FAIL("a hammerer ended: %#x", status);
			if (ms > 10000)
				FAIL("a hammerer stands still");
			sleep_ms(1);
		}
	}
}

static void stop_hammering(void)
{
	still_hammering();
	for (int i = 0; i < HAMMERERS; i++) {
		int status;

		kill(hammerers[i], SIGKILL);
		waitpid(hammerers[i], &status, 0);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
}

static bool write_to(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_TRUNC | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	int err = errno;

	close(fd);
	errno = err;
	return ok;
}

static bool tracing(const char *file, const char *text)
{
	char path[200];

	snprintf(path, sizeof(path), TRACING "%s", file);
	return write_to(path, text);
}

TEST_LIMIT(ftrace_enabled,
	   "kernel.ftrace_enabled=0 is refused while the module is loaded",
	   false, 60)
{
	start_hammering();
	for (int i = 0; i < often(10); i++) {
		CHECK(!write_to("/proc/sys/kernel/ftrace_enabled", "0"));
		/* Newer kernels refuse it to everybody: see the next test. */
		CHECK(errno == EBUSY || errno == EOPNOTSUPP);
		still_hammering();
	}
	CHECK(file_contains("/proc/sys/kernel/ftrace_enabled", "1"));
	stop_hammering();
}

TEST_LIMIT(
	load_without_ftrace,
	"loading while ftrace is off fails, says what to do, and leaves nothing",
	false, 60)
{
	char log[8192] = "";

	close(sud_fd);
	CHECK(module_unload());
	if (!write_to("/proc/sys/kernel/ftrace_enabled", "0")) {
		CHECK_EQ(errno, EOPNOTSUPP);
		CHECK(module_load());
		SKIP("this kernel has ftrace on always");
	}
	bool loaded = module_load();
	int err = errno;

	CHECK(write_to("/proc/sys/kernel/ftrace_enabled", "1"));
	CHECK(!loaded);
	CHECK_EQ(err, EBUSY);
	CHECK(access("/dev/sud", F_OK));
	CHECK_OK(syscall(SYS_syslog, 3, log, sizeof(log) - 1));
	CHECK(strstr(
		log,
		"sud: ftrace is off: run \"sysctl kernel.ftrace_enabled=1\""));
	CHECK(module_load());
	sud_fd = sud_open();
	CHECK_OK(sud_fd);
}

static void switch_tracer(const char *tracer, const char *filter)
{
	CHECK(tracing("set_ftrace_filter", filter));
	start_hammering();
	for (int i = 0; i < often(5); i++) {
		CHECK(tracing("current_tracer", tracer));
		still_hammering();
		CHECK(tracing("current_tracer", "nop"));
		still_hammering();
	}
	stop_hammering();
	CHECK(tracing("set_ftrace_filter", ""));
}

TEST_LIMIT(function_tracer,
	   "the function tracer on the hooked function, on and off", false, 120)
{
	switch_tracer("function", hooked());
}

TEST_LIMIT(graph_tracer, "the function graph tracer on it, on and off", false,
	   120)
{
	switch_tracer("function_graph", hooked());
}

static void switch_probe(char kind)
{
	char line[200];

	start_hammering();
	for (int i = 0; i < often(5); i++) {
		snprintf(line, sizeof(line), "%c:sudk/hooked %s\n", kind,
			 hooked());
		CHECK(file_write(TRACING "kprobe_events", line));
		CHECK(tracing("events/sudk/hooked/enable", "1"));
		still_hammering();
		CHECK(tracing("events/sudk/hooked/enable", "0"));
		CHECK(file_write(TRACING "kprobe_events", "-:sudk/hooked\n"));
		still_hammering();
	}
	stop_hammering();
}

TEST_LIMIT(kprobe, "a kprobe on it, on and off", false, 120)
{
	switch_probe('p');
}

TEST_LIMIT(kretprobe, "a kretprobe on it, on and off", false, 120)
{
	switch_probe('r');
}

TEST_LIMIT(kprobe_sees,
	   "a kprobe on the hooked function sees the calls that pass it", false,
	   60)
{
	char line[200];

	handle_sigsys();
	snprintf(line, sizeof(line), "p:sudk/sees %s\n", hooked());
	CHECK(file_write(TRACING "kprobe_events", line));
	CHECK(tracing("events/sudk/sees/enable", "1"));
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	for (int i = 0; i < 50; i++)
		CHECK(armed_now());
	CHECK_OK(disarm());
	CHECK(tracing("events/sudk/sees/enable", "0"));
	FILE *f = fopen(TRACING "kprobe_profile", "r");
	long hits = 0;

	CHECK(f);
	CHECK_EQ(fscanf(f, " sees %ld", &hits), 1);
	fclose(f);
	CHECK(file_write(TRACING "kprobe_events", "-:sudk/sees\n"));
	CHECK(hits >= 50);
}

/* Lines of the trace buffer by this process with this text. */
static int trace_lines(pid_t pid, const char *text)
{
	char line[512], who[16];
	FILE *f = fopen(TRACING "trace", "r");
	int n = 0;

	CHECK(f);
	snprintf(who, sizeof(who), "-%d ", pid);
	while (fgets(line, sizeof(line), f))
		if (strstr(line, who) && strstr(line, text))
			n++;
	fclose(f);
	return n;
}

TEST_LIMIT(only_armed,
	   "no thread comes by the hook but an armed one, and not its child",
	   false, 60)
{
	char line[200];
	int status;

	handle_sigsys();
	selector = SUD_SELECTOR_ALLOW;
	snprintf(line, sizeof(line), "p:sudk/comes %s\n", hooked());
	CHECK(file_write(TRACING "kprobe_events", line));
	CHECK(tracing("trace", ""));
	CHECK(tracing("events/sudk/comes/enable", "1"));
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	pid_t child = fork();

	if (!child) {
		for (int i = 0; i < 20; i++)
			site_a(SYS_getpid, 0, 0, 0);
		_exit(0);
	}
	CHECK_OK(waitpid(child, &status, 0));
	for (int i = 0; i < 20; i++)
		site_a(SYS_getpid, 0, 0, 0);
	CHECK_OK(disarm());
	int armed = trace_lines(getpid(), "comes:");

	for (int i = 0; i < 20; i++)
		site_a(SYS_getpid, 0, 0, 0);
	int off = trace_lines(getpid(), "comes:") - armed;
	int of_child = trace_lines(child, "comes:");

	CHECK(tracing("events/sudk/comes/enable", "0"));
	CHECK(file_write(TRACING "kprobe_events", "-:sudk/comes\n"));
	CHECK(armed >= 20);
	CHECK_EQ(off, 0);
	CHECK_EQ(of_child, 0);
}

TEST_LIMIT(all_at_once, "tracers switched on and off over each other", false,
	   120)
{
	char line[200];

	start_hammering();
	CHECK(tracing("set_ftrace_filter", hooked()));
	snprintf(line, sizeof(line), "p:sudk/a %s\nr:sudk/b %s\n", hooked(),
		 hooked());
	for (int i = 0; i < often(4); i++) {
		CHECK(file_write(TRACING "kprobe_events", line));
		CHECK(tracing("current_tracer", "function"));
		CHECK(tracing("events/sudk/a/enable", "1"));
		CHECK(tracing("events/sudk/b/enable", "1"));
		still_hammering();
		CHECK(tracing("current_tracer", "nop"));
		CHECK(tracing("events/sudk/a/enable", "0"));
		CHECK(tracing("current_tracer", "function_graph"));
		still_hammering();
		CHECK(tracing("events/sudk/b/enable", "0"));
		CHECK(tracing("current_tracer", "nop"));
		CHECK(write_to(TRACING "kprobe_events", "\n") || true);
		CHECK(file_write(TRACING "kprobe_events", "-:sudk/a\n") ||
		      true);
		CHECK(file_write(TRACING "kprobe_events", "-:sudk/b\n") ||
		      true);
		still_hammering();
	}
	CHECK(tracing("set_ftrace_filter", ""));
	stop_hammering();
}

/* Unarmed threads that hammer: plain ones, and with a filter as on 5.10. */
TEST_LIMIT(load_unload, "the module is loaded and unloaded under load", false,
	   120)
{
	pid_t pids[2];

	close(sud_fd);
	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			pid_t pid = getpid();

			if (i && native_has(SUD_MODE_EXCLUSIVE)) {
				handle_sigsys();
				selector = SUD_SELECTOR_ALLOW;
				CHECK_OK(prctl(PR_SET_SYSCALL_USER_DISPATCH, 1,
					       0, 0, &selector));
				for (;;)
					if (!armed_now())
						_exit(1);
			}
			for (;;)
				if (site_a(SYS_getpid, 0, 0, 0) != pid)
					_exit(1);
		}
	}
	for (int i = 0; i < often(10); i++) {
		CHECK(module_unload());
		CHECK(module_load());
		for (int n = 0; n < 2; n++)
			CHECK_EQ(waitpid(pids[n], NULL, WNOHANG), 0);
	}
	for (int n = 0; n < 2; n++) {
		kill(pids[n], SIGKILL);
		waitpid(pids[n], NULL, 0);
	}
	sud_fd = sud_open();
	CHECK_OK(sud_fd);
}
