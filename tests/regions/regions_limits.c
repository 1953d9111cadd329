// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many ranges a set may hold, how much memory one user may have for sets, who is
 * charged for it, and that it comes back.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "lib/backend.h"
#include "lib/clock.h"
#include "lib/files.h"
#include "lib/harness.h"
#include "lib/ranges.h"
#include "lib/rnd.h"

TEST_LIMIT(full, "a set holds 65,536 ranges, and one more is ENOSPC", false, 60)
{
	fill_many(RANGES_MAX + 1);
	CHECK_ERR(sud_regions_add(sud_fd, many_ranges, RANGES_MAX + 1), ENOSPC);
	CHECK(set_holds(sud_fd, NULL, 0));
	CHECK_OK(sud_regions_add(sud_fd, many_ranges, RANGES_MAX));
	CHECK(set_holds(sud_fd, many_ranges, RANGES_MAX));
	CHECK_ERR(sud_regions_add(sud_fd, many_ranges + RANGES_MAX, 1), ENOSPC);
	CHECK(set_holds(sud_fd, many_ranges, RANGES_MAX));
	/* What is there already needs no room. */
	CHECK_OK(sud_regions_add(sud_fd, many_ranges, RANGES_MAX));
	CHECK(set_holds(sud_fd, many_ranges, RANGES_MAX));
	/* Nor does what one of them grows by. */
	struct sud_range more = { many_ranges[RANGES_MAX - 1].offset + 8, 12 };

	CHECK_OK(sud_regions_add(sud_fd, &more, 1));
	many_ranges[RANGES_MAX - 1].len = 20;
	CHECK(set_holds(sud_fd, many_ranges, RANGES_MAX));
	CHECK_OK(sud_regions_remove(sud_fd, many_ranges + 77, 1));
	CHECK_OK(sud_regions_add(sud_fd, many_ranges + RANGES_MAX, 1));
	memmove(many_ranges + 77, many_ranges + 78,
		(RANGES_MAX - 77) * sizeof(*many_ranges));
	CHECK(set_holds(sud_fd, many_ranges, RANGES_MAX));
}

TEST_LIMIT(full_split, "removing from the middle of one is then ENOSPC", false,
	   60)
{
	fill_many(RANGES_MAX);
	CHECK_OK(sud_regions_add(sud_fd, many_ranges, RANGES_MAX));
	struct sud_range cut = { many_ranges[500].offset + 4, 4 };

	CHECK_ERR(sud_regions_remove(sud_fd, &cut, 1), ENOSPC);
	CHECK(set_holds(sud_fd, many_ranges, RANGES_MAX));
	/* From an end is not. */
	cut.offset = many_ranges[500].offset;
	CHECK_OK(sud_regions_remove(sud_fd, &cut, 1));
	many_ranges[500].offset += 4;
	many_ranges[500].len -= 4;
	CHECK(set_holds(sud_fd, many_ranges, RANGES_MAX));
}

TEST_LIMIT(full_exchange, "what counts is how many a call leaves", false, 60)
{
	fill_many(RANGES_MAX + 1);
	CHECK_OK(sud_regions_add(sud_fd, many_ranges, RANGES_MAX));
	/* Splits one and takes another away, in either order. */
	struct sud_range cuts[2] = { { many_ranges[900].offset + 4, 4 },
				     many_ranges[10] };

	CHECK_OK(sud_regions_remove(sud_fd, cuts, 2));
	CHECK_EQ(set_size(sud_fd), RANGES_MAX);
	cuts[0] = many_ranges[20];
	cuts[1] = (struct sud_range){ many_ranges[901].offset + 4, 4 };
	CHECK_OK(sud_regions_remove(sud_fd, cuts, 2));
	CHECK_EQ(set_size(sud_fd), RANGES_MAX);
	/* Adds one, and joins two others. */
	struct sud_range adds[2] = { many_ranges[RANGES_MAX],
				     { many_ranges[400].offset + 16, 16 } };

	CHECK_OK(sud_regions_add(sud_fd, adds, 2));
	CHECK_EQ(set_size(sud_fd), RANGES_MAX);
	CHECK_ERR(sud_regions_add(sud_fd, many_ranges + 10, 1), ENOSPC);
}

TEST(huge_count, "a count beyond all memory is ENOSPC, and nothing is taken")
{
	static const uint64_t counts[] = {
		RANGES_MAX + 1ULL,
		1ULL << 31,
		1ULL << 32,
		(1ULL << 32) + 1,
		1ULL << 59,
		(1ULL << 60) - 1,
		1ULL << 60,
		(1ULL << 60) + 1,
		1ULL << 63,
		(1ULL << 63) + 1,
		~0ULL,
		~0ULL >> 4,
		((1ULL << 60) + 2) /* 32 bytes, modulo 2^64 */
	};

	fill_many(RANGES_MAX + 1);
	add_two();
	for (unsigned int i = 0; i < COUNT(counts); i++) {
		for (int c = 0; c < 2; c++) {
			errno = 0;
			if (change_set(sud_fd, set_commands[c], many_ranges,
				       counts[i]) != -1 ||
			    errno != ENOSPC)
				FAIL("count %#llx, command %d: errno %d",
				     (long long)counts[i], c, errno);
		}
	}
	CHECK(set_holds(sud_fd, two_ranges, 2));
}

/* The quickest of some calls that add n ranges in no order to an empty set. */
static double add_time(unsigned int n, int rounds)
{
	double best = 1e9;

	fill_many(n);
	for (unsigned int i = n - 1; i; i--) {
		unsigned int k = rnd(i + 1);
		struct sud_range r = many_ranges[i];

		many_ranges[i] = many_ranges[k];
		many_ranges[k] = r;
	}
	while (rounds--) {
		int fd = sud_open();
		double start = cpu_seconds();

		CHECK_OK(sud_regions_add(fd, many_ranges, n));
		start = cpu_seconds() - start;
		if (start < best)
			best = start;
		CHECK_OK(close(fd));
	}
	return best;
}

TEST_LIMIT(quick, "a call with very many ranges takes no square of the time",
	   false, 120)
{
	double lots = add_time(10000, 5), most = add_time(64000, 5);

	printf("# 10,000 ranges in one call: %.1f ms, 64,000: %.1f\n",
	       lots * 1e3, most * 1e3);
	/* Milliseconds on a free machine; what is squared takes minutes. */
	CHECK(lots < 2);
	CHECK(most < 20);
}

static void become(int uid)
{
	CHECK_OK(setgid(uid));
	CHECK_OK(setuid(uid));
}

static long long memory_of(const char *cgroup)
{
	char path[100], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/memory.current", cgroup);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK_OK(fd);
	CHECK_OK(read(fd, text, sizeof(text) - 1));
	CHECK_OK(close(fd));
	return atoll(text);
}

static const char cgroup[] = "/sys/fs/cgroup/regions";
static long long memory_before;

static bool memory_back(void)
{
	return memory_of(cgroup) < memory_before + (512 << 10);
}

static void make_cgroup(void)
{
	file_write("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	if (mkdir(cgroup, 0755) && errno != EEXIST)
		SKIP("no cgroups: %s", strerror(errno));
	if (access("/sys/fs/cgroup/regions/memory.current", F_OK))
		SKIP("no memory cgroups");
}

TEST_LIMIT(memory_cgroup, "ranges are charged to the cgroup of who adds them",
	   false, 60)
{
	make_cgroup();
	fill_many(RANGES_MAX);
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		int fd = sud_open();

		CHECK(file_write("/sys/fs/cgroup/regions/cgroup.procs", "0"));
		memory_before = memory_of(cgroup);
		CHECK_OK(sud_regions_add(fd, many_ranges, RANGES_MAX));
		/* 16 bytes for each, and no pages of its own in between. */
		CHECK(memory_of(cgroup) >= memory_before + (1 << 20));
		CHECK_OK(close(fd));
		CHECK(wait_until(memory_back, 20000));
		_exit(0);
	}
	int status;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	rmdir(cgroup);
}

#define NOBODY 65534
#define SETS_MAX 200

static int sets[SETS_MAX];

/* Opens and fills sets until there is no room: how many. */
static int use_up(void)
{
	int n = 0, misses = 0;

	fill_many(RANGES_MAX);
	for (;;) {
		CHECK(n < SETS_MAX);
		sets[n] = sud_open();
		CHECK_OK(sets[n]);
		if (!sud_regions_add(sets[n], many_ranges, RANGES_MAX)) {
			n++;
			continue;
		}
		/* What a test before this one had may yet be on its way back. */
		if (++misses == 5)
			break;
		CHECK_EQ(errno, ENOSPC);
		CHECK_OK(close(sets[n]));
		sleep_ms(200);
	}
	CHECK_EQ(errno, ENOSPC);
	/* The one that found no room is as it was, and its file is closed. */
	CHECK(set_holds(sets[n], NULL, 0));
	CHECK_OK(close(sets[n]));
	return n;
}

/* A set that can be filled, in the end. */
static int fill_later(void)
{
	double limit = seconds() + 60;
	int fd = sud_open();

	CHECK_OK(fd);
	while (sud_regions_add(fd, many_ranges, RANGES_MAX)) {
		CHECK_EQ(errno, ENOSPC);
		if (seconds() > limit)
			FAIL("the room did not come back");
		sleep_ms(20);
	}
	return fd;
}

static bool can_fill(int uid)
{
	int status;
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		if (uid)
			become(uid);
		_exit(!!sud_regions_add(sud_open(), many_ranges, RANGES_MAX));
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	return !WEXITSTATUS(status);
}

TEST_LIMIT(user_limit,
	   "a user has 64 MiB for sets, and closing them gives it back", false,
	   170)
{
	pid_t pid = fork();
	int status, n;

	CHECK_OK(pid);
	if (!pid) {
		become(NOBODY);
		n = use_up();
		printf("# %d sets of 65,536 ranges\n", n);
		/* A set has 1 MiB of ranges, in no more than three copies. */
		CHECK(n >= 64 / 3);
		CHECK(n <= 64);
		/* A process of the same user has no more. */
		CHECK(!can_fill(0));
		for (int i = 0; i < n; i++)
			CHECK_OK(close(sets[i]));
		for (int i = 0; i < often(n); i++)
			sets[i] = fill_later();
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

TEST_LIMIT(user_limit_others, "other users have theirs", false, 170)
{
	int ready[2], status;
	char c;

	fill_many(RANGES_MAX);
	CHECK_OK(pipe(ready));
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		become(NOBODY);
		use_up();
		CHECK_EQ(write(ready[1], "x", 1), 1);
		for (;;)
			pause();
	}
	CHECK_OK(close(ready[1]));
	CHECK_EQ(read(ready[0], &c, 1), 1);
	CHECK(can_fill(0));
	CHECK(can_fill(NOBODY - 1));
	CHECK(!can_fill(NOBODY));
	/* Killed, it gives all back. */
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	become(NOBODY);
	fill_later();
}

TEST_LIMIT(user_limit_updates, "changes without end take no more room", false,
	   120)
{
	become(NOBODY);
	fill_many(RANGES_MAX);
	CHECK_OK(sud_regions_add(sud_fd, many_ranges, RANGES_MAX));
	/* Each makes a new copy of 1 MiB. */
	for (int i = 0; i < often(100); i++) {
		CHECK_OK(sud_regions_remove(sud_fd, many_ranges + i * 5, 1));
		CHECK_OK(sud_regions_add(sud_fd, many_ranges + i * 5, 1));
	}
	CHECK(set_holds(sud_fd, many_ranges, RANGES_MAX));
}

/* What the cgroup is charged may be more by what the sets' own structs take. */
TEST_LIMIT(user_limit_bytes, "64 MiB are no more than that for the allocator",
	   false, 170)
{
	int status;

	make_cgroup();
	fill_many(RANGES_MAX);
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		CHECK(file_write("/sys/fs/cgroup/regions/cgroup.procs", "0"));
		become(NOBODY);
		memory_before = memory_of(cgroup);
		use_up();
		long grown = memory_of(cgroup) - memory_before;

		if (grown > 66L << 20 || grown < 56L << 20)
			FAIL("the sets take %ld KiB", grown >> 10);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	rmdir(cgroup);
}

/* The caller, who is in a new user namespace, gets uids from 200,000 on there. */
static void map_uids(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	CHECK(file_write(path, "0 200000 10"));
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	CHECK(file_write(path, "0 200000 10"));
}

TEST_LIMIT(user_limit_namespace,
	   "the uids of a namespace that a user made have that user's budget",
	   false, 170)
{
	int made[2], mapped[2], status;
	char c;

	fill_many(RANGES_MAX);
	CHECK_OK(pipe(made));
	CHECK_OK(pipe(mapped));
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		become(NOBODY);
		prctl(PR_SET_DUMPABLE, 1);
		if (unshare(CLONE_NEWUSER))
			SKIP("no user namespaces: %s", strerror(errno));
		CHECK_EQ(write(made[1], "x", 1), 1);
		CHECK_EQ(read(mapped[0], &c, 1), 1);
		CHECK_OK(setresuid(1, 1, 0));
		use_up();
		CHECK(!can_fill(0));
		CHECK_OK(setresuid(0, 0, 0));
		CHECK(!can_fill(2));
		_exit(0);
	}
	CHECK_OK(close(made[1]));
	if (read(made[0], &c, 1) == 1) {
		map_uids(pid);
		CHECK_EQ(write(mapped[1], "x", 1), 1);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

#define CALLS 70

static char *slow_list;
static volatile int refused;

/* A call that has its list, and then waits for the list's last page for ever. */
static void *stuck_call(void *unused)
{
	(void)unused;
	CHECK_ERR(sud_regions_add(sud_open(), (struct sud_range *)slow_list,
				  RANGES_MAX),
		  ENOSPC);
	__atomic_add_fetch(&refused, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void stuck_calls(void)
{
	size_t size = RANGES_MAX * sizeof(struct sud_range);
	struct uffdio_api api = { .api = UFFD_API };
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_register last = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	pthread_t thread;

	CHECK_OK(uffd);
	CHECK_OK(ioctl(uffd, UFFDIO_API, &api));
	slow_list = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(slow_list != MAP_FAILED);
	last.range.start = (uintptr_t)slow_list + size - 4096;
	last.range.len = 4096;
	CHECK_OK(ioctl(uffd, UFFDIO_REGISTER, &last));
	become(NOBODY);
	for (int i = 0; i < CALLS; i++)
		CHECK_EQ(pthread_create(&thread, NULL, stuck_call, NULL), 0);
}

/* 64 lists of 1 MiB fit into 64 MiB. */
static bool all_others_refused(void)
{
	return refused >= CALLS - 64;
}

TEST_LIMIT(user_limit_calls,
	   "the lists of a user's running calls are bounded, too", false, 60)
{
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		stuck_calls();
		CHECK(wait_until(all_others_refused, 10000));
		sleep_ms(200);
		CHECK_EQ(refused, CALLS - 64);
		/* Lists are counted apart from sets, and small ones not at all. */
		struct sud_range small = { 0x1000, 0x1000 };

		CHECK_OK(sud_regions_add(sud_open(), &small, 1));
		kill(getpid(), SIGKILL);
	}
	int status;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	fill_many(RANGES_MAX);
	CHECK(can_fill(NOBODY));
}
