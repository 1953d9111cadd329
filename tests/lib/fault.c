// SPDX-License-Identifier: GPL-2.0-only
#include "fault.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/rseq.h>
#include <sys/klog.h>
#include <sys/rseq.h>

#include "clock.h"
#include "files.h"
#include "harness.h"
#include "module.h"
#include "set_calls.h"

/* The calling thread's fail-nth. */
static int fault_fd = -1;

void fault_setting(const char *file, const char *value)
{
	char path[100];

	snprintf(path, sizeof(path), FAULTS "%s", file);
	if (!file_write(path, value))
		FAIL("cannot write %s to %s: %s", value, path, strerror(errno));
}

/*
 * Not what kmemleak and debugobjects need for themselves, which is as often as
 * anybody else needs something: they switch themselves off when they lack it.
 * 5.10 can choose by its command line only: see tests/kernels/debug-5.10.config.
 */
static void fault_filter(void)
{
	DIR *dir = opendir("/sys/kernel/slab");
	struct dirent *cache;
	char path[300];

	CHECK(dir);
	while ((cache = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/kernel/slab/%s/failslab",
			 cache->d_name);
		if (strstr(cache->d_name, "kmemleak") ||
		    strstr(cache->d_name, "debug_objects") ||
		    access(path, F_OK))
			continue;
		if (!file_write(path, "1"))
			CHECK(errno == EACCES && number_in(path) == 1);
	}
	closedir(dir);
	fault_setting("failslab/cache-filter", "Y");
}

/* So the tests read the log themselves. */
static int fault_log = -1;

/* Parts of the kernel that themselves warn when they lack memory. */
static const char *const fault_known[] = {
	/* loading: the module's static branches may not work, as it says */
	"kernel/jump_label.c",
	/* unloading: 5.10 and 6.1 keep the hooked function in a filter */
	"unregister_ftrace_direct",
	/* unloading: 7.2 keeps the module's functions in a filter */
	"fprobe_module_callback",
	/*
	 * loading: 6.12 warns that it cannot define an event's fields; and unloading
	 * after that, it gives up a reference to the event that it has not taken
	 */
	"kernel/trace/trace_events.c",
};

static bool fault_is_known(const char *line)
{
	for (size_t i = 0; i < sizeof(fault_known) / sizeof(*fault_known); i++)
		if (strstr(line, fault_known[i]))
			return true;
	return false;
}

void fault_log_check(void)
{
	static const char *const complaints[] = {
		"WARNING:",	      "BUG:",	"Oops", "INFO: ", "UBSAN:",
		"general protection", "ODEBUG",
	};
	char line[2048];
	ssize_t n;

	/* EPIPE: some are lost. */
	while ((n = read(fault_log, line, sizeof(line) - 1)) > 0) {
		line[n] = 0;
		if (fault_is_known(line))
			continue;
		for (size_t i = 0; i < sizeof(complaints) / sizeof(*complaints);
		     i++)
			if (strstr(line, complaints[i]))
				FAIL("the kernel complained: %.300s", line);
	}
	CHECK_EQ(errno, EAGAIN);
}

/*
 * The kernel writes there on its way back to user mode, and where it lacks memory
 * for a page of its own after a fork, that is a SIGSEGV.
 */
static void fault_no_rseq(void)
{
	unsigned int size = __rseq_size < 32 ? 32 : __rseq_size;

	if (__rseq_size)
		CHECK_OK(syscall(SYS_rseq,
				 (char *)__builtin_thread_pointer() +
					 __rseq_offset,
				 size, RSEQ_FLAG_UNREGISTER, RSEQ_SIG));
}

#define FAIL_NTH "/proc/thread-self/fail-nth"

/* What scripts/vm/boot boots with. */
#define FAULT_CONSOLE 5

static void fault_console(int level)
{
	/* SYSLOG_ACTION_CONSOLE_LEVEL */
	CHECK_OK(klogctl(8, NULL, level));
}

static pid_t fault_main;

/*
 * The whole program is skipped on a kernel that cannot make anything fail. Where
 * large memory fails, the kernel logs a stack, which scripts/vm/boot would take
 * for a complaint: so the console gets errors only, until the program ends.
 */
__attribute__((constructor)) static void fault_possible(void)
{
	if (access(FAIL_NTH, F_OK)) {
		printf("1..0 # SKIP this kernel is built without fault injection\n");
		exit(0);
	}
	fault_main = getpid();
	fault_console(FAULT_CONSOLE - 1);
}

__attribute__((destructor)) static void fault_over(void)
{
	if (getpid() != fault_main)
		return;
	/* By then the log has been printed. */
	sleep_ms(2000);
	fault_console(FAULT_CONSOLE);
}

void fault_open(void)
{
	if (fault_fd >= 0)
		CHECK_OK(close(fault_fd));
	fault_fd = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	CHECK_OK(fault_fd);
}

void fault_process(void)
{
	fault_open();
	CHECK_OK(mlockall(MCL_CURRENT | MCL_FUTURE));
}

void fault_init(void)
{
	/* GFP_KERNEL too, single pages, and those of vmalloc(). */
	fault_setting("failslab/ignore-gfp-wait", "N");
	fault_setting("fail_page_alloc/ignore-gfp-wait", "N");
	fault_setting("fail_page_alloc/ignore-gfp-highmem", "N");
	fault_setting("fail_page_alloc/min-order", "0");
	fault_setting("failslab/verbose", "0");
	fault_setting("fail_page_alloc/verbose", "0");
	fault_setting("fail_usercopy/verbose", "0");
	fault_setting("fail_futex/verbose", "0");
	fault_filter();

	fault_log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	CHECK_OK(fault_log);
	CHECK_OK(lseek(fault_log, 0, SEEK_END));
	fault_process();
	fault_no_rseq();
}

void fault_exit(void)
{
	fault_log_check();
}

void fault_begin(int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", n);

	CHECK_EQ(pwrite(fault_fd, text, len, 0), len);
}

bool fault_end(void)
{
	int saved = errno;
	char text[16] = "";
	/* When one was left, it is this very read that fails. */
	bool happened = pread(fault_fd, text, sizeof(text) - 1, 0) > 0 &&
			atoi(text) == 0;

	/* And so may this; then it works when it is done again. */
	if (pwrite(fault_fd, "0", 1, 0) != 1)
		CHECK_EQ(pwrite(fault_fd, "0", 1, 0), 1);
	errno = saved;
	return happened;
}

bool fault_try(int n, long (*op)(void), long *ret)
{
	fault_begin(n);
	errno = 0;
	*ret = op();
	return fault_end();
}

bool fault_happened_to(pid_t pid)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/fail-nth", pid);
	return number_in(path) == 0;
}

void check_module_refs(int wanted)
{
	check_refs_within(wanted, 10000);
}

/* Which of them have come. */
static bool fault_came[FAULT_ERRORS];

static void fault_note_error(const struct fault_sweep *sweep, int n, int err)
{
	for (int i = 0; i < FAULT_ERRORS; i++) {
		if (sweep->wanted[i] == err)
			fault_came[i] = true;
		if (sweep->wanted[i] == err || sweep->also[i] == err)
			return;
	}
	FAIL("%s, fault %d: errno %d, %s", sweep->name, n, err, strerror(err));
}

/* Return: the first that has not come, or 0. */
static int fault_missed(const struct fault_sweep *sweep)
{
	for (int i = 0; i < FAULT_ERRORS && sweep->wanted[i]; i++)
		if (!fault_came[i])
			return sweep->wanted[i];
	return 0;
}

/* The nth fails: see what it does. Return: whether there was an nth. */
static bool fault_pass(const struct fault_sweep *sweep, int n)
{
	bool happened;
	int refs, err;
	long ret;

	if (sweep->reset)
		sweep->reset();
	refs = module_refs();

	happened = fault_try(n, sweep->op, &ret);
	err = errno;

	if (ret < 0) {
		if (!happened)
			FAIL("%s, no fault: %s", sweep->name, strerror(err));
		fault_note_error(sweep, n, err);
		check_module_refs(refs);
		sweep->unchanged();
		/* The thread goes on. */
		CHECK_OK(sweep->op());
	}
	sweep->done();
	check_module_refs(refs);
	fault_log_check();
	return happened;
}

void fault_sweep(const struct fault_sweep *sweep)
{
	int faults = 0, n;

	memset(fault_came, 0, sizeof(fault_came));
	for (int round = 0; round < 2 || fault_missed(sweep); round++) {
		if (round == 30)
			FAIL("%s: %d faults, none was %s", sweep->name, faults,
			     strerror(fault_missed(sweep)));
		for (n = 1; fault_pass(sweep, n); n++) {
			CHECK(n < 5000);
			faults++;
		}
	}
	printf("# %s: %d faults\n", sweep->name, faults);
	fflush(stdout);
}
