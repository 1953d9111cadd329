// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation and user copy of the ioctls fails, one after the other: what
 * failed has its errno and changed nothing, and works when it is asked for again.
 * How calls are dispatched meanwhile is in fault_call.c, the module's loading in
 * fault_load.c.
 */
#include <sys/ioctl.h>
#include <sys/ptrace.h>

#include "fault.h"

/* What the thread is armed with before and after an operation. */
static struct sud_config was, next;

static struct sud_config config_of(unsigned int mode, unsigned int flags)
{
	return (struct sud_config){
		.size = sizeof(struct sud_config),
		.mode = mode,
		.selector = mode == SUD_MODE_OFF ? 0 : (uintptr_t)&selector,
		.flags = flags,
	};
}

static bool dispatched(long (*site)(long nr, long a, long b, long c))
{
	int before = seen.count;
	long ret;

	selector = SUD_SELECTOR_BLOCK;
	ret = site(MAGIC_NR, 0, 0, 0);
	selector = SUD_SELECTOR_ALLOW;
	CHECK_EQ(ret, seen.count == before ? -ENOSYS : MAGIC_NR);
	return seen.count == before + 1;
}

/* The thread is armed just so, by what it says and by what it does. */
static void check_armed_with(const struct sud_config *want)
{
	bool set = want->flags & SUD_FLAG_REGIONS;
	struct sud_config c;

	CHECK_OK(sud_get(sud_fd, &c));
	CHECK(!memcmp(&c, want, sizeof(c)));
	CHECK_EQ(dispatched(site_a), want->mode != SUD_MODE_OFF);
	CHECK_EQ(dispatched(site_b), want->mode != SUD_MODE_OFF && !set);
}

static struct sud_range site_b_range(void)
{
	return (struct sud_range){ (uintptr_t)site_b,
				   site_b_end - (char *)site_b };
}

/* Begins a test: site_b is what the thread's own descriptor exempts. */
static void begin(void)
{
	struct sud_range range = site_b_range();

	fault_init();
	handle_sigsys();
	CHECK_OK(sud_regions_add(sud_fd, &range, 1));
}

static void set_was(void)
{
	CHECK_OK(sud_set(sud_fd, &was));
}

static void was_is_there(void)
{
	check_armed_with(&was);
}

static long do_set(void)
{
	return sud_set(sud_fd, &next);
}

static void next_is_there(void)
{
	check_armed_with(&next);
	set_was();
}

/* Without an allocation, when nothing is to be had that is not there. */
static void sweep_set(const char *name, struct sud_config from,
		      struct sud_config to, bool allocates)
{
	struct fault_sweep sweep = {
		.name = name,
		.reset = set_was,
		.op = do_set,
		.unchanged = was_is_there,
		.done = next_is_there,
		.wanted = { EFAULT, allocates ? ENOMEM : 0 },
	};

	was = from;
	next = to;
	fault_sweep(&sweep);
}

#define OFF config_of(SUD_MODE_OFF, 0)
#define ARMED(flags) config_of(SUD_MODE_EXCLUSIVE, flags)
#define INHERIT (SUD_FLAG_INHERIT_THREAD | SUD_FLAG_INHERIT_FORK)

TEST_LIMIT(set, "SET", false, 120)
{
	begin();
	sweep_set("arm", OFF, ARMED(0), true);
	sweep_set("arm with a set", OFF, ARMED(SUD_FLAG_REGIONS), true);
	sweep_set("arm with inheritance", OFF,
		  ARMED(SUD_FLAG_REGIONS | INHERIT), true);
	sweep_set("arm again", ARMED(0), ARMED(SUD_FLAG_AUTO_ALLOW), false);
	sweep_set("take a set", ARMED(0), ARMED(SUD_FLAG_REGIONS), false);
	sweep_set("inherit", ARMED(0), ARMED(INHERIT), true);
	sweep_set("disarm", ARMED(SUD_FLAG_REGIONS | INHERIT), OFF, false);
	fault_exit();
}

static int opened;

static long do_open(void)
{
	opened = sud_open();
	return opened;
}

static void is_open(void)
{
	__u64 count = 0;

	CHECK_OK(sud_regions_list(opened, NULL, &count));
	CHECK_EQ(count, 0);
	CHECK_OK(close(opened));
}

TEST_LIMIT(open_device, "open of /dev/sud", false, 120)
{
	static const struct fault_sweep sweep = {
		.name = "open",
		.op = do_open,
		.unchanged = was_is_there,
		.done = is_open,
		.wanted = { ENOMEM, EFAULT },
	};

	begin();
	was = ARMED(0);
	set_was();
	fault_sweep(&sweep);
	fault_exit();
}

static struct sud_info info;
static struct sud_config config;

static long do_info(void)
{
	return sud_info(sud_fd, &info);
}

static void info_is_right(void)
{
	CHECK_EQ(info.size, sizeof(info));
	CHECK_EQ(info.abi, SUD_ABI_VERSION);
	CHECK(info.max_regions);
	was_is_there();
}

static long do_get(void)
{
	return sud_get(sud_fd, &config);
}

static void get_is_right(void)
{
	CHECK(!memcmp(&config, &was, sizeof(was)));
	was_is_there();
}

TEST_LIMIT(info_get, "INFO and GET", false, 120)
{
	static const struct fault_sweep get_info = {
		.name = "INFO",
		.op = do_info,
		.unchanged = was_is_there,
		.done = info_is_right,
		.wanted = { EFAULT },
	}, get = {
		.name = "GET",
		.op = do_get,
		.unchanged = was_is_there,
		.done = get_is_right,
		.wanted = { EFAULT },
	};

	begin();
	was = ARMED(SUD_FLAG_REGIONS | SUD_FLAG_AUTO_ALLOW);
	set_was();
	fault_sweep(&get_info);
	fault_sweep(&get);
	fault_exit();
}

/* A set of its own for each pass: one that has once grown stays so. */
static int set_fd = -1;
static struct sud_range base[64], change[64], result[256];
static __u64 base_count, change_count, result_count, listed;

static void check_set(const struct sud_range *want, uint64_t count)
{
	static struct sud_range got[256];
	__u64 n = 256;

	CHECK_OK(sud_regions_list(set_fd, got, &n));
	CHECK_EQ(n, count);
	CHECK(!memcmp(got, want, count * sizeof(*got)));
}

static void new_set(void)
{
	if (set_fd >= 0)
		CHECK_OK(close(set_fd));
	set_fd = sud_open();
	CHECK_OK(set_fd);
	CHECK_OK(sud_regions_add(set_fd, base, base_count));
}

static void base_is_there(void)
{
	check_set(base, base_count);
	was_is_there();
}

static void result_is_there(void)
{
	check_set(result, result_count);
	was_is_there();
}

static long do_add(void)
{
	return sud_regions_add(set_fd, change, change_count);
}

static long do_remove(void)
{
	return sud_regions_remove(set_fd, change, change_count);
}

static long do_list(void)
{
	memset(result, 0, sizeof(result));
	listed = 256;
	return sud_regions_list(set_fd, result, &listed);
}

static void list_is_right(void)
{
	CHECK_EQ(listed, base_count);
	CHECK(!memcmp(result, base, base_count * sizeof(*base)));
	base_is_there();
}

static void sweep_regions(const char *name, long (*op)(void))
{
	struct fault_sweep sweep = {
		.name = name,
		.reset = new_set,
		.op = op,
		.unchanged = base_is_there,
		.done = op == do_list ? list_is_right : result_is_there,
		.wanted = { EFAULT, ENOMEM },
	};

	fault_sweep(&sweep);
}

static struct sud_range nth(int n)
{
	return (struct sud_range){ 0x100000UL * (n + 1), 0x1000 };
}

/* Ranges of which none touches another. */
static void fill(struct sud_range *ranges, int first, int count)
{
	for (int i = 0; i < count; i++)
		ranges[i] = nth(first + i);
}

TEST_LIMIT(regions_add, "REGIONS_ADD", false, 120)
{
	begin();
	was = ARMED(SUD_FLAG_REGIONS);
	set_was();

	/* The user has no other set then, so that its count is new as well. */
	base_count = 0;
	change_count = result_count = 1;
	fill(change, 0, 1);
	fill(result, 0, 1);
	sweep_regions("first range", do_add);

	/* More than a page of them. */
	base_count = change_count = 64;
	result_count = 128;
	fill(base, 0, 64);
	fill(change, 64, 64);
	fill(result, 0, 128);
	sweep_regions("grow", do_add);
	fault_exit();
}

TEST_LIMIT(regions_remove, "REGIONS_REMOVE, which splits and has to grow",
	   false, 120)
{
	begin();
	was = ARMED(SUD_FLAG_REGIONS);
	set_was();

	base_count = change_count = 64;
	result_count = 128;
	for (int i = 0; i < 64; i++) {
		base[i] = nth(i);
		change[i] = (struct sud_range){ base[i].offset + 0x400, 0x800 };
		result[2 * i] = (struct sud_range){ base[i].offset, 0x400 };
		result[2 * i + 1] =
			(struct sud_range){ base[i].offset + 0xc00, 0x400 };
	}
	sweep_regions("split", do_remove);
	fault_exit();
}

TEST_LIMIT(regions_list, "REGIONS_LIST", false, 120)
{
	begin();
	was = ARMED(SUD_FLAG_REGIONS);
	set_was();
	base_count = 64;
	fill(base, 0, 64);
	sweep_regions("list", do_list);
	fault_exit();
}

/*
 * Everything of the calling thread fails, but for a budget: then there is no
 * second way, as there is for a large piece of memory when one thing fails.
 */
static int make_it_fail = -1;

static void budget(const char *what, unsigned long space)
{
	char path[60], text[24];

	snprintf(path, sizeof(path), "%s/space", what);
	snprintf(text, sizeof(text), "%lu", space);
	fault_setting(path, text);
}

static void budget_init(void)
{
	static const char *const what[] = { "failslab", "fail_page_alloc" };
	char path[60];

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/task-filter", what[i]);
		fault_setting(path, "Y");
		snprintf(path, sizeof(path), "%s/times", what[i]);
		fault_setting(path, "1000000000");
		snprintf(path, sizeof(path), "%s/interval", what[i]);
		fault_setting(path, "1");
		snprintf(path, sizeof(path), "%s/probability", what[i]);
		fault_setting(path, "100");
	}
	make_it_fail =
		open("/proc/thread-self/make-it-fail", O_RDWR | O_CLOEXEC);
	CHECK_OK(make_it_fail);
}

static long with_budget(unsigned long bytes, unsigned long pages,
			long (*op)(void))
{
	long ret;
	int err;

	budget("failslab", bytes);
	budget("fail_page_alloc", pages);
	CHECK_EQ(pwrite(make_it_fail, "1", 1, 0), 1);
	ret = op();
	err = errno;
	CHECK_EQ(pwrite(make_it_fail, "0", 1, 0), 1);
	errno = err;
	return ret;
}

#define PLENTY 1000000000UL
#define LARGE 9000

static struct sud_range large[LARGE];

static long do_add_large(void)
{
	return sud_regions_add(set_fd, large, LARGE);
}

TEST_LIMIT(regions_large, "REGIONS_ADD of many, and most allocations fail",
	   false, 120)
{
	/* In bytes; what is large is of pages. */
	static const unsigned long slabs[] = { 0, 64, 256, 1024, PLENTY };
	int failed = 0, n = sizeof(slabs) / sizeof(*slabs);
	unsigned long pages = 0;
	bool worked = false;

	begin();
	budget_init();
	was = ARMED(SUD_FLAG_REGIONS);
	set_was();
	base_count = 0;
	fill(large, 0, LARGE);
	for (; !worked; pages += 7) {
		for (int i = 0; i < n; i++) {
			new_set();
			worked = !with_budget(slabs[i], pages, do_add_large);
			if (worked)
				continue;
			CHECK_EQ(errno, ENOMEM);
			base_is_there();
			failed++;
			CHECK(failed < 1000);
		}
	}
	/* For want of either. */
	CHECK(failed > n);
	/* And the thread goes on. */
	CHECK_OK(do_add_large());
	printf("# add %d ranges: %d errors\n", LARGE, failed);
	fflush(stdout);
	fault_exit();
}

#define FULL 32768
#define USER_BYTES (64UL << 20)

static struct sud_range full[FULL];

static long do_add_one(void)
{
	return sud_regions_add(set_fd, change, 1);
}

TEST_LIMIT(regions_charge,
	   "what could not be had does not count against the user", false, 300)
{
	/* One more needs room for twice as many: a start and an end of each. */
	unsigned long grown = 2 * FULL * 16;

	begin();
	budget_init();
	was = ARMED(0);
	set_was();
	base_count = 0;
	new_set();
	fill(full, 0, FULL);
	CHECK_OK(sud_regions_add(set_fd, full, FULL));
	change[0] = nth(FULL);
	for (unsigned long n = 0; n <= USER_BYTES / grown; n++) {
		CHECK_ERR(with_budget(PLENTY, 0, do_add_one), ENOMEM);
		listed = 0;
		CHECK_OK(sud_regions_list(set_fd, NULL, &listed));
		CHECK_EQ(listed, FULL);
	}
	CHECK_OK(do_add_one());
	fault_exit();
}

/* Another thread, which stops, tells how it is armed, and stops again. */
static volatile int *tracee_armed;
static pid_t tracee;
static struct sud_task_config task;

static void tracee_run(void)
{
	handle_sigsys();
	CHECK_OK(ptrace(PTRACE_TRACEME, 0, 0, 0));
	for (;;) {
		raise(SIGSTOP);
		*tracee_armed = dispatched(site_a) | dispatched(site_b) << 1;
	}
}

static void tracee_wait(void)
{
	int status;

	for (;;) {
		CHECK_EQ(waitpid(tracee, &status, 0), tracee);
		CHECK(WIFSTOPPED(status));
		if (WSTOPSIG(status) == SIGSTOP)
			return;
		/* A dispatched call's. */
		CHECK_EQ(WSTOPSIG(status), SIGSYS);
		CHECK_OK(ptrace(PTRACE_CONT, tracee, 0, SIGSYS));
	}
}

static void tracee_start(void)
{
	tracee_armed = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(tracee_armed != MAP_FAILED);
	tracee = fork();
	CHECK_OK(tracee);
	if (!tracee)
		tracee_run();
	tracee_wait();
}

static long do_get_task(void)
{
	task = (struct sud_task_config){ .tid = tracee };
	return sud_get_task(sud_fd, &task, &config);
}

static void check_tracee(const struct sud_config *want)
{
	bool on = want->mode != SUD_MODE_OFF;
	bool set = want->flags & SUD_FLAG_REGIONS;

	CHECK_OK(do_get_task());
	CHECK(!memcmp(&config, want, sizeof(config)));
	CHECK_EQ(!!task.set, set);
	*tracee_armed = -1;
	CHECK_OK(ptrace(PTRACE_CONT, tracee, 0, 0));
	tracee_wait();
	CHECK_EQ(*tracee_armed, on | (on && !set) << 1);
}

static long set_tracee(const struct sud_config *to)
{
	task = (struct sud_task_config){ .tid = tracee };
	return sud_set_task(sud_fd, &task, to);
}

static void tracee_was(void)
{
	CHECK_OK(set_tracee(&was));
}

static long do_set_task(void)
{
	return set_tracee(&next);
}

static void tracee_unchanged(void)
{
	check_tracee(&was);
}

static void tracee_changed(void)
{
	check_tracee(&next);
	tracee_was();
}

static void sweep_task(const char *name, struct sud_config from,
		       struct sud_config to, bool allocates)
{
	struct fault_sweep sweep = {
		.name = name,
		.reset = tracee_was,
		.op = do_set_task,
		.unchanged = tracee_unchanged,
		.done = tracee_changed,
		.wanted = { EFAULT, allocates ? ENOMEM : 0 },
	};

	was = from;
	next = to;
	fault_sweep(&sweep);
}

TEST_LIMIT(set_task, "SET_TASK", false, 120)
{
	begin();
	tracee_start();
	sweep_task("arm a tracee", OFF, ARMED(0), true);
	sweep_task("arm a tracee with inheritance", OFF,
		   ARMED(SUD_FLAG_REGIONS | INHERIT), true);
	sweep_task("arm a tracee again", ARMED(SUD_FLAG_REGIONS), ARMED(0),
		   false);
	sweep_task("let a tracee inherit", ARMED(0), ARMED(INHERIT), true);
	sweep_task("disarm a tracee", ARMED(SUD_FLAG_REGIONS | INHERIT), OFF,
		   false);
	fault_exit();
}

/* Takes the tracee's set in place of the descriptor's own. */
static long do_take(void)
{
	task = (struct sud_task_config){ .tid = tracee,
					 .flags = SUD_TASK_TAKE_REGIONS };
	return sud_get_task(set_fd, &task, &config);
}

static void set_is_own(void)
{
	check_set(base, base_count);
	check_tracee(&was);
}

static void set_is_taken(void)
{
	struct sud_range range = site_b_range();

	CHECK(!memcmp(&config, &was, sizeof(config)));
	CHECK(task.set);
	CHECK_EQ(task.flags, 0);
	check_set(&range, 1);
	check_tracee(&was);
}

TEST_LIMIT(get_task, "GET_TASK, which takes the region set too", false, 120)
{
	static const struct fault_sweep sweep = {
		.name = "GET_TASK",
		.reset = new_set,
		.op = do_take,
		.unchanged = set_is_own,
		.done = set_is_taken,
		.wanted = { EFAULT },
	};

	begin();
	tracee_start();
	was = ARMED(SUD_FLAG_REGIONS | INHERIT);
	tracee_was();
	base_count = 3;
	fill(base, 0, 3);
	fault_sweep(&sweep);
	fault_exit();
}
