// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads whose selector and frames lie in a control area: SUD_FLAG_MAPPED.
 */
#include <pthread.h>

#include "lib/area.h"
#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/int80.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/upcalls.h"

static void *arm_mapped(void)
{
	void *area = area_page();
	struct sud_config c = area_config(area);

	handle_sigsys();
	CHECK_OK(sud_set(sud_fd, &c));
	return area;
}

TEST(selector, "the selector in the area lets calls run and blocks them")
{
	void *area = arm_mapped();

	for (int i = 1; i <= 100; i++) {
		CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
		CHECK(area_blocks(area));
		CHECK_EQ(seen.count, i);
	}
}

TEST(region, "the region counts before it, in both modes")
{
	void *area = area_page();
	struct sud_config c = area_config(area);

	handle_sigsys();
	c.offset = (uintptr_t)site_a;
	c.len = site_a_end - (char *)site_a;
	CHECK_OK(sud_set(sud_fd, &c));
	CHECK(!area_blocks(area));
	c.mode = SUD_MODE_INCLUSIVE;
	CHECK_OK(sud_set(sud_fd, &c));
	CHECK(area_blocks(area));
	area_selector(area) = SUD_SELECTOR_BLOCK;
	CHECK_EQ(site_b(MAGIC_NR, 0, 0, 0), -ENOSYS);
	area_selector(area) = SUD_SELECTOR_ALLOW;
}

TEST(get, "GET gives what SET was given")
{
	struct sud_config c = area_config_upcall(area_page(), true), got;

	CHECK_OK(sud_set(sud_fd, &c));
	CHECK_OK(sud_get(sud_fd, &got));
	CHECK(!memcmp(&c, &got, sizeof(c)));
}

static void *dead_area;

static void die_of_byte(void)
{
	signal(SIGSYS, exit_42);
	area_selector(dead_area) = 2;
	site_a(SYS_getpid, 0, 0, 0);
}

TEST(bad_byte, "another value kills by SIGSYS, past the handler")
{
	for (int upcall = 0; upcall < 2; upcall++) {
		pid_t pid = fork();

		CHECK_OK(pid);
		if (!pid) {
			dead_area = area_map(sud_open(), 4096);
			struct sud_config c =
				upcall ? area_config_upcall(dead_area, false)
				       : area_config(dead_area);

			CHECK_OK(sud_set(sud_fd, &c));
			die_of_byte();
			_exit(1);
		}
		int status;

		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK(WIFSIGNALED(status));
		CHECK_EQ(WTERMSIG(status), SIGSYS);
	}
}

TEST(unmapped, "the area counts, not what is mapped there later")
{
	void *area = arm_mapped();
	void *again = area_page();

	CHECK_OK(munmap(area, 4096));
	CHECK(area_blocks(again));
	/* Other memory in its place says nothing. */
	CHECK(mmap(area, 4096, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == area);
	memset(area, 1, 4096);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
	CHECK(area_blocks(again));
}

TEST(all_gone, "nor is a mapping or a descriptor needed: what it says stays")
{
	void *area = arm_mapped();
	struct sud_config c;

	area_selector(area) = SUD_SELECTOR_ALLOW;
	CHECK_OK(munmap(area, 4096));
	int fd = sud_open();

	close(sud_fd);
	sud_fd = fd;
	for (int i = 0; i < 100; i++)
		CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
	CHECK_OK(sud_get(sud_fd, &c));
	CHECK_EQ(c.flags, SUD_FLAG_MAPPED | SUD_FLAG_SIGRETURN);
	CHECK_OK(sud_disarm(sud_fd));
}

static void refused(struct sud_config c, int err)
{
	struct sud_config before, after;

	CHECK_OK(sud_get(sud_fd, &before));
	CHECK_ERR(sud_set(sud_fd, &c), err);
	CHECK_OK(sud_get(sud_fd, &after));
	CHECK(!memcmp(&before, &after, sizeof(before)));
}

TEST(errors, "what SET refuses, and leaves all as it was")
{
	static uint64_t elsewhere;
	char *area = area_map(sud_fd, 8192), *other;
	struct sud_config good, c;

	CHECK(area != MAP_FAILED);
	handle_sigsys();
	good = area_config(area);
	CHECK_OK(sud_set(sud_fd, &good));

	c = good;
	c.selector = (uintptr_t)&elsewhere;
	refused(c, EFAULT);
	c = good;
	c.selector = (uintptr_t)area + 8192;
	refused(c, EFAULT);
	c = good;
	c.selector = (uintptr_t)area - 1;
	refused(c, EFAULT);
	c = good;
	c.selector = -1ULL;
	refused(c, EFAULT);
	c = good;
	c.selector = 0;
	refused(c, EINVAL);
	c = good;
	c.flags |= SUD_FLAG_INHERIT_FORK;
	refused(c, EINVAL);
	c = good;
	c.flags |= SUD_FLAG_SELECTOR_FS;
	refused(c, EINVAL);
	c = good;
	c.flags |= SUD_FLAG_SELECTOR_GS;
	refused(c, EINVAL);

	c = area_config_upcall(area, true);
	c.upcall_frame = (uintptr_t)&elsewhere;
	refused(c, EFAULT);
	c.upcall_frame = (uintptr_t)area + 8192 - 7;
	refused(c, EFAULT);
	/* Not in the same area, or in the same one mapped elsewhere. */
	other = area_map(sud_open(), 4096);
	CHECK(other != MAP_FAILED);
	c.upcall_frame = (uintptr_t)other + AREA_TOP;
	refused(c, EFAULT);
	c.upcall_frame = (uintptr_t)area_map(sud_fd, 8192) + AREA_TOP;
	refused(c, EFAULT);
	/* The last byte, and the last eight. */
	c = good;
	c.selector = (uintptr_t)area + 8191;
	CHECK_OK(sud_set(sud_fd, &c));
	c = area_config_upcall(area, true);
	c.upcall_frame = (uintptr_t)area + 8192 - 8;
	CHECK_OK(sud_set(sud_fd, &c));
	/* Half of it is not mapped any more. */
	CHECK_OK(munmap(area, 4096));
	refused(good, EFAULT);
	c = good;
	c.selector = (uintptr_t)area + 4096;
	CHECK_OK(sud_set(sud_fd, &c));
}

/* After a fork the child's own area is what a SET in the child finds. */
TEST(forked,
     "a child arms itself in its own area, and does not touch its parent's")
{
	void *area = arm_mapped();
	pid_t pid;

	area_selector(area) = SUD_SELECTOR_ALLOW;
	pid = fork();
	if (!pid) {
		struct sud_config c = area_config(area);

		/* Off by now; the parent's byte is not its own. */
		if (area_blocks(area))
			_exit(1);
		if (sud_set(sud_fd, &c))
			_exit(2);
		area_selector(area) = SUD_SELECTOR_ALLOW;
		for (int i = 0; i < 1000; i++)
			if (!area_blocks(area))
				_exit(3);
		_exit(0);
	}
	CHECK_OK(pid);
	for (int i = 0; i < 1000; i++)
		CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
	int status;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK(area_blocks(area));
}

static void *shared_area;

static void *thread_is_armed(void *arg)
{
	(void)arg;
	return (void *)(intptr_t)area_blocks(shared_area);
}

TEST(thread, "a thread that inherits has the same selector in the same area")
{
	struct sud_config c;
	pthread_t thread;
	void *ret;

	shared_area = area_page();
	c = area_config(shared_area);
	/* The C library's own calls, of both threads, are left alone. */
	c.mode = SUD_MODE_INCLUSIVE;
	c.offset = (uintptr_t)site_a;
	c.len = site_a_end - (char *)site_a;
	c.flags |= SUD_FLAG_INHERIT_THREAD;
	handle_sigsys();
	CHECK_OK(sud_set(sud_fd, &c));
	CHECK_EQ(pthread_create(&thread, NULL, thread_is_armed, NULL), 0);
	CHECK_EQ(pthread_join(thread, &ret), 0);
	CHECK(ret);
	CHECK(area_blocks(shared_area));
}

/* With a region set, ways in or inheritance, the other bodies of dispatch.c. */
TEST(rich, "with a region set, and limited to ways in")
{
	struct sud_range range = { (uintptr_t)site_b,
				   site_b_end - (char *)site_b };
	void *area = area_page();
	struct sud_config c = area_config(area);

	handle_sigsys();
	CHECK_OK(sud_regions_add(sud_fd, &range, 1));
	c.flags |= SUD_FLAG_REGIONS;
	CHECK_OK(sud_set(sud_fd, &c));
	CHECK(area_blocks(area));
	area_selector(area) = SUD_SELECTOR_BLOCK;
	CHECK_EQ(site_b(MAGIC_NR, 0, 0, 0), -ENOSYS);
	area_selector(area) = SUD_SELECTOR_ALLOW;

	c = area_config(area);
#ifdef __x86_64__
	c.flags |= SUD_FLAG_ENTRY_INT80;
#else
	c.flags |= SUD_FLAG_ENTRY_SYSCALL;
#endif
	CHECK_OK(sud_set(sud_fd, &c));
	CHECK(!area_blocks(area));
	c.flags |= SUD_FLAG_ENTRY_SYSCALL | SUD_FLAG_ENTRY_COMPAT;
	CHECK_OK(sud_set(sud_fd, &c));
	CHECK(area_blocks(area));
}

TEST(auto_allow, "AUTO_ALLOW writes to the area, by signal and by upcall")
{
	void *area = area_page();
	struct sud_config c = area_config(area);

	handle_sigsys();
	c.flags |= SUD_FLAG_AUTO_ALLOW;
	CHECK_OK(sud_set(sud_fd, &c));
	area_selector(area) = SUD_SELECTOR_BLOCK;
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), MAGIC_NR);
	CHECK_EQ(area_selector(area), SUD_SELECTOR_ALLOW);
	CHECK_EQ(seen.count, 1);
#ifdef __x86_64__
	c = area_config_upcall(area, false);
	CHECK_OK(sud_set(sud_fd, &c));
	area_selector(area) = SUD_SELECTOR_BLOCK;
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);
	CHECK_EQ(area_selector(area), SUD_SELECTOR_ALLOW);
	CHECK_EQ(up_count, 1);
	CHECK_EQ(up_cx, (uintptr_t)site_a_ip);
#endif
}

#ifdef __x86_64__

TEST(frames, "frames in the area say all that frames elsewhere say")
{
	void *area = area_page();
	struct sud_config c = area_config_upcall(area, true);
	bool int80 = has_int80();

	CHECK_OK(sud_set(sud_fd, &c));
	for (int i = 1; i <= 100; i++) {
		area_selector(area) = SUD_SELECTOR_BLOCK;
		CHECK_EQ(site_a(MAGIC_NR, 1, 2, 3), RESULT);
		CHECK_EQ(up_count, i);
		CHECK_EQ(up_ax, MAGIC_NR);
		CHECK_EQ(up_cx, (uintptr_t)entry_area);
		CHECK_EQ(up_frame.ip, (uintptr_t)site_a_ip);
		CHECK_EQ(up_frame.nr, MAGIC_NR);
		CHECK_EQ(up_frame.arch, AUDIT_ARCH_X86_64);
		CHECK_EQ(up_frame.cs, 0x33);
		CHECK_EQ(up_frame.reserved, 0);
		CHECK_EQ(up_frame.flags & 0x302, 0x202);
		CHECK_EQ(area_top(area), (uintptr_t)area + AREA_FRAMES_END);
	}
	/* Those by which uprobes call, which these are not. */
	for (int nr = 335; nr <= 336; nr++) {
		area_selector(area) = SUD_SELECTOR_BLOCK;
		CHECK_EQ(site_a(nr, 1, 2, 3), RESULT);
		CHECK_EQ(up_frame.ip, (uintptr_t)site_a_ip);
		CHECK_EQ(up_frame.nr, nr);
		CHECK_EQ(area_top(area), (uintptr_t)area + AREA_FRAMES_END);
	}
	/* int $0x80 has frames, too. */
	if (!int80)
		return;
	area_selector(area) = SUD_SELECTOR_BLOCK;
	CHECK_EQ(site_int80(MAGIC_NR, 1, 2, 3), RESULT);
	CHECK_EQ(up_frame.arch, AUDIT_ARCH_I386);
}

TEST(only_frames, "frames in the area without a selector block every call")
{
	void *area = area_page();
	struct sud_config c = area_config_upcall(area, true);

	c.selector = 0;
	c.flags = SUD_FLAG_MAPPED;
	c.mode = SUD_MODE_INCLUSIVE;
	c.offset = (uintptr_t)site_a;
	c.len = site_a_end - (char *)site_a;
	CHECK_OK(sud_set(sud_fd, &c));
	for (int i = 1; i <= 10; i++)
		CHECK_EQ(site_a(MAGIC_NR, 1, 2, 3), RESULT);
	CHECK_EQ(up_count, 10);
	CHECK_EQ(site_b(MAGIC_NR, 0, 0, 0), -ENOSYS);
}

/* Tops for which there is no room, or that are not in the area at all. */
static uint64_t bad_top;

static void call_with_bad_top(void)
{
	void *area = area_map(sud_open(), 4096);
	struct sud_config c = area_config_upcall(area, true);

	signal(SIGSEGV, exit_42);
	CHECK_OK(sud_set(sud_fd, &c));
	area_top(area) = bad_top < 8192 ? (uintptr_t)area + bad_top : bad_top;
	area_selector(area) = SUD_SELECTOR_BLOCK;
	site_a(SYS_getpid, 0, 0, 0);
}

TEST(bad_tops, "a top outside of the area kills by SIGSEGV, past the handler")
{
	static const uint64_t tops[] = {
		0,	    1,		31,
		4097,	    4104,	4128,
		-1,	    -8,		1ULL << 63,
		1ULL << 47, 1ULL << 46, 0xffff800000000000,
		8192,	    1ULL << 32, 0xffffffff81000020,
	};

	for (unsigned int i = 0; i < COUNT(tops); i++) {
		bad_top = tops[i];
		expect_death(call_with_bad_top, SIGSEGV);
	}
}

TEST(odd_tops, "the lowest and the highest place, and any in between, work")
{
	void *area = area_page();
	struct sud_config c = area_config_upcall(area, true);
	static const int tops[] = { 128 + 32, 4096, 4095, 1001, 2047, 2048 };

	CHECK_OK(sud_set(sud_fd, &c));
	for (unsigned int i = 0; i < COUNT(tops); i++) {
		uint64_t top = (uintptr_t)area + tops[i];

		area_top(area) = top;
		area_selector(area) = SUD_SELECTOR_BLOCK;
		CHECK_EQ(site_a(MAGIC_NR, 1, 2, 3), RESULT);
		CHECK_EQ(area_top(area), top);
		CHECK_EQ(up_frame.ip, (uintptr_t)site_a_ip);
	}
}

/* Another thread writes anything into the area while this one is called up. */
static volatile bool scribble;

static void *scribbler(void *arg)
{
	volatile uint64_t *words = arg;
	uint64_t n = 88172645463325252ULL;

	while (scribble) {
		n ^= n << 13;
		n ^= n >> 7;
		n ^= n << 17;
		/* All but the selector's. */
		words[1 + n % 511] = n & 1 ? n : (uintptr_t)arg + n % 8192;
	}
	return NULL;
}

static void be_scribbled_at(void)
{
	void *area = area_map(sud_open(), 4096);
	struct sud_config c = area_config_upcall(area, true);
	pthread_t thread;

	/* Without a selector to switch off, every call from site_a() is one. */
	c.mode = SUD_MODE_INCLUSIVE;
	c.offset = (uintptr_t)site_a;
	c.len = site_a_end - (char *)site_a;
	c.selector = 0;
	c.flags = SUD_FLAG_MAPPED;
	CHECK_OK(sud_set(sud_fd, &c));
	/* A frame that was written over may send it to any code of the program. */
	alarm(2);
	scribble = true;
	CHECK_EQ(pthread_create(&thread, NULL, scribbler, area), 0);
	for (;;)
		site_a(MAGIC_NR, 1, 2, 3);
}

/* It dies in the hook, or where a frame that was written over sends it. */
TEST_LIMIT(scribbled,
	   "what another thread writes there harms the program alone", false,
	   60)
{
	for (int i = 0; i < 20; i++) {
		int status = in_child(be_scribbled_at);

		CHECK(WIFSIGNALED(status));
		CHECK(WTERMSIG(status) != SIGKILL);
	}
}

#endif /* __x86_64__ */

/* Who has the descriptor switches a running program's interception. */
TEST(supervisor, "another process switches it on and off")
{
	void *area = area_page();
	struct sud_config c = area_config(area);
	int ask[2], answer[2];
	char byte;

	CHECK_OK(pipe(ask));
	CHECK_OK(pipe(answer));
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		close(ask[1]);
		/* Its own mapping of the same area, not the one it got by fork. */
		void *same = area_page();

		while (read(ask[0], &byte, 1) == 1) {
			area_selector(same) = byte;
			if (write(answer[1], &byte, 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	close(ask[0]);
	handle_sigsys();
	c.mode = SUD_MODE_INCLUSIVE;
	c.offset = (uintptr_t)site_a;
	c.len = site_a_end - (char *)site_a;
	CHECK_OK(sud_set(sud_fd, &c));
	for (int i = 0; i < 50; i++) {
		byte = i % 2 ? SUD_SELECTOR_ALLOW : SUD_SELECTOR_BLOCK;
		CHECK_EQ(write(ask[1], &byte, 1), 1);
		CHECK_EQ(read(answer[0], &byte, 1), 1);
		CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), i % 2 ? -ENOSYS : MAGIC_NR);
		CHECK_EQ(seen.count, i / 2 + 1);
	}
	close(ask[1]);
	int status;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}
