// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation and user copy of the module's loading and unloading fails, one
 * after the other. What has failed to load has left nothing behind, and loads
 * when it is asked for again; unloading never fails.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "lib/backend.h"
#include "lib/clock.h"
#include "lib/fault.h"
#include "lib/files.h"
#include "lib/harness.h"
#include "lib/set_calls.h"
#include "lib/sigsys.h"
#include "lib/sites.h"

static char *image;
static size_t image_size;
static char param[256];

static void read_image(void)
{
	struct stat st;
	int fd = open("/lib/sud.ko", O_RDONLY | O_CLOEXEC);

	CHECK_OK(fd);
	CHECK_OK(fstat(fd, &st));
	image_size = st.st_size;
	image = malloc(image_size);
	CHECK(image);
	CHECK_EQ(read(fd, image, image_size), image_size);
	close(fd);

	/* What the guest has loaded it with. */
	fd = open("/etc/sud/param", O_RDONLY | O_CLOEXEC);
	CHECK_OK(fd);
	CHECK_OK(read(fd, param, sizeof(param) - 1));
	param[strcspn(param, "\n")] = 0;
	close(fd);
}

static long load_with_param(const char *text)
{
	return syscall(SYS_init_module, image, image_size, text);
}

static long load(void)
{
	return load_with_param(param);
}

static long unload(void)
{
	return syscall(SYS_delete_module, "sud", O_NONBLOCK);
}

/* The functions that ftrace has changed, one a line. */
static void hooks(char *list, size_t size)
{
	FILE *f = fopen("/sys/kernel/tracing/enabled_functions", "r");
	char line[512];

	CHECK(f);
	*list = 0;
	while (fgets(line, sizeof(line), f)) {
		/* What follows is of the function in the line before. */
		if (*line == '\t' || *line == ' ')
			continue;
		line[strcspn(line, " \t\n")] = 0;
		CHECK(strlen(list) + strlen(line) + 2 < size);
		strcat(strcat(list, line), "\n");
	}
	fclose(f);
}

static char hooks_with[4096], hooks_without[4096], hooks_now[4096];

static void check_hooks(const char *want)
{
	hooks(hooks_now, sizeof(hooks_now));
	if (strcmp(hooks_now, want))
		FAIL("hooked: %.200s not %.200s", hooks_now, want);
}

static void do_nothing(void)
{
}

/* No module, no device, no hook; fork, exit and calls go their way. */
static void check_gone(void)
{
	CHECK_ERR(access("/sys/module/sud", F_OK), ENOENT);
	CHECK_ERR(access("/dev/sud", F_OK), ENOENT);
	check_hooks(hooks_without);
	CHECK_EQ(in_child(do_nothing), 0);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
}

/* All of it is there and at work. */
static void check_works(void)
{
	check_hooks(hooks_with);
	sud_fd = sud_open();
	CHECK_OK(sud_fd);
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	CHECK(armed_now());
	/* Not there when it is not loaded in full. */
	CHECK_EQ(in_child(do_nothing), 0);
	CHECK_OK(disarm());
	CHECK_OK(close(sud_fd));
}

static void begin(void)
{
	fault_init();
	handle_sigsys();
	read_image();
	hooks(hooks_with, sizeof(hooks_with));
	CHECK_OK(close(sud_fd));
	CHECK_OK(unload());
	hooks(hooks_without, sizeof(hooks_without));
	CHECK(strcmp(hooks_with, hooks_without));
	check_gone();
}

static int failed;

/* Ends a test as it began. */
static void end(void)
{
	CHECK_OK(load());
	sud_fd = sud_open();
	CHECK_OK(sud_fd);
	fault_exit();
}

static void report(const char *name, int faults)
{
	printf("# %s: %d faults, %d errors\n", name, faults, failed);
	fflush(stdout);
}

/* Not for the warnings that are known; the test reads the log itself. */
static void set_panic(const char *yes)
{
	CHECK(file_write("/proc/sys/kernel/panic_on_warn", yes));
}

static bool try_quietly(int n, long (*op)(void), long *ret, int *err)
{
	bool happened;

	set_panic("0");
	happened = fault_try(n, op, ret);
	*err = errno;
	set_panic("1");
	return happened;
}

/* A warning may come of what loading has lacked, and not only as that is lacked. */
static long unload_quietly(void)
{
	long ret;

	set_panic("0");
	ret = unload();
	set_panic("1");
	return ret;
}

static bool load_with(int n)
{
	long ret;
	int err;
	bool happened = try_quietly(n, load, &ret, &err);

	if (ret) {
		if (!happened || (err != ENOMEM && err != EFAULT))
			FAIL("fault %d: %s", n, strerror(err));
		failed++;
	} else {
		/* In spite of the fault, or after those before it. */
		check_works();
		CHECK_OK(unload_quietly());
	}
	check_gone();
	fault_log_check();
	return happened;
}

TEST_LIMIT(
	load,
	"loading: what failed has left nothing, and what has not all there is",
	false, 180)
{
	int n = 1;

	begin();
	while (load_with(n))
		n++;
	CHECK(failed);
	end();
	report("load", n - 1);
}

static bool unload_with(int n)
{
	bool happened;
	long ret;
	int err;

	CHECK_OK(load());
	happened = try_quietly(n, unload, &ret, &err);

	if (ret) {
		/* Its name could not be read. */
		if (!happened || err != EFAULT)
			FAIL("fault %d: %s", n, strerror(err));
		failed++;
		check_works();
		CHECK_OK(unload());
	}
	check_gone();
	fault_log_check();
	return happened;
}

TEST_LIMIT(unload, "unloading", false, 120)
{
	int n = 1;

	begin();
	while (unload_with(n))
		n++;
	CHECK_EQ(failed, 1);
	end();
	report("unload", n - 1);
}

static long prctl_off(void)
{
	return syscall(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, SUD_MODE_OFF, 0,
		       0, 0);
}

/* Of all the modes, the one that natively came last. */
static long prctl_inclusive(void)
{
	return syscall(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH,
		       SUD_MODE_INCLUSIVE, site_a, site_a_end - (char *)site_a,
		       &selector);
}

static void prctl_reset(void)
{
	CHECK_OK(prctl_off());
}

static bool site_a_is_dispatched(void)
{
	int before = seen.count;

	selector = SUD_SELECTOR_BLOCK;
	site_a(MAGIC_NR, 0, 0, 0);
	return seen.count == before + 1;
}

static void prctl_unchanged(void)
{
	struct sud_config config;

	CHECK_OK(sud_get(sud_fd, &config));
	CHECK_EQ(config.mode, SUD_MODE_OFF);
	CHECK(!site_a_is_dispatched());
}

static void prctl_done(void)
{
	struct sud_config config;

	CHECK_OK(sud_get(sud_fd, &config));
	CHECK_EQ(config.mode, SUD_MODE_INCLUSIVE);
	CHECK(site_a_is_dispatched());
	CHECK_OK(prctl_off());
}

TEST_LIMIT(prctl, "the prctl of a module that was loaded with prctl=1", false,
	   120)
{
	static const struct fault_sweep sweep = {
		.name = "prctl",
		.reset = prctl_reset,
		.op = prctl_inclusive,
		.unchanged = prctl_unchanged,
		.done = prctl_done,
		.wanted = { ENOMEM },
	};

	if (!prctl_inclusive()) {
		CHECK_OK(prctl_off());
		SKIP("this kernel's own prctl has all modes");
	}
	begin();
	CHECK_OK(load_with_param("prctl=1"));
	sud_fd = sud_open();
	CHECK_OK(sud_fd);
	fault_sweep(&sweep);
	CHECK_OK(close(sud_fd));
	CHECK_OK(unload());
	end();
}

/*
 * Processes that ask the prctl all the while. Each is off again when it has been armed,
 * so that what has loaded can be unloaded.
 */
#define ASKERS 2

static struct asker {
	volatile bool go, asks;
	volatile long asked, armed, dispatched;
} *askers;

static void ask(struct asker *a)
{
	for (; a->go; a->asked++) {
		selector = SUD_SELECTOR_ALLOW;
		if (prctl_inclusive())
			continue;
		a->armed++;
		/* What has armed the thread may be gone, and its prctl with it. */
		prctl_off();
	}
	if (site_a_is_dispatched())
		a->dispatched++;
	selector = SUD_SELECTOR_ALLOW;
}

static void asker(struct asker *a)
{
	for (;;) {
		while (!a->go)
			sleep_ms(1);
		a->asks = true;
		ask(a);
		a->asks = false;
	}
}

static void start_askers(void)
{
	askers = mmap(NULL, ASKERS * sizeof(*askers), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(askers != MAP_FAILED);
	for (int i = 0; i < ASKERS; i++) {
		pid_t pid = fork();

		CHECK_OK(pid);
		if (!pid)
			asker(&askers[i]);
	}
}

static bool all_ask(void)
{
	for (int i = 0; i < ASKERS; i++)
		if (!askers[i].asked)
			return false;
	return true;
}

static bool none_asks(void)
{
	for (int i = 0; i < ASKERS; i++)
		if (askers[i].asks)
			return false;
	return true;
}

static void ask_all_the_while(bool go)
{
	for (int i = 0; i < ASKERS; i++) {
		if (go)
			askers[i].asked = 0;
		askers[i].go = go;
	}
	CHECK(wait_until(go ? all_ask : none_asks, 10000));
}

static long load_with_prctl(void)
{
	return load_with_param("prctl=1");
}

static long armed_by_loaded;

static bool load_beside_askers(int n)
{
	bool happened;
	long ret;
	int err;

	ask_all_the_while(true);
	happened = try_quietly(n, load_with_prctl, &ret, &err);
	if (!ret)
		/* They come to know the module that has loaded. */
		sleep_ms(20);
	ask_all_the_while(false);
	for (int i = 0; i < ASKERS; i++) {
		if (ret && askers[i].armed)
			FAIL("fault %d: %ld prctls of a module that failed to load",
			     n, askers[i].armed);
		if (askers[i].dispatched)
			FAIL("fault %d: a process is still armed", n);
		armed_by_loaded += askers[i].armed;
		askers[i].armed = 0;
	}
	if (ret) {
		if (!happened || (err != ENOMEM && err != EFAULT))
			FAIL("fault %d: %s", n, strerror(err));
		failed++;
	} else {
		CHECK_OK(unload());
	}
	check_gone();
	fault_log_check();
	return happened;
}

TEST_LIMIT(
	askers,
	"the prctl of a module that fails to load arms nobody, however often asked",
	false, 240)
{
	int n = 1;

	if (!prctl_inclusive()) {
		CHECK_OK(prctl_off());
		SKIP("this kernel's own prctl has all modes");
	}
	begin();
	start_askers();
	while (load_beside_askers(n))
		n++;
	CHECK(failed);
	/* The last has loaded, and then it is served. */
	CHECK(armed_by_loaded > 0);
	end();
	report("askers", n - 1);
}
