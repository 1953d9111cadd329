// SPDX-License-Identifier: GPL-2.0-only
/*
 * Upcalls that cannot be handed over, since the frame, the entry or the selector is
 * bad: the thread dies, past all handlers.
 */
#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/upcalls.h"

static void *page(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static uint64_t bad_top;

static void call_with_bad_top(void)
{
	signal(SIGSEGV, exit_42);
	arm_upcall(true);
	up_top = bad_top;
	blocked(SYS_getpid, 0, 0, 0);
}

TEST(bad_tops,
     "a frame top that points nowhere or into the kernel kills by SIGSEGV")
{
	static const uint64_t tops[] = {
		0,
		8,
		31,
		32,
		4096,
		-1,
		-8,
		1ULL << 63,
		1ULL << 47,
		(1ULL << 47) + 16,
		1ULL << 56,
		(1ULL << 56) + 32,
		0xffff800000000000,
		0xffffffff81000020,
		0xffffffffff600020,
	};

	for (unsigned int i = 0; i < sizeof(tops) / sizeof(*tops); i++) {
		bad_top = tops[i];
		expect_death(call_with_bad_top, SIGSEGV);
	}
}

/* Armed with the frame top on a page of its own. */
static uint64_t *arm_with_top_page(void)
{
	struct sud_config c = config_upcall(true);
	uint64_t *top = page();

	signal(SIGSEGV, exit_42);
	*top = up_top;
	c.upcall_frame = (uintptr_t)top;
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_set(sud_fd, &c));
	return top;
}

static void call_without_top(void)
{
	CHECK_OK(munmap(arm_with_top_page(), 4096));
	blocked(SYS_getpid, 0, 0, 0);
}

TEST(top_unmapped,
     "a frame top that vanished kills by SIGSEGV, past the handler")
{
	expect_death(call_without_top, SIGSEGV);
}

static void call_with_read_only_top(void)
{
	CHECK_OK(mprotect(arm_with_top_page(), 4096, PROT_READ));
	blocked(SYS_getpid, 0, 0, 0);
}

TEST(top_read_only, "so does one that cannot be written")
{
	expect_death(call_with_read_only_top, SIGSEGV);
}

static void call_with_data_entry(void)
{
	struct sud_config c = config_upcall(true);

	signal(SIGSEGV, exit_42);
	c.upcall_entry = (uintptr_t)page();
	c.flags = SUD_FLAG_AUTO_ALLOW;
	CHECK_OK(sud_set(sud_fd, &c));
	blocked(SYS_getpid, 0, 0, 0);
}

TEST(entry_not_executable,
     "an entry that is not executable is the program's own SIGSEGV")
{
	int status = in_child(call_with_data_entry);

	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 42);
}

/* The selector's page takes the ALLOW, or not. */
static void allow_read_only(void)
{
	struct sud_config c = config_upcall(true);
	unsigned char *sel = page();

	signal(SIGSEGV, exit_42);
	signal(SIGSYS, exit_42);
	*sel = SUD_SELECTOR_BLOCK;
	c.selector = (uintptr_t)sel;
	c.flags = SUD_FLAG_AUTO_ALLOW;
	/* mprotect itself is let through. */
	c.mode = SUD_MODE_INCLUSIVE;
	c.offset = (uintptr_t)site_a;
	c.len = site_a_end - (char *)site_a;
	CHECK_OK(sud_set(sud_fd, &c));
	CHECK_OK(mprotect(sel, 4096, PROT_READ));
	site_a(SYS_getpid, 0, 0, 0);
}

TEST(auto_allow_read_only,
     "a selector that AUTO_ALLOW cannot write kills by SIGSEGV")
{
	expect_death(allow_read_only, SIGSEGV);
}
