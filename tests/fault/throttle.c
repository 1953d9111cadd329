// SPDX-License-Identifier: GPL-2.0-only
/*
 * A user's memory cgroup is above its memory.high: since 5.18 an allocation that is
 * charged to it sleeps for up to two seconds, in the midst of a call. Nobody else may
 * wait for that user, so the module allocates nothing while somebody holds a lock that
 * others need: its own, or that of all misc devices.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>

#include "lib/clock.h"
#include "lib/files.h"
#include "lib/harness.h"

#define CGROUPS "/sys/fs/cgroup/"
#define HIGH CGROUPS "sud-high/"
#define OTHER CGROUPS "sud-other/"

#define ATTACKERS 6
#define HELPERS 2
#define ATTACKER_CPU 0
#define VICTIM_CPU 1
#define ATTACKER_UID 1101
#define VICTIM_UID 1002

/* For so long the victim works beside the attackers. */
#define BESIDE 4
/* The victim sleeps for no more in one call; a throttled attacker does for 2 s. */
#define BOUND 0.5

static struct {
	volatile int ready, go;
	volatile long attacks;
} *shared;

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	CHECK_OK(sched_setaffinity(0, sizeof(set), &set));
}

static void become_user(int uid)
{
	CHECK_OK(setgid(uid));
	CHECK_OK(setuid(uid));
}

static void need_throttling(void)
{
	struct utsname uts;
	int major, minor;
	cpu_set_t cpus;

	CHECK_OK(uname(&uts));
	if (sscanf(uts.release, "%d.%d", &major, &minor) != 2)
		FAIL("release %s", uts.release);
	if (major < 5 || (major == 5 && minor < 18))
		SKIP("this kernel throttles on the way to user mode only");
	if (!file_contains(CGROUPS "cgroup.controllers", "memory"))
		SKIP("no memory cgroups");
	CHECK_OK(sched_getaffinity(0, sizeof(cpus), &cpus));
	if (!CPU_ISSET(ATTACKER_CPU, &cpus) || !CPU_ISSET(VICTIM_CPU, &cpus))
		SKIP("one CPU only");
}

static pid_t children[ATTACKERS + HELPERS];
static int n_children;

static void start(void (*fn)(int n), int n)
{
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		fn(n);
		_exit(0);
	}
	children[n_children++] = pid;
}

static bool all_ready(void)
{
	return shared->ready == ATTACKERS;
}

/* The attackers wait in a cgroup that is far above its limit, each with a helper. */
static void begin(void (*attacker)(int n))
{
	need_throttling();
	CHECK(file_set(CGROUPS "cgroup.subtree_control", "+memory"));
	CHECK(!mkdir(HIGH, 0755) || errno == EEXIST);
	CHECK(!mkdir(OTHER, 0755) || errno == EEXIST);
	CHECK(file_set(HIGH "memory.high", "max"));
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	for (int n = 0; n < ATTACKERS; n++)
		start(attacker, n);
	CHECK(wait_until(all_ready, 10000));
	CHECK(file_set(HIGH "memory.high", "1048576"));
}

static void end(void)
{
	/* Those who are throttled die at once. */
	CHECK(file_set(HIGH "memory.high", "max"));
	for (int i = 0; i < n_children; i++)
		kill(children[i], SIGKILL);
	for (int i = 0; i < n_children; i++)
		CHECK_OK(waitpid(children[i], NULL, 0));
}

/* The attacker's part up to when all may begin. */
static void attacker_begins(int n)
{
	size_t size = 12 << 20;
	char *much;

	CHECK(file_write(HIGH "cgroup.procs", "0"));
	pin(ATTACKER_CPU);
	much = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(much != MAP_FAILED);
	memset(much, 1, size);
	become_user(ATTACKER_UID + n);
	__atomic_add_fetch(&shared->ready, 1, __ATOMIC_SEQ_CST);
	while (!shared->go)
		sleep_ms(1);
}

/*
 * A CPU has memory in stock that it has charged in advance, for one cgroup at a time.
 * A helper takes the stock from the attackers, so that their next allocation has to be
 * charged anew.
 */
static void take_stock(void)
{
	for (int i = 0; i < 100; i++) {
		int fds[2];

		if (!pipe(fds)) {
			close(fds[0]);
			close(fds[1]);
		}
	}
}

static void helper_begins(void)
{
	CHECK(file_write(OTHER "cgroup.procs", "0"));
	pin(ATTACKER_CPU);
}

/* How long this thread has waited for a CPU, where the kernel says it. */
static double waited_for_cpu(void)
{
	unsigned long long ns = 0;
	char text[100];

	if (!file_read("/proc/thread-self/schedstat", text, sizeof(text)) ||
	    sscanf(text, "%*u %llu", &ns) != 1)
		return 0;
	return ns / 1e9;
}

/* How long this thread has slept; what a busy machine takes from it is no sleep. */
static double slept(void)
{
	return seconds() - cpu_seconds() - waited_for_cpu();
}

/* Return: the longest sleep of the victim in fn(). */
static double worst_sleep(void (*fn)(void), double for_seconds)
{
	double until = seconds() + for_seconds, worst = 0;

	while (seconds() < until && worst < BOUND) {
		double before = slept(), now;

		fn();
		now = slept() - before;
		if (now > worst)
			worst = now;
		sleep_ms(10);
	}
	return worst;
}

/* The caller is the victim: it does fn() again and again, alone and beside them. */
static void check_victim(void (*fn)(void))
{
	double alone, beside;

	pin(VICTIM_CPU);
	alone = worst_sleep(fn, 0.5);
	shared->go = 1;
	beside = worst_sleep(fn, BESIDE);
	/* On a slow kernel the first attack may not be over yet. */
	for (int i = 0; i < 20 && !shared->attacks && beside < BOUND; i++)
		beside = worst_sleep(fn, BESIDE);
	printf("# the victim slept %.3f s at worst alone, %.3f s beside %ld attacks\n",
	       alone, beside, shared->attacks);
	fflush(stdout);
	CHECK(alone < BOUND);
	CHECK(beside < BOUND);
	CHECK(shared->attacks > 0);
}

/* To grow sets beside the attackers. */
#define RANGES 16384
#define LIST_SIZE (RANGES * sizeof(struct sud_range))
#define PAGE 4096

/* A helper's work: the page for which its attacker waits, by userfaultfd. */
static int fault_fd, fetch_fds[2];

static uintptr_t last_page_of(struct sud_range *list)
{
	return (uintptr_t)list + LIST_SIZE - PAGE;
}

static void fill(struct sud_range *ranges, int n)
{
	for (int i = 0; i < n; i++)
		ranges[i] = (struct sud_range){ 0x1000 + 32UL * i, 16 };
}

/*
 * The helper brings in the page in the midst of SUD_IOC_REGIONS_ADD: between what the attacker has
 * charged before, for its list, and what the module allocates next.
 */
static void fetch_pages(int n)
{
	static struct sud_range page[PAGE / sizeof(struct sud_range)]
		__attribute__((aligned(PAGE)));
	uint64_t at;

	(void)n;
	helper_begins();
	fill(page, COUNT(page));
	while (read(fetch_fds[0], &at, sizeof(at)) == sizeof(at)) {
		struct uffdio_copy copy = { .dst = at,
					    .src = (uintptr_t)page,
					    .len = PAGE,
					    .mode = UFFDIO_COPY_MODE_DONTWAKE };
		struct uffdio_range range = { at, PAGE };
		struct uffd_msg msg;

		if (read(fault_fd, &msg, sizeof(msg)) != sizeof(msg))
			continue;
		ioctl(fault_fd, UFFDIO_COPY, &copy);
		take_stock();
		take_stock();
		take_stock();
		ioctl(fault_fd, UFFDIO_WAKE, &range);
		__atomic_add_fetch(&shared->attacks, 1, __ATOMIC_RELAXED);
	}
}

/*
 * The list is there before the limit is: for each page that the attacker needed later
 * it would be throttled outside the module.
 */
static struct sud_range *make_list(void)
{
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct sud_range *list = mmap(NULL, LIST_SIZE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(list != MAP_FAILED);
	fill(list, RANGES);
	reg.range = (struct uffdio_range){ last_page_of(list), PAGE };
	CHECK_OK(ioctl(fault_fd, UFFDIO_REGISTER, &reg));
	return list;
}

static void add_list(struct sud_range *list)
{
	uint64_t at = last_page_of(list);
	int fd = sud_open();

	CHECK_OK(fd);
	CHECK_OK(madvise((void *)at, PAGE, MADV_DONTNEED));
	CHECK_EQ(write(fetch_fds[1], &at, sizeof(at)), sizeof(at));
	sud_regions_add(fd, list, RANGES);
	close(fd);
}

static void attack_by_sets(int n)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct sud_range *list;

	fault_fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	CHECK_OK(fault_fd);
	CHECK_OK(ioctl(fault_fd, UFFDIO_API, &api));
	CHECK_OK(pipe(fetch_fds));
	n_children = 0;
	start(fetch_pages, n);
	close(fetch_fds[0]);
	list = make_list();
	attacker_begins(n);
	for (;;)
		add_list(list);
}

static void add_one(void)
{
	struct sud_range range = { 0x1000, 0x1000 };
	int fd = sud_open();

	CHECK_OK(fd);
	CHECK_OK(sud_regions_add(fd, &range, 1));
	CHECK_OK(close(fd));
}

static void be_victim_of_sets(void)
{
	become_user(VICTIM_UID);
	check_victim(add_one);
}

TEST_LIMIT(sets, "nobody waits for a user who is throttled while a set grows",
	   false, 60)
{
	begin(attack_by_sets);
	CHECK_EQ(in_child(be_victim_of_sets), 0);
	end();
}

/* To open another misc device beside those who open /dev/sud. */
static const char *misc_device;

static void open_misc(void)
{
	int fd = open(misc_device, O_RDONLY | O_CLOEXEC);

	CHECK_OK(fd);
	CHECK_OK(close(fd));
}

static void need_misc_device(void)
{
	static const char *const names[] = {
		"/dev/vga_arbiter", "/dev/cpu_dma_latency", "/dev/hpet",
		"/dev/fuse",	    "/dev/loop-control",    "/dev/autofs",
		"/dev/snapshot",    "/dev/rfkill",	    "/dev/userfaultfd",
	};
	struct stat st;

	for (size_t i = 0; i < COUNT(names); i++) {
		int fd = open(names[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			continue;
		CHECK_OK(fstat(fd, &st));
		close(fd);
		if (!S_ISCHR(st.st_mode) || major(st.st_rdev) != 10)
			continue;
		misc_device = names[i];
		return;
	}
	SKIP("no misc device beside /dev/sud");
}

static void take_stock_always(int n)
{
	(void)n;
	helper_begins();
	for (;;)
		take_stock();
}

/*
 * /dev/sud by a path that takes the kernel long to walk. The kernel has allocated the
 * struct file before, so that a helper can take the stock in between.
 */
#define LINKS 10
#define LINK "/tmp/sud-link-%d"

static char long_way[32];

static void remove_links(void)
{
	for (int i = 0; i < LINKS; i++) {
		snprintf(long_way, sizeof(long_way), LINK, i);
		unlink(long_way);
	}
}

static void make_links(void)
{
	char to[4096], at[32] = SUD_DEVICE;

	remove_links();
	for (int i = 0; i < LINKS; i++) {
		size_t n = 0;

		/* "/./././" and on, and then the one before. */
		while (n < 3900)
			n += sprintf(to + n, "/.");
		strcpy(to + n, at);
		snprintf(at, sizeof(at), LINK, i);
		CHECK_OK(symlink(to, at));
	}
	strcpy(long_way, at);
}

static void attack_by_open(int n)
{
	attacker_begins(n);
	for (;;) {
		int fd = open(long_way, O_RDWR | O_CLOEXEC);

		CHECK_OK(fd);
		close(fd);
		__atomic_add_fetch(&shared->attacks, 1, __ATOMIC_RELAXED);
	}
}

static void be_victim_of_open(void)
{
	check_victim(open_misc);
}

TEST_LIMIT(misc,
	   "nobody waits for a user who is throttled while it opens /dev/sud",
	   false, 60)
{
	need_misc_device();
	make_links();
	begin(attack_by_open);
	for (int n = 0; n < 2; n++)
		start(take_stock_always, n);
	CHECK_EQ(in_child(be_victim_of_open), 0);
	end();
	remove_links();
}

#define TRACING "/sys/kernel/tracing/"

/* Before 6.1, allocations from a node of memory have events of their own. */
static const char *const allocations[] = { "kmalloc", "kmalloc_node",
					   "kmem_cache_alloc",
					   "kmem_cache_alloc_node" };

static void trace_allocations(const char *on)
{
	char path[100];

	for (size_t i = 0; i < COUNT(allocations); i++) {
		snprintf(path, sizeof(path), TRACING "events/kmem/%s/enable",
			 allocations[i]);
		CHECK(file_set(path, on) || errno == ENOENT);
	}
}

/* Where the module's code is. */
static unsigned long module_from, module_to;

static void find_module(void)
{
	FILE *f = fopen("/proc/modules", "r");
	unsigned long size;
	char line[512];

	CHECK(f);
	while (!module_from && fgets(line, sizeof(line), f))
		if (sscanf(line, "sud %lu %*s %*s %*s %lx", &size,
			   &module_from) == 2)
			module_to = module_from + size;
	fclose(f);
	CHECK(module_from);
}

/* Some kernels print a call site as a symbol, others as an address. */
static bool site_is_in_module(const char *site)
{
	unsigned long ip = strtoul(site, NULL, 16);

	return (ip >= module_from && ip < module_to) || strstr(site, " [sud]");
}

/* What has been traced of fn() is lines @all, of which the module made these. */
static int allocated_by_module(void (*fn)(void), int *all)
{
	char line[1024], *site;
	int by_module = 0;
	FILE *f;

	*all = 0;
	CHECK(file_set(TRACING "trace", ""));
	trace_allocations("1");
	fn();
	trace_allocations("0");
	f = fopen(TRACING "trace", "r");
	CHECK(f);
	while (fgets(line, sizeof(line), f)) {
		site = strstr(line, "call_site=");
		if (!site)
			continue;
		++*all;
		by_module += site_is_in_module(site + strlen("call_site="));
	}
	fclose(f);
	return by_module;
}

static int traced_fd;

static void open_sud(void)
{
	traced_fd = sud_open();
}

static void add_to_sud(void)
{
	struct sud_range range = { 0x1000, 0x1000 };

	CHECK_OK(sud_regions_add(traced_fd, &range, 1));
}

/*
 * The kernel opens every misc device with a lock held that belongs to all of them, so
 * that an allocation in there makes others wait for the caller's memory.
 */
TEST(open, "open() of /dev/sud allocates nothing of the module's")
{
	int by_open, all_by_open, by_add, all_by_add;
	char pid[16];

	if (access(TRACING "events/kmem/kmalloc/enable", W_OK))
		SKIP("no tracing of allocations");
	find_module();
	sprintf(pid, "%d", getpid());
	CHECK(file_set(TRACING "set_event_pid", pid));
	by_open = allocated_by_module(open_sud, &all_by_open);
	CHECK_OK(traced_fd);
	by_add = allocated_by_module(add_to_sud, &all_by_add);
	CHECK(file_set(TRACING "set_event_pid", ""));
	CHECK(file_set(TRACING "trace", ""));
	printf("# open: %d of %d allocations are the module's; REGIONS_ADD: %d of %d\n",
	       by_open, all_by_open, by_add, all_by_add);
	fflush(stdout);
	CHECK_EQ(by_open, 0);
	/* The kernel's own are seen, and the module's where there are any. */
	CHECK(all_by_open > 0);
	CHECK(by_add > 0);
}
