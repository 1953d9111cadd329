// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every access to user memory fails, byte after byte: what an ioctl or a blocked
 * call is given lies across the end of its memory, or of what may be written. On
 * every kernel, and for get_user() and put_user() too, which fault.c cannot make
 * fail.
 */
#include <sys/ioctl.h>
#include <sys/ptrace.h>

#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/memory.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/tracer.h"
#include "lib/upcalls.h"

#define PAGE 4096

/* Copies the data to where all but its first @k bytes are for @prot only. */
static void *cut(const void *data, size_t size, size_t k, int prot)
{
	static char *pages;
	char *at;

	if (!pages)
		pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(pages != MAP_FAILED);
	CHECK_OK(mprotect(pages, 2 * PAGE, PROT_READ | PROT_WRITE));
	at = pages + PAGE - k;
	memcpy(at, data, size);
	CHECK_OK(mprotect(pages + PAGE, PAGE, prot));
	return at;
}

/**
 * struct block - user memory that an operation uses
 * @name: for the message
 * @data: what is in it
 * @size: of that
 * @reads: how far it is read
 * @writes: how far it is written; 0 when it is not
 * @reset: makes the state that @op begins in; or NULL
 * @op: the operation, as a system call, with the block at @at
 * @unchanged: checks that all is as @reset left it
 * @done: checks that @op did what it says
 */
struct block {
	const char *name;
	const void *data;
	size_t size;
	size_t reads;
	size_t writes;
	void (*reset)(void);
	long (*op)(void *at);
	void (*unchanged)(void);
	void (*done)(void);
};

static void check_cut(const struct block *block, size_t k, int prot)
{
	size_t needed = block->writes;
	long ret;

	if (prot == PROT_NONE && block->reads > needed)
		needed = block->reads;

	if (block->reset)
		block->reset();
	errno = 0;
	ret = block->op(cut(block->data, block->size, k, prot));
	if (ret ? errno != EFAULT || k >= needed : k < needed)
		FAIL("%s, %s after %zu bytes of %zu: %s", block->name,
		     prot == PROT_READ ? "read-only" : "no memory", k,
		     block->size, ret ? strerror(errno) : "no error");
	if (ret)
		block->unchanged();
	else
		block->done();
}

static void check_cuts(const struct block *block)
{
	for (size_t k = 0; k <= block->size; k++) {
		check_cut(block, k, PROT_NONE);
		check_cut(block, k, PROT_READ);
	}
}

/* What the calling thread is armed with, or its tracee is. */
static struct sud_config was, next;

static struct sud_config config_of(unsigned int flags)
{
	return (struct sud_config){
		.size = sizeof(struct sud_config),
		.mode = SUD_MODE_EXCLUSIVE,
		.selector = (uintptr_t)&selector,
		.flags = flags,
	};
}

static void check_armed_with(const struct sud_config *want)
{
	struct sud_config c;

	CHECK_OK(sud_get(sud_fd, &c));
	CHECK(!memcmp(&c, want, sizeof(c)));
	CHECK(armed_now());
}

static void set_was(void)
{
	CHECK_OK(sud_set(sud_fd, &was));
}

static void was_is_there(void)
{
	check_armed_with(&was);
}

static void next_is_there(void)
{
	check_armed_with(&next);
}

static void begin(void)
{
	handle_sigsys();
	was = config_of(0);
	next = config_of(SUD_FLAG_AUTO_ALLOW);
	set_was();
}

/* A program may know more of a struct than the module. */
#define MORE 8

static char larger[sizeof(struct sud_status) + MORE];

static const void *enlarged(const void *from, unsigned int size)
{
	memset(larger, 0, sizeof(larger));
	memcpy(larger, from, size);
	size += MORE;
	memcpy(larger, &size, sizeof(size));
	return larger;
}

static long do_set(void *at)
{
	return ioctl(sud_fd, SUD_IOC_SET, at);
}

TEST(set, "SET of a struct that is not all there")
{
	struct block block = {
		.name = "SET",
		.data = &next,
		.size = sizeof(next),
		.reads = sizeof(next),
		.reset = set_was,
		.op = do_set,
		.unchanged = was_is_there,
		.done = next_is_there,
	};

	begin();
	check_cuts(&block);
	block.data = enlarged(&next, sizeof(next));
	block.size = block.reads = sizeof(next) + MORE;
	check_cuts(&block);
}

static long do_get(void *at)
{
	return ioctl(sud_fd, SUD_IOC_GET, at);
}

/* It reads the size of an empty struct, and fills that. */
static void check_cuts_filled(const char *name, const void *empty, size_t size,
			      long (*op)(void *at))
{
	struct block block = {
		.name = name,
		.data = empty,
		.size = size,
		.reads = sizeof(__u32),
		.writes = size,
		.op = op,
		.unchanged = was_is_there,
		.done = was_is_there,
	};

	begin();
	check_cuts(&block);
	block.data = enlarged(empty, size);
	block.size = block.writes = size + MORE;
	check_cuts(&block);
}

TEST(get, "GET")
{
	struct sud_config empty = { .size = sizeof(empty) };

	check_cuts_filled("GET", &empty, sizeof(empty), do_get);
}

static long do_info(void *at)
{
	return ioctl(sud_fd, SUD_IOC_INFO, at);
}

TEST(info, "INFO")
{
	struct sud_info empty = { .size = sizeof(empty) };

	check_cuts_filled("INFO", &empty, sizeof(empty), do_info);
}

static long do_status(void *at)
{
	return ioctl(sud_fd, SUD_IOC_STATUS, at);
}

TEST(status, "STATUS")
{
	struct sud_status empty = { .size = sizeof(empty) };

	check_cuts_filled("STATUS", &empty, sizeof(empty), do_status);
}

/* Of the descriptor's set there is the one in the middle, or all three. */
static const struct sud_range three[3] = { { 0x1000, 0x1000 },
					   { 0x4000, 0x1000 },
					   { 0x8000, 0x1000 } };
static struct sud_regions args = { .size = sizeof(args), .count = 3 };
static unsigned long request;

static void check_regions(const struct sud_range *want, __u64 count)
{
	struct sud_range got[8];
	__u64 n = 8;

	CHECK_OK(sud_regions_list(sud_fd, got, &n));
	CHECK_EQ(n, count);
	CHECK(!memcmp(got, want, count * sizeof(*got)));
	was_is_there();
}

static void has_all(void)
{
	check_regions(three, 3);
}

static void has_one(void)
{
	check_regions(&three[1], 1);
}

static void has_none(void)
{
	check_regions(NULL, 0);
}

static void make_one(void)
{
	CHECK_OK(sud_regions_remove(sud_fd, three, 3));
	CHECK_OK(sud_regions_add(sud_fd, &three[1], 1));
}

static void make_all(void)
{
	CHECK_OK(sud_regions_add(sud_fd, three, 3));
}

static long do_regions(void *at)
{
	return ioctl(sud_fd, request, at);
}

static long do_ranges(void *at)
{
	struct sud_regions with = args;

	with.ranges = (uintptr_t)at;
	return ioctl(sud_fd, request, &with);
}

/* The struct, and then what it points to. */
static void check_cuts_regions(const char *name, void (*reset)(void),
			       void (*unchanged)(void), void (*done)(void),
			       bool list)
{
	struct sud_range ranges[3];
	struct block block = {
		.name = name,
		.data = &args,
		.size = sizeof(args),
		.reads = sizeof(args),
		/* The count. */
		.writes = list ? sizeof(args) : 0,
		.reset = reset,
		.op = do_regions,
		.unchanged = unchanged,
		.done = done,
	};

	memcpy(ranges, three, sizeof(ranges));
	args.ranges = (uintptr_t)ranges;
	check_cuts(&block);

	block.data = three;
	block.size = sizeof(three);
	block.reads = list ? 0 : sizeof(three);
	block.writes = list ? sizeof(three) : 0;
	block.op = do_ranges;
	check_cuts(&block);
}

TEST(regions_add, "REGIONS_ADD, of the struct and of the ranges")
{
	begin();
	request = SUD_IOC_REGIONS_ADD;
	check_cuts_regions("REGIONS_ADD", make_one, has_one, has_all, false);
}

TEST(regions_remove, "REGIONS_REMOVE")
{
	begin();
	request = SUD_IOC_REGIONS_REMOVE;
	check_cuts_regions("REGIONS_REMOVE", make_all, has_all, has_none,
			   false);
}

TEST(regions_list, "REGIONS_LIST")
{
	begin();
	request = SUD_IOC_REGIONS_LIST;
	check_cuts_regions("REGIONS_LIST", make_all, has_all, has_all, true);
}

static struct sud_task_config task = { .size = sizeof(task) };
static int set_fd;

static void tracee_begin(void)
{
	int status;

	task.tid = fork();
	CHECK_OK(task.tid);
	if (!task.tid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(0);
	}
	CHECK_EQ(waitpid(task.tid, &status, 0), task.tid);
	CHECK(WIFSTOPPED(status));
}

static void check_tracee(const struct sud_config *want)
{
	struct sud_task_config t = { .tid = task.tid };
	struct sud_config c;

	CHECK_OK(sud_get_task(sud_fd, &t, &c));
	CHECK(!memcmp(&c, want, sizeof(c)));
	was_is_there();
}

static void tracee_was(void)
{
	struct sud_task_config t = { .tid = task.tid };

	CHECK_OK(sud_set_task(sud_fd, &t, &was));
}

static void tracee_unchanged(void)
{
	check_tracee(&was);
}

static void tracee_changed(void)
{
	check_tracee(&next);
}

static long do_task(void *at)
{
	return ioctl(set_fd, request, at);
}

static long do_task_config(void *at)
{
	struct sud_task_config with = task;

	with.config = (uintptr_t)at;
	return ioctl(set_fd, request, &with);
}

TEST(set_task, "SET_TASK, of the struct and of the configuration")
{
	struct block block = {
		.name = "SET_TASK",
		.data = &task,
		.size = sizeof(task),
		.reads = sizeof(task),
		.reset = tracee_was,
		.op = do_task,
		.unchanged = tracee_unchanged,
		.done = tracee_changed,
	};

	begin();
	tracee_begin();
	set_fd = sud_fd;
	request = SUD_IOC_SET_TASK;
	task.config = (uintptr_t)&next;
	check_cuts(&block);

	block.data = &next;
	block.size = block.reads = sizeof(next);
	block.op = do_task_config;
	check_cuts(&block);
}

/* A new descriptor: its set is empty, until it takes the tracee's. */
static void new_descriptor(void)
{
	if (set_fd > 0)
		CHECK_OK(close(set_fd));
	set_fd = sud_open();
	CHECK_OK(set_fd);
}

static void check_count(__u64 want)
{
	__u64 count = 0;

	CHECK_OK(sud_regions_list(set_fd, NULL, &count));
	CHECK_EQ(count, want);
}

static void nothing_taken(void)
{
	check_count(0);
	check_tracee(&next);
}

static void set_taken(void)
{
	check_count(3);
	check_tracee(&next);
}

TEST(get_task, "GET_TASK, which then takes no region set")
{
	struct sud_config config = { .size = sizeof(config) };
	struct sud_task_config with;
	struct block block = {
		.name = "GET_TASK",
		.data = &task,
		.size = sizeof(task),
		.reads = sizeof(task),
		.writes = sizeof(task),
		.reset = new_descriptor,
		.op = do_task,
		.unchanged = nothing_taken,
		.done = set_taken,
	};

	begin();
	make_all();
	tracee_begin();
	next.flags = SUD_FLAG_REGIONS;
	with = task;
	CHECK_OK(sud_set_task(sud_fd, &with, &next));
	request = SUD_IOC_GET_TASK;
	task.flags = SUD_TASK_TAKE_REGIONS;
	task.config = (uintptr_t)&config;
	check_cuts(&block);

	block.data = &config;
	block.size = block.writes = sizeof(config);
	block.reads = sizeof(config.size);
	block.op = do_task_config;
	check_cuts(&block);
}

static struct sud_config upcall;

static void blocked_then_exit(void)
{
	_exit(blocked(MAGIC_NR, 0, 0, 0) == RESULT ? 0 : 1);
}

/* In a child, since a call that cannot be handed over is its death. */
static void expect_upcall(bool possible)
{
	if (possible)
		CHECK_EQ(in_child(blocked_then_exit), 0);
	else
		expect_death(blocked_then_exit, SIGSEGV);
}

TEST_LIMIT(frame,
	   "a frame that cannot be written in full is the thread's death",
	   false, 60)
{
	static const char zero[sizeof(struct sud_upcall_frame)];
	const int prots[] = { PROT_NONE, PROT_READ };

	upcall = config_of(SUD_FLAG_INHERIT_FORK);
	upcall.delivery = SUD_DELIVER_UPCALL;
	upcall.upcall_entry = (uintptr_t)entry_frames;
	upcall.upcall_frame = (uintptr_t)&up_top;
	CHECK_OK(sud_set(sud_fd, &upcall));
	for (size_t k = 0; k <= sizeof(zero); k++) {
		for (int i = 0; i < 2; i++) {
			up_top = (uintptr_t)cut(zero, sizeof(zero), k,
						prots[i]) +
				 sizeof(zero);
			expect_upcall(k == sizeof(zero));
		}
	}
}
