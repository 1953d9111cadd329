// SPDX-License-Identifier: GPL-2.0-only
/*
 * One user's memory cgroup is over its memory.high, so that its allocations sleep for
 * up to two seconds; nobody else may wait for that user.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "lib/clock.h"
#include "lib/files.h"
#include "lib/harness.h"

#define ATTACKERS 6
#define RANGES 16384
#define LIST_SIZE (RANGES * sizeof(struct sud_range))
#define CGROUP "/sys/fs/cgroup/"

static struct {
	volatile int go, ready;
	volatile long adds;
} *shared;

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void become_user(int uid)
{
	CHECK_OK(setgid(uid));
	CHECK_OK(setuid(uid));
}

/* Makes a CPU forget what it has charged to another cgroup in advance. */
static void use_up_stock(void)
{
	for (int i = 0; i < 300; i++) {
		int fds[2];

		if (!pipe(fds)) {
			close(fds[0]);
			close(fds[1]);
		}
	}
}

static struct uffdio_range missing_page(struct sud_range *list)
{
	return (struct uffdio_range){ (uintptr_t)list + LIST_SIZE - 4096,
				      4096 };
}

/*
 * Brings in the page for which the attacker waits inside REGIONS_ADD, from another
 * cgroup on the same CPU: the attacker's next allocation has to be charged then.
 */
static void helper(int sock)
{
	static struct sud_range page[4096 / sizeof(struct sud_range)]
		__attribute__((aligned(4096)));
	struct {
		int uffd;
		uint64_t at;
	} job;

	CHECK(file_write(CGROUP "sud-other/cgroup.procs", "0"));
	pin(0);
	for (unsigned int i = 0; i < sizeof(page) / sizeof(*page); i++)
		page[i] = (struct sud_range){ 0x1000 + 32 * i, 16 };
	while (read(sock, &job, sizeof(job)) == sizeof(job)) {
		struct uffd_msg msg;
		struct uffdio_copy copy = { .dst = job.at,
					    .src = (uintptr_t)page,
					    .len = 4096,
					    .mode = UFFDIO_COPY_MODE_DONTWAKE };
		struct uffdio_range range = { job.at, 4096 };

		if (read(job.uffd, &msg, sizeof(msg)) != sizeof(msg))
			continue;
		ioctl(job.uffd, UFFDIO_COPY, &copy);
		use_up_stock();
		ioctl(job.uffd, UFFDIO_WAKE, &range);
	}
}

static void one_add(int sock, int uffd)
{
	struct sud_range *list = mmap(NULL, LIST_SIZE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct {
		int uffd;
		uint64_t at;
	} job = { uffd, 0 };
	int fd = sud_open();

	CHECK(list != MAP_FAILED);
	CHECK_OK(fd);
	for (int i = 0; i < RANGES; i++)
		list[i] = (struct sud_range){ 0x1000 + 32UL * i, 16 };
	reg.range = missing_page(list);
	job.at = reg.range.start;
	madvise((void *)(uintptr_t)job.at, 4096, MADV_DONTNEED);
	CHECK_OK(ioctl(uffd, UFFDIO_REGISTER, &reg));
	CHECK_EQ(write(sock, &job, sizeof(job)), sizeof(job));
	sud_regions_add(fd, list, RANGES);
	__atomic_add_fetch(&shared->adds, 1, __ATOMIC_RELAXED);
	close(fd);
	munmap(list, LIST_SIZE);
}

static void attacker(int n)
{
	struct uffdio_api api = { .api = UFFD_API };
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC), sock[2];

	CHECK_OK(uffd);
	CHECK_OK(ioctl(uffd, UFFDIO_API, &api));
	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	if (!fork()) {
		close(sock[1]);
		helper(sock[0]);
		_exit(0);
	}
	CHECK(file_write(CGROUP "sud-high/cgroup.procs", "0"));
	pin(0);
	if (!n) {
		size_t size = 48 << 20;
		void *big = mmap(NULL, size, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		memset(big, 1, size);
		CHECK(file_set(CGROUP "sud-high/memory.high", "1048576"));
	}
	become_user(1101 + n);
	__atomic_add_fetch(&shared->ready, 1, __ATOMIC_RELAXED);
	while (!shared->go)
		sleep_ms(1);
	for (;;)
		one_add(sock[1], uffd);
}

/* Adds a range to a set of its own again and again. Return: the share spent there. */
static double share_of_time(double for_seconds)
{
	double begin = seconds(), spent = 0;

	while (seconds() < begin + for_seconds) {
		struct sud_range range = { 0x1000, 0x1000 };
		double before = seconds();
		int fd = sud_open();

		CHECK_OK(fd);
		CHECK_OK(sud_regions_add(fd, &range, 1));
		close(fd);
		spent += seconds() - before;
		sleep_ms(20);
	}
	return spent / (seconds() - begin);
}

static void make_cgroups(void)
{
	if (!file_contains(CGROUP "cgroup.controllers", "memory"))
		SKIP("no memory controller in cgroup2");
	CHECK(file_set(CGROUP "cgroup.subtree_control", "+memory"));
	mkdir(CGROUP "sud-high", 0755);
	mkdir(CGROUP "sud-other", 0755);
}

TEST_LIMIT(others_wait_not,
	   "who has memory to spare does not wait for a user who has not",
	   false, 90)
{
	double alone, beside;

	make_cgroups();
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	for (int n = 0; n < ATTACKERS; n++)
		if (!fork())
			attacker(n);
	for (int i = 0; i < 4000 && shared->ready < ATTACKERS; i++)
		sleep_ms(5);
	CHECK_EQ(shared->ready, ATTACKERS);
	pin(1);
	become_user(1002);
	alone = share_of_time(1);
	shared->go = 1;
	beside = share_of_time(8);
	printf("# %.0f %% of the time alone, %.0f %% beside %ld adds of theirs\n",
	       100 * alone, 100 * beside, shared->adds);
	CHECK(shared->adds > 0);
	/* With a lock held over their allocations it was a quarter and more. */
	CHECK(beside < 0.15);
}

static bool module_range(unsigned long *from, unsigned long *to)
{
	FILE *f = fopen("/proc/modules", "r");
	char line[512];
	bool found = false;

	CHECK(f);
	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line, "sud %lu %*s %*s %*s %lx", to, from) == 2;
	fclose(f);
	*to += *from;
	return found;
}

/* Lines of the trace whose allocation was made by the module. */
static int made_by_module(void)
{
	FILE *f = fopen("/sys/kernel/tracing/trace", "r");
	unsigned long from, to, site;
	char line[1024], *at;
	int n = 0;

	CHECK(f);
	CHECK(module_range(&from, &to));
	while (fgets(line, sizeof(line), f)) {
		at = strstr(line, "call_site=");
		if (!at)
			continue;
		site = strtoul(at + 10, NULL, 16);
		n += (site >= from && site < to) || strstr(at, "[sud]");
	}
	fclose(f);
	return n;
}

#define KMEM "/sys/kernel/tracing/events/kmem/"

static void trace_allocations(const char *on)
{
	char filter[64];

	snprintf(filter, sizeof(filter), "common_pid == %d", getpid());
	CHECK(file_set(KMEM "kmalloc/filter", filter));
	CHECK(file_set(KMEM "kmem_cache_alloc/filter", filter));
	CHECK(file_set("/sys/kernel/tracing/trace", ""));
	CHECK(file_set(KMEM "kmalloc/enable", on));
	CHECK(file_set(KMEM "kmem_cache_alloc/enable", on));
}

/*
 * The kernel opens every misc device with one lock of all of them held, so an
 * allocation in there makes others wait for the caller's memory cgroup.
 */
TEST(open_allocates_nothing,
     "open() of /dev/sud allocates nothing of the module's")
{
	struct sud_range range = { 0x1000, 0x1000 };
	int fd, by_open, by_add;

	trace_allocations("1");
	fd = sud_open();
	CHECK_OK(fd);
	by_open = made_by_module();
	CHECK_OK(sud_regions_add(fd, &range, 1));
	by_add = made_by_module();
	trace_allocations("0");
	CHECK_EQ(by_open, 0);
	CHECK(by_add > 0);
}
