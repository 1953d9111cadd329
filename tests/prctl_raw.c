// SPDX-License-Identifier: GPL-2.0-only
/*
 * PR_SET_SYSCALL_USER_DISPATCH by raw system calls: as the kernel's own where
 * there is one, and from the module with its parameter prctl=1. Run as the module
 * happens to be loaded, the tests find out which it is; prctl-param.sh runs them
 * with the parameter.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "sud_test.h"

#define PARAMETER "/sys/module/sud/parameters/prctl"

/* By SYSCALL, or by int $0x80: 0 or a negative errno. */
static bool by_int80;

static long raw(uint64_t option, uint64_t mode, uint64_t offset, uint64_t len,
		uint64_t sel)
{
	long r;

#ifdef __x86_64__
	register uint64_t r10 asm("r10") = len;
	register uint64_t r8 asm("r8") = sel;

	if (!by_int80) {
		asm volatile("syscall"
			     : "=a"(r)
			     : "a"((uint64_t)SYS_prctl), "D"(option), "S"(mode),
			       "d"(offset), "r"(r10), "r"(r8)
			     : "rcx", "r11", "memory");
		return r;
	}
	/* The kernel takes 32 bits of each. */
	asm volatile("int $0x80"
		     : "=a"(r)
		     : "a"((uint64_t)172), "b"(option), "c"(mode), "d"(offset),
		       "S"(len), "D"(sel)
		     : "r8", "r9", "r10", "r11", "memory");
#else
	asm volatile("int $0x80"
		     : "=a"(r)
		     : "a"(SYS_prctl), "b"((long)option), "c"((long)mode),
		       "d"((long)offset), "S"((long)len), "D"((long)sel)
		     : "memory");
#endif
	return (int)r;
}

static long sud(uint64_t mode, uint64_t offset, uint64_t len,
		volatile void *sel)
{
	return raw(PR_SET_SYSCALL_USER_DISPATCH, mode, offset, len,
		   (uintptr_t)sel);
}

/* The arguments are cut to 32 bits. */
static bool narrow(void)
{
#ifdef __x86_64__
	return by_int80;
#else
	return true;
#endif
}

static bool served(void)
{
	return file_contains(PARAMETER, "Y");
}

static bool kernel_has(int mode)
{
	struct sud_info info;

	CHECK_OK(sud_info(sud_fd, &info));
	return info.native_modes & 1 << mode;
}

static bool have(int mode)
{
	return served() || kernel_has(mode);
}

/* The module serves it, and not the kernel. */
static bool from_module(void)
{
	return served() && !kernel_has(SUD_MODE_INCLUSIVE);
}

/* Each in a process of its own. */
static void each_way(void (*fn)(void))
{
	for (int i = 0; i < (sizeof(long) == 8 ? 2 : 1); i++) {
		by_int80 = i;
		int status = in_child(fn);

		if (status)
			FAIL("by_int80 %d: wait status %#x", i, status);
	}
}

static void start(void)
{
	handle_sigsys();
	selector = SUD_SELECTOR_ALLOW;
}

static void exclusive(void)
{
	uintptr_t b = (uintptr_t)site_b;

	start();
	if (!have(SUD_MODE_EXCLUSIVE)) {
		CHECK_EQ(sud(SUD_MODE_EXCLUSIVE, 0, 0, &selector), -EINVAL);
		CHECK_EQ(sud(SUD_MODE_OFF, 0, 0, NULL), -EINVAL);
		CHECK(!armed_now());
		return;
	}
	CHECK_EQ(sud(SUD_MODE_EXCLUSIVE, b, site_b_end - (char *)site_b,
		     &selector),
		 0);
	for (int i = 1; i <= 100; i++) {
		CHECK_EQ(blocked(MAGIC_NR, 0, 0, 0), MAGIC_NR);
		CHECK_EQ(seen.count, i);
	}
	CHECK_EQ(seen.info.si_code, SYS_USER_DISPATCH);
	CHECK_EQ(seen.info.si_syscall, MAGIC_NR);
	CHECK(seen.info.si_call_addr == (void *)site_a_ip);
	selector = SUD_SELECTOR_BLOCK;
	CHECK_EQ(site_b(MAGIC_NR, 0, 0, 0), -ENOSYS);
	selector = SUD_SELECTOR_ALLOW;
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
	CHECK_EQ(seen.count, 100);
	/* Replaced, then switched off twice. */
	CHECK_EQ(sud(SUD_MODE_EXCLUSIVE, (uintptr_t)site_a, 64, &selector), 0);
	CHECK(!armed_now());
	CHECK_EQ(sud(SUD_MODE_EXCLUSIVE, 0, 0, &selector), 0);
	CHECK(armed_now());
	CHECK_EQ(sud(SUD_MODE_OFF, 0, 0, NULL), 0);
	CHECK(!armed_now());
	CHECK_EQ(sud(SUD_MODE_OFF, 0, 0, NULL), 0);
}

TEST(exclusive,
     "exclusive mode works where there is one to serve it, else EINVAL")
{
	each_way(exclusive);
}

static void inclusive(void)
{
	uintptr_t ip = (uintptr_t)site_a_ip;

	start();
	if (!have(SUD_MODE_INCLUSIVE)) {
		CHECK_EQ(sud(SUD_MODE_INCLUSIVE, ip, 1, NULL), -EINVAL);
		CHECK(!armed_now());
		return;
	}
	CHECK_EQ(sud(SUD_MODE_INCLUSIVE, ip, 1, NULL), 0);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), MAGIC_NR);
	CHECK_EQ(seen.count, 1);
	CHECK_EQ(site_b(MAGIC_NR, 0, 0, 0), -ENOSYS);
	CHECK_EQ(sud(SUD_MODE_INCLUSIVE, ip + 1, 10, NULL), 0);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
	CHECK_EQ(sud(SUD_MODE_INCLUSIVE, ip - 10, 10, NULL), 0);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
	CHECK_EQ(sud(SUD_MODE_INCLUSIVE, ip - 9, 10, &selector), 0);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
	CHECK(dispatched_at(MAGIC_NR));
	CHECK_EQ(seen.count, 2);
	CHECK_EQ(sud(SUD_MODE_OFF, 0, 0, NULL), 0);
	CHECK(!armed_now());
}

TEST(inclusive, "so does inclusive mode")
{
	each_way(inclusive);
}

/* Errnos, of 64-bit and of 32-bit arguments; 1 for "not to be tried". */
enum { SEL_NONE, SEL_OWN, SEL_KERNEL, SEL_HALFWAY };

static const struct {
	uint64_t mode, offset, len;
	int sel, wide, narrow;
} bad[] = {
	{ 3, 0, 0, SEL_NONE, -EINVAL, -EINVAL },
	{ 77, 0, 0, SEL_OWN, -EINVAL, -EINVAL },
	{ -1, 0, 0, SEL_NONE, -EINVAL, -EINVAL },
	{ SUD_MODE_OFF, 1, 0, SEL_NONE, -EINVAL, -EINVAL },
	{ SUD_MODE_OFF, 0, 1, SEL_NONE, -EINVAL, -EINVAL },
	{ SUD_MODE_OFF, 0, 0, SEL_OWN, -EINVAL, -EINVAL },
	{ 1ULL << 32, 0, 0, SEL_NONE, -EINVAL, 1 },
	{ 1ULL << 32 | SUD_MODE_EXCLUSIVE, 0, 0, SEL_OWN, -EINVAL, 1 },
	{ 1ULL << 63 | SUD_MODE_EXCLUSIVE, 0, 0, SEL_OWN, -EINVAL, 1 },
	{ SUD_MODE_EXCLUSIVE, 1, 0, SEL_OWN, -EINVAL, -EINVAL },
	{ SUD_MODE_EXCLUSIVE, 1, 0, SEL_KERNEL, -EINVAL, -EINVAL },
	{ SUD_MODE_EXCLUSIVE, 0, 0, SEL_KERNEL, -EFAULT, 1 },
	{ SUD_MODE_EXCLUSIVE, 0, 0, SEL_HALFWAY, -EFAULT, 1 },
	/* The sum is of 64 bits for everybody. */
	{ SUD_MODE_EXCLUSIVE, 1, -1, SEL_OWN, -EINVAL, 0 },
	{ SUD_MODE_EXCLUSIVE, -1, 1, SEL_OWN, -EINVAL, 0 },
	{ SUD_MODE_INCLUSIVE, 0, 0, SEL_OWN, -EINVAL, -EINVAL },
	{ SUD_MODE_INCLUSIVE, 1, 0, SEL_OWN, -EINVAL, -EINVAL },
	{ SUD_MODE_INCLUSIVE, 1, -1, SEL_OWN, -EINVAL, 0 },
	{ SUD_MODE_INCLUSIVE, -1, 1, SEL_OWN, -EINVAL, 0 },
	{ SUD_MODE_INCLUSIVE, 1, 1, SEL_KERNEL, -EFAULT, 1 },
};

static uint64_t bad_selector(int sel)
{
	switch (sel) {
	case SEL_OWN:
		return (uintptr_t)&selector;
	case SEL_KERNEL:
		return 0xffff800000000000;
	case SEL_HALFWAY:
		return 1ULL << 63;
	}
	return 0;
}

static void check_errors(bool armed)
{
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		int want = narrow() ? bad[i].narrow : bad[i].wide;

		if (want > 0)
			continue;
		if (!have(SUD_MODE_EXCLUSIVE) ||
		    (bad[i].mode == SUD_MODE_INCLUSIVE &&
		     !have(SUD_MODE_INCLUSIVE)))
			want = -EINVAL;
		long r = raw(PR_SET_SYSCALL_USER_DISPATCH, bad[i].mode,
			     bad[i].offset, bad[i].len,
			     bad_selector(bad[i].sel));

		if (r != want)
			FAIL("case %u gave %ld, not %d", i, r, want);
		if (!r && armed)
			CHECK_EQ(sud(SUD_MODE_EXCLUSIVE, 0, 0, &selector), 0);
		else if (!r)
			CHECK_EQ(sud(SUD_MODE_OFF, 0, 0, NULL), 0);
		if (armed_now() != armed)
			FAIL("after case %u the thread is not as it was", i);
	}
}

static void errors_off(void)
{
	start();
	check_errors(false);
}

TEST(errors_off,
     "each bad argument has native SUD's errno; the thread stays off")
{
	each_way(errors_off);
}

static void errors_armed(void)
{
	start();
	if (!have(SUD_MODE_EXCLUSIVE))
		return;
	CHECK_EQ(sud(SUD_MODE_EXCLUSIVE, 0, 0, &selector), 0);
	check_errors(true);
}

TEST(errors_armed, "each bad argument leaves an armed thread as it was")
{
	if (!have(SUD_MODE_EXCLUSIVE))
		SKIP("nothing serves this prctl here");
	each_way(errors_armed);
}

#ifdef __x86_64__
TEST(wide_option, "an option is an int: its upper half does not count")
{
	int want = have(SUD_MODE_EXCLUSIVE) ? 0 : -EINVAL;

	start();
	CHECK_EQ(raw(1ULL << 32 | PR_SET_SYSCALL_USER_DISPATCH,
		     SUD_MODE_EXCLUSIVE, 0, 0, (uintptr_t)&selector),
		 want);
	CHECK_EQ(armed_now(), !want);
	CHECK_EQ(raw(1ULL << 63 | PR_SET_SYSCALL_USER_DISPATCH, 0, 0, 0, 0),
		 want);
	CHECK(!armed_now());
}
#endif

static void leaves_child_off(void)
{
	int status;

	start();
	CHECK_EQ(sud(SUD_MODE_EXCLUSIVE, 0, 0, &selector), 0);
	pid_t pid = fork();

	if (!pid)
		_exit(armed_now());
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK(armed_now());
}

TEST(fork_off, "a child is off, its parent stays armed")
{
	if (!have(SUD_MODE_EXCLUSIVE))
		SKIP("nothing serves this prctl here");
	each_way(leaves_child_off);
}

static void get_shows(void)
{
	struct sud_config c, want = { .size = sizeof(want) };

	start();
	CHECK_EQ(sud(SUD_MODE_EXCLUSIVE, 0x1000, 0x2345, &selector), 0);
	CHECK_OK(sud_get(sud_fd, &c));
	if (from_module()) {
		want.mode = SUD_MODE_EXCLUSIVE;
		want.offset = 0x1000;
		want.len = 0x2345;
		want.selector = (uintptr_t)&selector;
	}
	CHECK(!memcmp(&c, &want, sizeof(c)));
}

TEST(get, "GET shows what the module serves, and of the kernel's own nothing")
{
	if (!have(SUD_MODE_EXCLUSIVE))
		SKIP("nothing serves this prctl here");
	each_way(get_shows);
}

static void mix(void)
{
	start();
	CHECK_EQ(sud(SUD_MODE_EXCLUSIVE, 0, 0, &selector), 0);
	CHECK(armed_now());
	CHECK_OK(sud_arm(sud_fd, SUD_MODE_EXCLUSIVE, (uintptr_t)site_a, 64,
			 &selector));
	CHECK(!armed_now());
	CHECK_EQ(sud(SUD_MODE_EXCLUSIVE, 0, 0, &selector), 0);
	CHECK(armed_now());
	CHECK_OK(sud_disarm(sud_fd));
	CHECK(!armed_now());
	CHECK_OK(sud_arm(sud_fd, SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	CHECK(armed_now());
	CHECK_EQ(sud(SUD_MODE_OFF, 0, 0, NULL), 0);
	CHECK(!armed_now());
}

TEST(mixed, "what the module serves and /dev/sud are one state")
{
	if (!from_module())
		SKIP("the module does not serve this prctl here");
	each_way(mix);
}

/* Other options, some of which security modules serve. */
static void check_others(void)
{
	/* Below 4 GiB. */
	static char name[16];

	CHECK_EQ(raw(PR_SET_NAME, (uintptr_t)"sud-others", 0, 0, 0), 0);
	CHECK_EQ(raw(PR_GET_NAME, (uintptr_t)name, 0, 0, 0), 0);
	CHECK(!strcmp(name, "sud-others"));
	CHECK_EQ(raw(PR_SET_NAME, 1, 0, 0, 0), -EFAULT);
	CHECK_EQ(raw(PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
	CHECK_EQ(raw(PR_SET_DUMPABLE, 0, 0, 0, 0), 0);
	CHECK_EQ(raw(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
	CHECK_EQ(raw(PR_SET_DUMPABLE, 77, 0, 0, 0), -EINVAL);
	CHECK_EQ(raw(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
	CHECK_EQ(raw(PR_SET_NO_NEW_PRIVS, 2, 0, 0, 0), -EINVAL);
	CHECK_EQ(raw(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	CHECK_EQ(raw(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	CHECK_EQ(raw(PR_CAPBSET_READ, 0, 0, 0, 0), 1);
	CHECK_EQ(raw(PR_CAPBSET_READ, 9999, 0, 0, 0), -EINVAL);
	CHECK_EQ(raw(PR_SET_KEEPCAPS, 1, 0, 0, 0), 0);
	CHECK_EQ(raw(PR_GET_KEEPCAPS, 0, 0, 0, 0), 1);
	CHECK_EQ(raw(PR_SET_KEEPCAPS, 2, 0, 0, 0), -EINVAL);
	CHECK_EQ(raw(0x7fff0000, 0, 0, 0, 0), -EINVAL);
	CHECK_EQ(raw(-1, 0, 0, 0, 0), -EINVAL);
	CHECK_EQ(raw(PR_SET_SYSCALL_USER_DISPATCH + 0x100, 1, 0, 0, 0),
		 -EINVAL);
}

static void others_off(void)
{
	start();
	check_others();
	CHECK_EQ(seen.count, 0);
}

TEST(others, "other options are as ever")
{
	each_way(others_off);
}

static void others_armed(void)
{
	start();
	CHECK_EQ(sud(SUD_MODE_EXCLUSIVE, 0, 0, &selector), 0);
	check_others();
	CHECK_EQ(seen.count, 0);
	CHECK(armed_now());
	/* And one that is blocked is not made. */
	selector = SUD_SELECTOR_BLOCK;
	CHECK_EQ(site_a(SYS_prctl, PR_SET_DUMPABLE, 1, 0), SYS_prctl);
	CHECK_EQ(seen.count, 2);
	CHECK_EQ(raw(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
}

TEST(others_armed, "also from a thread that this prctl has armed")
{
	if (!have(SUD_MODE_EXCLUSIVE))
		SKIP("nothing serves this prctl here");
	each_way(others_armed);
}

/* Loading and unloading: the parameter is as it was in the end. */
static bool load(const char *params)
{
	int fd = open("/lib/sud.ko", O_RDONLY | O_CLOEXEC);
	long err = syscall(SYS_finit_module, fd, params, 0);

	close(fd);
	return !err;
}

static const char *was;

static void unload_first(void)
{
	was = served() ? "prctl=1" : "";
	close(sud_fd);
	if (!module_unload())
		FAIL("unload: %s", strerror(errno));
}

static void load_again(void)
{
	if (!load(was))
		FAIL("load %s: %s", was, strerror(errno));
	sud_fd = sud_open();
	CHECK_OK(sud_fd);
}

static int armed_pipe[2];

static void stay_armed(void)
{
	start();
	CHECK_EQ(sud(SUD_MODE_EXCLUSIVE, 0, 0, &selector), 0);
	CHECK_OK(write(armed_pipe[1], "x", 1));
	for (;;)
		pause();
}

TEST_LIMIT(pins, "a thread that the module serves pins it, until it is killed",
	   false, 120)
{
	char c;

	if (!from_module())
		SKIP("the module does not serve this prctl here");
	/* Nobody holds it by a descriptor. */
	close(sud_fd);
	CHECK_OK(pipe(armed_pipe));
	pid_t pid = fork();

	if (!pid)
		stay_armed();
	CHECK_EQ(read(armed_pipe[0], &c, 1), 1);
	CHECK(!module_unload());
	CHECK_EQ(errno, EWOULDBLOCK);
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	CHECK(module_unload());
	was = "prctl=1";
	load_again();
}

TEST_LIMIT(natively_armed,
	   "what the kernel has armed before stays the kernel's", false, 120)
{
	bool own_inclusive = kernel_has(SUD_MODE_INCLUSIVE);
	struct sud_config c;

	if (!kernel_has(SUD_MODE_EXCLUSIVE))
		SKIP("this kernel has no SUD of its own");
	start();
	unload_first();
	CHECK_EQ(sud(SUD_MODE_EXCLUSIVE, 0, 0, &selector), 0);
	CHECK(load("prctl=1"));
	CHECK(armed_now());
	CHECK_EQ(sud(SUD_MODE_EXCLUSIVE, 0x1000, 0x1000, &selector), 0);
	CHECK(armed_now());
	if (!own_inclusive)
		CHECK_EQ(sud(SUD_MODE_INCLUSIVE, 0x1000, 1, &selector),
			 -EINVAL);
	CHECK(armed_now());
	sud_fd = sud_open();
	CHECK_OK(sud_fd);
	CHECK_OK(sud_get(sud_fd, &c));
	CHECK_EQ(c.mode, SUD_MODE_OFF);
	CHECK_ERR(sud_disarm(sud_fd), EBUSY);
	/* The kernel's OFF; from then on it is the module's. */
	CHECK_EQ(sud(SUD_MODE_OFF, 0, 0, NULL), 0);
	CHECK(!armed_now());
	CHECK_EQ(sud(SUD_MODE_INCLUSIVE, (uintptr_t)site_a_ip, 1, &selector),
		 0);
	CHECK(armed_now());
	CHECK_EQ(sud(SUD_MODE_OFF, 0, 0, NULL), 0);
	close(sud_fd);
	CHECK(module_unload());
	load_again();
}

/*
 * These load the module with and without the parameter, so they need not be run
 * both ways, nor as 32-bit programs, which are slow enough.
 */
#ifdef __LP64__
static void need_default(void)
{
	if (getenv("SUD_PRCTL_PARAM"))
		SKIP("it is shown in the run without the parameter");
}

TEST_LIMIT(parameter,
	   "the parameter can be read and not be written, and is off by default",
	   false, 120)
{
	struct stat st;

	need_default();
	CHECK_OK(stat(PARAMETER, &st));
	CHECK_EQ(st.st_mode & 0777, 0444);
	CHECK(!file_write(PARAMETER, "1"));
	unload_first();
	CHECK(load(""));
	CHECK(file_contains(PARAMETER, "N"));
	CHECK(module_unload());
	CHECK(load("prctl=0"));
	CHECK(file_contains(PARAMETER, "N"));
	CHECK(module_unload());
	CHECK(load("prctl=1"));
	CHECK(file_contains(PARAMETER, "Y"));
	CHECK(module_unload());
	load_again();
}

TEST_LIMIT(bad_parameter, "the module does not load with another value", false,
	   120)
{
	static const char *const values[] = { "prctl=2", "prctl=-1",
					      "prctl=maybe", "prctl=" };

	need_default();
	unload_first();
	for (unsigned int i = 0; i < sizeof(values) / sizeof(*values); i++) {
		errno = 0;
		if (load(values[i]) || errno != EINVAL)
			FAIL("%s: errno %d", values[i], errno);
		CHECK(access("/dev/sud", F_OK));
	}
	load_again();
}

/* What a fresh process is told, without the descriptor of a module. */
static int answer_mode;

static void ask(void)
{
	start();
	long r = sud(answer_mode, answer_mode == SUD_MODE_OFF ? 0 : 1,
		     answer_mode == SUD_MODE_OFF ? 0 : 1, NULL);

	_exit(r == -EINVAL ? 22 : r ? 1 : 0);
}

static int answer(int mode)
{
	answer_mode = mode;
	int status = in_child(ask);

	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

TEST_LIMIT(only_with,
	   "it is served with prctl=1, and neither without nor after it", false,
	   120)
{
	/* By the kernel itself. */
	int excl = kernel_has(SUD_MODE_EXCLUSIVE) ? 0 : 22;
	int incl = kernel_has(SUD_MODE_INCLUSIVE) ? 0 : 22;

	need_default();
	unload_first();
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(answer(SUD_MODE_OFF), excl);
		CHECK_EQ(answer(SUD_MODE_INCLUSIVE), incl);
		CHECK(load(""));
		CHECK_EQ(answer(SUD_MODE_OFF), excl);
		CHECK_EQ(answer(SUD_MODE_INCLUSIVE), incl);
		CHECK(module_unload());
		CHECK(load("prctl=1"));
		CHECK_EQ(answer(SUD_MODE_OFF), 0);
		CHECK_EQ(answer(SUD_MODE_INCLUSIVE), 0);
		CHECK(module_unload());
	}
	load_again();
}

/* Every option there is, in a process of its own: what it is answered. */
#define OPTIONS 100

static long (*answers)[OPTIONS];
static int sweep_into;
static bool sweep_armed;

static void sweep(void)
{
	start();
	if (sweep_armed)
		CHECK_EQ(sud(SUD_MODE_EXCLUSIVE, 0, 0, &selector), 0);
	for (int i = 0; i < OPTIONS; i++)
		if (i != PR_SET_SYSCALL_USER_DISPATCH)
			answers[sweep_into][i] = raw(i, 0, 0, 0, 0);
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
	CHECK(load("prctl=1"));
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

	if (raw(PR_SET_NAME, (uintptr_t)"hammer", 0, 0, 0) ||
	    raw(PR_GET_NAME, (uintptr_t)name, 0, 0, 0) ||
	    strcmp(name, "hammer"))
		FAIL("a name got lost");
}

static void hammer_unknown(void)
{
	CHECK_EQ(raw(0x7fff0001, 0, 0, 0, 0), -EINVAL);
	CHECK_EQ(raw(PR_CAPBSET_READ, 0, 0, 0, 0), 1);
}

static void hammer_bad(void)
{
	CHECK_EQ(sud(77, 0, 0, NULL), -EINVAL);
	CHECK_EQ(sud(SUD_MODE_OFF, 1, 0, NULL), -EINVAL);
}

/* Whoever arms also dispatches, and disarms. */
static void hammer_mode(int mode, uint64_t offset, uint64_t len)
{
	long r = sud(mode, offset, len, &selector);

	if (r) {
		CHECK_EQ(r, -EINVAL);
		CHECK(!armed_now());
		return;
	}
	CHECK(armed_now());
	CHECK_EQ(sud(SUD_MODE_OFF, 0, 0, NULL), 0);
	CHECK(!armed_now());
}

static void hammer_arming(void)
{
	hammer_mode(SUD_MODE_EXCLUSIVE, 0, 0);
	hammer_mode(SUD_MODE_INCLUSIVE, (uintptr_t)site_a_ip, 1);
	/* The module gets its chance. */
	for (int i = 0; i < 200; i++)
		raw(PR_GET_DUMPABLE, 0, 0, 0, 0);
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
		start();
		for (;;) {
			/* A name on the stack has no 32-bit address. */
			by_int80 = i && rounds[i] % 2;
			hammers[i]();
			rounds[i]++;
		}
	}
	for (int n = 0; n < 2 + often(4); n++) {
		CHECK(load(n % 3 ? "prctl=1" : ""));
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
