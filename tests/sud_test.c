// SPDX-License-Identifier: GPL-2.0-only
#include "sud_test.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/syscall.h>

struct sud_test sud_tests[128];
int sud_test_count;

bool native;
int sud_fd = -1;
volatile unsigned char selector;
struct seen seen;

static int verdict_fd = -1;

/* A kernel that looks for bugs is slow: the guest says how many times. */
static int slow(void)
{
	const char *times = getenv("SUD_TEST_SLOW");

	return times && atoi(times) > 0 ? atoi(times) : 1;
}

int often(int n)
{
	return n < slow() ? 1 : n / slow();
}

void sud_test_add(const char *name, const char *what, void (*fn)(void),
		  bool both, int limit)
{
	if (sud_test_count == sizeof(sud_tests) / sizeof(*sud_tests))
		abort();
	sud_tests[sud_test_count++] =
		(struct sud_test){ name, what, fn, both, limit * slow() };
}

/* The verdict of a test goes through a pipe, from whichever process has it. */
static void verdict(char kind, const char *text)
{
	char line[600];
	int n = snprintf(line, sizeof(line), "%c%s\n", kind, text);

	selector = SUD_SELECTOR_ALLOW;
	/* A test that left itself armed without a selector still reports. */
	disarm();
	if (write(verdict_fd, line, n) != n)
		_exit(99);
	_exit(kind == 'F' ? T_FAIL : T_SKIP);
}

void sud_fail(const char *file, int line, const char *fmt, ...)
{
	char text[500];
	int n = snprintf(text, sizeof(text), "%s:%d: ",
			 strrchr(file, '/') ? strrchr(file, '/') + 1 : file,
			 line);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + n, sizeof(text) - n, fmt, ap);
	va_end(ap);
	verdict('F', text);
	__builtin_unreachable();
}

void sud_skip(const char *fmt, ...)
{
	char text[500];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	verdict('S', text);
	__builtin_unreachable();
}

static bool native_modes[SUD_MODE_INCLUSIVE + 1];

static bool try_native(int mode)
{
	static volatile unsigned char allow;

	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, mode, 1UL, 1UL, &allow))
		return false;
	prctl(PR_SET_SYSCALL_USER_DISPATCH, SUD_MODE_OFF, 0UL, 0UL, 0UL);
	return true;
}

bool native_has(int mode)
{
	return native_modes[mode];
}

int arm(int mode, unsigned long offset, unsigned long len, volatile void *sel)
{
	if (native)
		return prctl(PR_SET_SYSCALL_USER_DISPATCH, mode, offset, len,
			     sel);
	return sud_arm(sud_fd, mode, offset, len, sel);
}

static void on_sigsys(int sig, siginfo_t *info, void *uc)
{
	(void)sig;
	selector = SUD_SELECTOR_ALLOW;
	memcpy(&seen.info, info, sizeof(seen.info));
	memcpy(&seen.uc, uc, sizeof(seen.uc));
	seen.count++;
}

void handle_sigsys(void)
{
	struct sigaction sa = { .sa_sigaction = on_sigsys,
				.sa_flags = SA_SIGINFO };

	CHECK_OK(sigaction(SIGSYS, &sa, NULL));
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

bool file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = write(fd, text, strlen(text));
	close(fd);
	return n == (ssize_t)strlen(text);
}

bool file_contains(const char *path, const char *text)
{
	static char data[1 << 20];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t got = 0;
	ssize_t n;

	if (fd < 0)
		return false;
	while ((n = read(fd, data + got, sizeof(data) - 1 - got)) > 0)
		got += n;
	close(fd);
	data[got] = 0;
	return strstr(data, text);
}

bool module_load(void)
{
	int fd = open("/lib/sud.ko", O_RDONLY | O_CLOEXEC);
	long err = syscall(SYS_finit_module, fd, "", 0);

	close(fd);
	return !err;
}

bool module_unload(void)
{
	return !syscall(SYS_delete_module, "sud", O_NONBLOCK);
}

void sleep_ms(int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

bool wait_until(bool (*fn)(void), int ms)
{
	ms *= slow();
	while (!fn()) {
		if (ms <= 0)
			return false;
		sleep_ms(5);
		ms -= 5;
	}
	return true;
}

int number_in(const char *path)
{
	char text[16] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	CHECK_OK(fd);
	CHECK_OK(read(fd, text, sizeof(text) - 1));
	close(fd);
	return atoi(text);
}

int module_refs(void)
{
	return number_in("/sys/module/sud/refcnt");
}

static int refs_wanted;

static bool refs_there(void)
{
	return module_refs() == refs_wanted;
}

void check_refs_within(int wanted, int ms)
{
	refs_wanted = wanted;
	if (!wait_until(refs_there, ms))
		FAIL("the module is held %d times, not %d", module_refs(),
		     wanted);
}

/* The test's own process: arming is the test's affair, reporting is ours. */
static int run(const struct sud_test *t, char *text, size_t size)
{
	int status, fds[2];
	int ms = t->limit * 1000;
	ssize_t n;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK))
		exit(99);
	pid = fork();
	if (!pid) {
		verdict_fd = fds[1];
		setpgid(0, 0);
		sud_fd = sud_open();
		if (sud_fd < 0)
			FAIL("open /dev/sud: %s", strerror(errno));
		t->fn();
		selector = SUD_SELECTOR_ALLOW;
		/* Armed without a selector, or with a region: off first. */
		if (disarm())
			_exit(98);
		_exit(T_PASS);
	}
	close(fds[1]);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (ms <= 0) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			snprintf(text, size, "no end after %d s", t->limit);
			kill(-pid, SIGKILL);
			close(fds[0]);
			return T_FAIL;
		}
		sleep_ms(5);
		ms -= 5;
	}
	kill(-pid, SIGKILL);
	n = read(fds[0], text, size - 1);
	close(fds[0]);
	text[n > 0 ? n : 0] = 0;
	if (n > 0) {
		text[strcspn(text, "\n")] = 0;
		int kind = text[0] == 'F' ? T_FAIL : T_SKIP;

		memmove(text, text + 1, strlen(text));
		return kind;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == T_PASS)
		return T_PASS;
	snprintf(text, size, "the test's process ended with wait status %#x",
		 status);
	return T_FAIL;
}

/* With an argument, only the tests whose name holds it. */
int main(int argc, char **argv)
{
	bool has_native;
	int n = 0, plan = 0, failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	/* Before the first test: asking arms, and disarms, this thread. */
	for (int mode = SUD_MODE_EXCLUSIVE; mode <= SUD_MODE_INCLUSIVE; mode++)
		native_modes[mode] = try_native(mode);
	has_native = native_has(SUD_MODE_EXCLUSIVE);
	for (int pass = 0; pass < 2; pass++) {
		for (int i = 0; i < sud_test_count; i++) {
			const struct sud_test *t = &sud_tests[i];

			for (int back = 0; back < 2; back++) {
				char text[600] = "";
				int r;

				if (back && !(t->both && has_native))
					continue;
				if (argc > 1 && !strstr(t->name, argv[1]))
					continue;
				if (!pass) {
					plan++;
					continue;
				}
				native = back;
				r = run(t, text, sizeof(text));
				failed += r == T_FAIL;
				printf("%sok %d - %s: %s%s%s%s\n",
				       r == T_FAIL ? "not " : "", ++n, t->name,
				       t->what, native ? " (native)" : "",
				       r == T_SKIP ? " # SKIP " : "",
				       r == T_SKIP ? text : "");
				if (r == T_FAIL)
					printf("# %s\n", text);
			}
		}
		if (!pass)
			printf("1..%d\n", plan);
	}
	return failed ? 1 : 0;
}
