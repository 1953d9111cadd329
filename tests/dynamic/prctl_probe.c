// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: prctl_probe CHECK [ARG]...
 * One check of what libc's prctl() does, for tests/guest.d/prctl-lib.sh, which
 * runs it with libsud-prctl.so and without. Says what is wrong and exits with
 * 1; "errno" prints the result instead. The kernel's headers may be older.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sud.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#undef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59

/* A number that no kernel knows. */
#define MAGIC_NR 0x2345

static __thread volatile unsigned char selector;
static __thread volatile int count, first_nr;

#define CHECK(cond)                            \
	do {                                   \
		if (!(cond))                   \
			fail(__LINE__, #cond); \
	} while (0)

static void fail(int line, const char *cond)
{
	int err = errno;

	selector = SUD_SELECTOR_ALLOW;
	printf("line %d: %s, errno %d\n", line, cond, err);
	exit(1);
}

/* Not from libc's text. */
static long raw(long nr)
{
	long ret;

#ifdef __x86_64__
	asm volatile("syscall" : "=a"(ret) : "0"(nr) : "rcx", "r11", "memory");
#else
	asm volatile("int $0x80" : "=a"(ret) : "0"(nr) : "memory");
#endif
	return ret;
}

static void on_sigsys(int sig, siginfo_t *info, void *uc)
{
	(void)sig;
	(void)uc;
	selector = SUD_SELECTOR_ALLOW;
	if (!count++)
		first_nr = info->si_syscall;
}

static int arm(unsigned long mode, unsigned long offset, unsigned long len)
{
	return prctl(PR_SET_SYSCALL_USER_DISPATCH, mode, offset, len,
		     &selector);
}

static int off(void)
{
	return prctl(PR_SET_SYSCALL_USER_DISPATCH, SUD_MODE_OFF, 0UL, 0UL, 0UL);
}

static int dispatched(void)
{
	int before = count;
	long ret;

	selector = SUD_SELECTOR_BLOCK;
	ret = raw(MAGIC_NR);
	selector = SUD_SELECTOR_ALLOW;
	return count == before + 1 || ret != -ENOSYS;
}

/* Through the module, and not by the kernel itself. */
static int armed_here(void)
{
	struct sud_config config;
	int fd = sud_open(), mode;

	CHECK(fd >= 0);
	CHECK(!sud_get(fd, &config));
	close(fd);
	mode = config.mode;
	return mode != SUD_MODE_OFF;
}

/* How many descriptors are /dev/sud, and the last of them. */
static int sud_fds(int *last)
{
	char path[64], to[64];
	int fd, n = 0;
	ssize_t len;

	for (fd = 0; fd < 1024; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		len = readlink(path, to, sizeof(to) - 1);
		if (len < 0)
			continue;
		to[len] = 0;
		if (!strcmp(to, SUD_DEVICE)) {
			n++;
			if (last)
				*last = fd;
		}
	}
	return n;
}

static unsigned long number(const char *arg)
{
	return strcmp(arg, "sel") ? strtoul(arg, NULL, 0)
				  : (unsigned long)&selector;
}

/* MODE OFFSET LEN SELECTOR: prints what prctl returns and leaves in errno. */
static void check_errno(char **arg)
{
	int ret;

	errno = 77;
	ret = prctl(PR_SET_SYSCALL_USER_DISPATCH, number(arg[0]),
		    number(arg[1]), number(arg[2]), number(arg[3]));
	printf("%d %d\n", ret, errno);
}

/* MODE: arms, and disarms. */
static void check_arm(char **arg)
{
	unsigned long mode = number(arg[0]);

	CHECK(!dispatched());
	/* Nothing is exempt: everything is inside, or nothing is. */
	CHECK(!arm(mode, mode == SUD_MODE_INCLUSIVE ? 4096 : 0,
		   mode == SUD_MODE_INCLUSIVE ? -8192UL : 0));
	CHECK(dispatched());
	CHECK(first_nr == MAGIC_NR);
	CHECK(!off());
	CHECK(!dispatched());
}

static void check_module(char **arg)
{
	(void)arg;
	CHECK(!arm(SUD_MODE_EXCLUSIVE, 0, 0));
	CHECK(armed_here());
	CHECK(!off());
	CHECK(!armed_here());
}

/* The first call that is judged is the program's own. */
static void check_blocked_at_once(char **arg)
{
	(void)arg;
	selector = SUD_SELECTOR_BLOCK;
	arm(SUD_MODE_EXCLUSIVE, 0, 0);
	raw(MAGIC_NR);
	CHECK(count == 1);
	CHECK(first_nr == MAGIC_NR);
}

/* With libc as the region, its prctl() runs whatever the selector says. */
static void check_libc_region(char **arg)
{
	unsigned long start = 0, end = 0;
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "re");
	int ret;

	(void)arg;
	CHECK(maps);
	while (fgets(line, sizeof(line), maps))
		if (strstr(line, "/libc.so") && strstr(line, " r-xp "))
			sscanf(line, "%lx-%lx", &start, &end);
	fclose(maps);
	CHECK(start);
#ifdef __i386__
	/* libc calls through the vDSO there. */
	start = 0;
	end = -1UL;
#endif

	CHECK(!arm(SUD_MODE_EXCLUSIVE, start, end - start));
	selector = SUD_SELECTOR_BLOCK;
	ret = off();
	selector = SUD_SELECTOR_ALLOW;
	CHECK(!ret && !count);
	CHECK(!dispatched());
}

static void check_others(char **arg)
{
	char name[16] = "";
	int sig = 0;

	(void)arg;
	CHECK(!prctl(PR_SET_NAME, "a-good-name"));
	CHECK(!prctl(PR_GET_NAME, name));
	CHECK(!strcmp(name, "a-good-name"));
	CHECK(!prctl(PR_SET_PDEATHSIG, SIGUSR2));
	CHECK(!prctl(PR_GET_PDEATHSIG, &sig));
	CHECK(sig == SIGUSR2);
	/* All five arguments arrive: these two want zero in the last ones. */
	CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 0L, 0L, 0L) >= 0);
	errno = 0;
	CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 0L, 1L, 0L) == -1);
	CHECK(errno == EINVAL);
	errno = 0;
	CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 0L, 0L, 1L) == -1);
	CHECK(errno == EINVAL);
	errno = 0;
	CHECK(prctl(-1, 0L, 0L, 0L, 0L) == -1 && errno == EINVAL);
}

static void check_closed(char **arg)
{
	int fd;

	(void)arg;
	CHECK(!arm(SUD_MODE_EXCLUSIVE, 0, 0));
	for (fd = 3; fd < 1024; fd++)
		close(fd);
	CHECK(dispatched());
	errno = 77;
	CHECK(!arm(SUD_MODE_EXCLUSIVE, 0, 0) && errno == 77);
	CHECK(dispatched() && armed_here());
	for (fd = 3; fd < 1024; fd++)
		close(fd);
	CHECK(!off());
	CHECK(!dispatched() && !armed_here());
}

/* The library's descriptor has become another file. */
static void check_replaced(char **arg)
{
	int fds[2], fd;

	(void)arg;
	CHECK(!arm(SUD_MODE_EXCLUSIVE, 0, 0));
	CHECK(sud_fds(&fd) == 1);
	CHECK(!pipe(fds));
	CHECK(dup2(fds[1], fd) == fd);
	CHECK(!off());
	CHECK(!dispatched() && !armed_here());
	CHECK(write(fd, "x", 1) == 1);
}

/* One, which is not in the way, and which exec closes. */
static void check_descriptors(char **arg)
{
	int fd;

	(void)arg;
	CHECK(sud_fds(NULL) == 0);
	CHECK(!arm(SUD_MODE_EXCLUSIVE, 0, 0));
	CHECK(!arm(SUD_MODE_EXCLUSIVE, 1, 2));
	CHECK(!off());
	CHECK(sud_fds(&fd) == 1);
	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	close(0);
	CHECK(open("/dev/null", O_RDONLY) == 0);
	CHECK(open("/dev/null", O_RDONLY) == 3);
}

static void check_full_table(char **arg)
{
	struct rlimit limit = { 3, 3 };

	(void)arg;
	CHECK(!setrlimit(RLIMIT_NOFILE, &limit));
	errno = 0;
	CHECK(arm(SUD_MODE_EXCLUSIVE, 0, 0) == -1);
	CHECK(errno == EMFILE);
	limit.rlim_cur = 1;
	CHECK(!dispatched());
}

static pthread_barrier_t barrier;

static void *arm_in_thread(void *unused)
{
	pthread_barrier_wait(&barrier);
	CHECK(!arm(SUD_MODE_EXCLUSIVE, 0, 0));
	CHECK(dispatched());
	CHECK(!off());
	CHECK(!dispatched());
	return unused;
}

static void check_threads(char **arg)
{
	pthread_t threads[8];
	int i;

	(void)arg;
	CHECK(!pthread_barrier_init(&barrier, NULL, 8));
	for (i = 0; i < 8; i++)
		CHECK(!pthread_create(&threads[i], NULL, arm_in_thread, NULL));
	for (i = 0; i < 8; i++)
		CHECK(!pthread_join(threads[i], NULL));
	CHECK(sud_fds(NULL) == 1);
}

/* vfork shares the memory and not the descriptors. */
static void check_vfork(char **arg)
{
	int status;
	pid_t pid;

	(void)arg;
	pid = vfork();
	if (!pid)
		_exit(arm(SUD_MODE_EXCLUSIVE, 0, 0) || off());
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && !status);
	CHECK(!arm(SUD_MODE_EXCLUSIVE, 0, 0));
	CHECK(dispatched() && armed_here());
	pid = fork();
	if (!pid)
		_exit(dispatched() || arm(SUD_MODE_EXCLUSIVE, 0, 0) ||
		      !dispatched());
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && !status);
}

/* Where there is no /dev/sud any more. */
static void check_chroot(char **arg)
{
	(void)arg;
	CHECK(!arm(SUD_MODE_EXCLUSIVE, 0, 0));
	CHECK(!chroot("/tmp") && !chdir("/"));
	CHECK(!arm(SUD_MODE_EXCLUSIVE, 0, 0));
	CHECK(dispatched());
	CHECK(!off());
	CHECK(!dispatched());
}

/* AWAY: where /dev/sud is meanwhile. The kernel keeps the thread it has. */
static void check_late_device(char **arg)
{
	CHECK(!arm(SUD_MODE_EXCLUSIVE, 0, 0));
	CHECK(dispatched());
	CHECK(!rename(arg[0], SUD_DEVICE));
	CHECK(!arm(SUD_MODE_EXCLUSIVE, 0, 0));
	CHECK(dispatched() && !armed_here());
	CHECK(!off());
	CHECK(!dispatched());
}

static const struct {
	const char *name;
	int args;
	void (*fn)(char **arg);
} checks[] = {
	{ "errno", 4, check_errno },
	{ "arm", 1, check_arm },
	{ "module", 0, check_module },
	{ "blocked-at-once", 0, check_blocked_at_once },
	{ "libc-region", 0, check_libc_region },
	{ "others", 0, check_others },
	{ "closed", 0, check_closed },
	{ "replaced", 0, check_replaced },
	{ "descriptors", 0, check_descriptors },
	{ "full-table", 0, check_full_table },
	{ "threads", 0, check_threads },
	{ "vfork", 0, check_vfork },
	{ "chroot", 0, check_chroot },
	{ "late-device", 1, check_late_device },
};

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_sigaction = on_sigsys,
				.sa_flags = SA_SIGINFO };
	unsigned int i;

	sigaction(SIGSYS, &sa, NULL);
	for (i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		if (argc >= 2 && !strcmp(argv[1], checks[i].name) &&
		    argc == 2 + checks[i].args) {
			checks[i].fn(argv + 2);
			fflush(stdout);
			selector = SUD_SELECTOR_ALLOW;
			return 0;
		}
	puts("no such check");
	return 2;
}
