// SPDX-License-Identifier: GPL-2.0-only
/*
 * SUD_FLAG_SELECTOR_FS with a selector or frame top that cannot be read or written,
 * which kills as it does without the flag: see selector.c.
 */
#include <asm/prctl.h>
#include <pthread.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/tls.h"

#ifdef __LP64__
/* Addresses that no program has, and edges. */
static uint64_t bad_addresses[] = {
	0, /* to become one of the kernel's that can be read */
	0x0000000000000001,
	0x0000000000001008,
	0x00007fffffffeffc,
	0x00007fffffffefff,
	0x00007ffffffff000,
	0x00007fffffffffff,
	0x0000800000000000,
	0x0000900000000000,
	0x00fffffffffff000,
	0x0100000000000000,
	0x4000000000000000,
	0x7fffffffffffffff,
	0x8000000000000000,
	0xff00000000000000,
	0xffff7fffffffffff,
	0xffff800000000000,
	0xffff888000000000,
	0xffffffff81000000,
	0xffffffffff600000,
	0xfffffffffffffff0,
	0xffffffffffffffff,
};

#define BAD (sizeof(bad_addresses) / sizeof(*bad_addresses))

/* Mapped, of letters: were it read, the death would be by SIGSYS. */
static void find_banner(void)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	unsigned long long address;
	char line[512], name[256];

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx %*c %255s", &address, name) == 2 &&
		    !strcmp(name, "linux_banner"))
			bad_addresses[0] = address;
	fclose(f);
	CHECK(bad_addresses[0] >> 63);
}

static void exit_by_b(int sig)
{
	(void)sig;
	site_b(SYS_exit_group, 42, 0, 0);
}

static uint64_t target;
static bool by_frame, by_base;

/* A blocked call, after which the process lives on. */
static void call_and_exit(void)
{
	site_a(SYS_getpid, 0, 0, 0);
	site_b(SYS_exit_group, 43, 0, 0);
}

static void call_bad(void)
{
	struct sud_config c = config_fs(0);
	/* By the base, or else by an offset that may wrap. */
	uint64_t from = by_base ? 0x1000 : target - fs_base();

	signal(SIGSEGV, exit_by_b);
	signal(SIGBUS, exit_by_b);
	signal(SIGSYS, exit_by_b);
	c.selector = by_frame ? 0 : from;
	if (by_frame) {
		c.delivery = SUD_DELIVER_UPCALL;
		c.upcall_entry = (uintptr_t)entry_tls;
		c.upcall_frame = from;
	}
	CHECK_OK(sud_set(sud_fd, &c));
	if (by_base)
		set_fs_base(target - 0x1000);
	call_and_exit();
}

static void check_bad(void)
{
	find_banner();
	for (unsigned int i = 0; i < BAD; i++) {
		target = bad_addresses[i];
		int status = in_child(call_bad);

		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV)
			FAIL("%#llx: wait status %#x, not death by SIGSEGV",
			     (unsigned long long)target, status);
	}
}

TEST_LIMIT(
	bad_offset,
	"a sum that is no address of the program's kills by SIGSEGV, past the handler",
	false, 60)
{
	check_bad();
}

TEST_LIMIT(bad_base, "so does a base that the program set itself", false, 60)
{
	if (!has_wrfsbase())
		SKIP("no wrfsbase in user mode");
	by_base = true;
	check_bad();
}

TEST_LIMIT(bad_frame_offset, "and a sum that is to be the frame top", false, 60)
{
	by_frame = true;
	check_bad();
}

TEST_LIMIT(bad_frame_base, "and a base that the frame top is relative to",
	   false, 60)
{
	if (!has_wrfsbase())
		SKIP("no wrfsbase in user mode");
	by_frame = true;
	by_base = true;
	check_bad();
}

/* Every call runs that is not to be judged, wherever FS points. */
static void calls_with_bad_base(void)
{
	struct sud_config c = config_fs(BOTH);
	uint64_t own = fs_base();
	int pid = getpid();

	for (int i = 0; i < 2; i++) {
		CHECK_OK(sud_set(sud_fd, &c));
		for (unsigned int k = 0; k < BAD; k++) {
			set_fs_base(bad_addresses[k] - c.selector);
			if (site_b(SYS_getpid, 0, 0, 0) != pid)
				site_b(SYS_exit_group, 44, 0, 0);
		}
		site_b(SYS_arch_prctl, ARCH_SET_FS, own, 0);
		/* site_b is outside of this one. */
		c = config_a(SUD_FLAG_SELECTOR_FS | BOTH);
		c.selector = from_fs(&tls_selector);
	}
	site_b(SYS_exit_group, 43, 0, 0);
}

TEST(not_read, "a call that the region lets run does not read the selector")
{
	if (!has_wrfsbase())
		SKIP("no wrfsbase in user mode");
	find_banner();
	int status = in_child(calls_with_bad_base);

	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 43);
}

/* The selector on a page of its own. */
static unsigned char *page;

static void arm_page(unsigned int flags)
{
	struct sud_config c = config_fs(flags);

	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(page != MAP_FAILED);
	signal(SIGSEGV, exit_by_b);
	signal(SIGSYS, exit_by_b);
	c.selector = from_fs(page + 100);
	CHECK_OK(sud_set(sud_fd, &c));
}

TEST(fresh_page, "a selector whose page is not there yet is waited for: ALLOW")
{
	arm_page(0);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
}

static void without_page(void)
{
	arm_page(0);
	site_b(SYS_munmap, (long)page, 4096, 0);
	call_and_exit();
}

TEST(unmapped, "one that vanished kills by SIGSEGV, past the handler")
{
	expect_death(without_page, SIGSEGV);
}

static void unreadable(void)
{
	arm_page(0);
	site_b(SYS_mprotect, (long)page, 4096, PROT_NONE);
	call_and_exit();
}

TEST(no_access, "so does one without read permission")
{
	expect_death(unreadable, SIGSEGV);
}

static volatile int gone;

static void *unmap(void *unused)
{
	(void)unused;
	munmap(page, 4096);
	gone = 1;
	return NULL;
}

static void unmapped_by_thread(void)
{
	pthread_t thread;

	arm_page(0);
	CHECK_EQ(pthread_create(&thread, NULL, unmap, NULL), 0);
	while (!gone)
		site_b(SYS_sched_yield, 0, 0, 0);
	call_and_exit();
}

TEST(unmapped_by_another, "also when another thread took it away, and all die")
{
	expect_death(unmapped_by_thread, SIGSEGV);
}

static void call_with_read_only(unsigned int flags)
{
	arm_page(flags);
	page[100] = SUD_SELECTOR_BLOCK;
	site_b(SYS_mprotect, (long)page, 4096, PROT_READ);
	call_and_exit();
}

static void read_only(void)
{
	call_with_read_only(SUD_FLAG_AUTO_ALLOW);
}

TEST(auto_allow_read_only, "one that AUTO_ALLOW cannot write kills by SIGSEGV")
{
	expect_death(read_only, SIGSEGV);
}

static void read_only_blocks(void)
{
	call_with_read_only(0);
}

TEST(reads_only, "without AUTO_ALLOW it is only read")
{
	int status = in_child(read_only_blocks);

	/* By the handler of SIGSYS. */
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 42);
}

static void bad_value(void)
{
	arm_page(0);
	page[100] = 2;
	call_and_exit();
}

TEST(value, "a byte of neither 0 nor 1 kills by SIGSYS, past the handler")
{
	expect_death(bad_value, SIGSYS);
}
#endif
