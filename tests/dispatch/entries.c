// SPDX-License-Identifier: GPL-2.0-only
/*
 * SUD_FLAG_ENTRY_*: which ways into the kernel are judged. The others run
 * natively, and the selector is not even read for them. Built as a 64-bit, a
 * 32-bit and an x32 program, which have different ways.
 */
#include <sys/auxv.h>

#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/upcalls.h"

#define ENTRIES \
	(SUD_FLAG_ENTRY_SYSCALL | SUD_FLAG_ENTRY_INT80 | SUD_FLAG_ENTRY_COMPAT)

/* The masks: every combination. */
static const unsigned int masks[] = {
	0,
	SUD_FLAG_ENTRY_SYSCALL,
	SUD_FLAG_ENTRY_INT80,
	SUD_FLAG_ENTRY_COMPAT,
	SUD_FLAG_ENTRY_SYSCALL | SUD_FLAG_ENTRY_INT80,
	SUD_FLAG_ENTRY_SYSCALL | SUD_FLAG_ENTRY_COMPAT,
	SUD_FLAG_ENTRY_INT80 | SUD_FLAG_ENTRY_COMPAT,
	ENTRIES,
};

#ifdef __LP64__
/*
 * 32-bit code in this 64-bit program: it makes its call by int $0x80 and comes
 * back. Code and stack lie below 4 GiB; by far jumps, as in upcall.c.
 */
extern char compat_code[], compat_code_ip[], compat_code_end[];
asm(".text\n"
    "compat_code:\n\t"
    ".code32\n\t"
    "int $0x80\n"
    "compat_code_ip:\n\t"
    "ljmp $0x33, $compat_back\n"
    "compat_code_end:\n\t"
    ".code64\n");

static char *low;

/* Its label must be there once. */
__attribute__((noinline, noclone)) static long site_compat(long nr, long a,
							   long b, long c)
{
	struct {
		uint32_t ip;
		uint16_t cs;
	} __attribute__((packed)) far;
	long r = nr;

	if (!low) {
		low = mmap(NULL, 65536, PROT_READ | PROT_WRITE | PROT_EXEC,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
		CHECK(low != MAP_FAILED);
		memcpy(low, compat_code, compat_code_end - compat_code);
	}
	far.ip = (uintptr_t)low;
	far.cs = 0x23;
	asm volatile("movq %%rsp, %%r12\n\t"
		     "movq %[stack], %%rsp\n\t"
		     "ljmpl *(%[far])\n"
		     "compat_back:\n\t"
		     "movq %%r12, %%rsp\n\t"
		     : "+a"(r), "+b"(a), "+c"(b), "+d"(c)
		     : [far] "r"(&far), [stack] "r"(low + 65536)
		     : "r8", "r9", "r10", "r11", "r12", "memory", "cc");
	return r;
}

static uint64_t compat_ip(void)
{
	return (uintptr_t)low + (compat_code_ip - compat_code);
}
#elif !defined(__x86_64__)
static long site_sysenter(long nr, long a, long b, long c)
{
	(void)a;
	(void)b;
	(void)c;
	return site_vsyscall(nr);
}
#endif

/* The ways that a program of this kind has. 20 and 39 are getpid. */
static const struct way {
	const char *name;
	long (*site)(long nr, long a, long b, long c);
	unsigned int flag;
	long getpid;
} ways[] = {
#ifdef __x86_64__
	{ "syscall", site_a, SUD_FLAG_ENTRY_SYSCALL, SYS_getpid },
	{ "int80", site_int80, SUD_FLAG_ENTRY_INT80, 20 },
#ifdef __LP64__
	{ "compat", site_compat, SUD_FLAG_ENTRY_COMPAT, 20 },
#endif
#else
	{ "int80", site_int80, SUD_FLAG_ENTRY_COMPAT, 20 },
	{ "vdso", site_sysenter, SUD_FLAG_ENTRY_COMPAT, 20 },
#endif
};

static bool way_there(const struct way *way)
{
	(void)way;
#ifndef __x86_64__
	if (way->site == site_sysenter) {
		vsyscall_address = getauxval(AT_SYSINFO);
		return vsyscall_address;
	}
#endif
#ifdef __LP64__
	/* Its page is there before anything is armed. */
	if (way->site == site_compat)
		CHECK_EQ(way->site(way->getpid, 0, 0, 0), getpid());
#endif
	return true;
}

static bool judged(unsigned int mask, const struct way *way)
{
	return !mask || mask & way->flag;
}

static struct sud_config with_mask(unsigned int mask)
{
	return (struct sud_config){
		.size = sizeof(struct sud_config),
		.mode = SUD_MODE_EXCLUSIVE,
		.selector = (uintptr_t)&selector,
		.flags = mask,
	};
}

static void arm_mask(unsigned int mask)
{
	struct sud_config c = with_mask(mask);

	handle_sigsys();
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_set(sud_fd, &c));
}

/* What a call by this way does with the selector at BLOCK: is it dispatched? */
static bool stopped(const struct way *way)
{
	int before = seen.count;
	long r;

	selector = SUD_SELECTOR_BLOCK;
	r = way->site(MAGIC_NR, 0, 0, 0);
	selector = SUD_SELECTOR_ALLOW;
	if ((int)r == MAGIC_NR && seen.count == before + 1)
		return true;
	if ((int)r != -ENOSYS || seen.count != before)
		FAIL("%s: a call gave %ld and %d signals", way->name, r,
		     seen.count - before);
	return false;
}

/* Runs fn for each mask and each way that there is. */
static void each(void (*fn)(unsigned int mask, const struct way *way))
{
	for (unsigned int w = 0; w < COUNT(ways); w++)
		for (unsigned int m = 0;
		     way_there(&ways[w]) && m < COUNT(masks); m++)
			fn(masks[m], &ways[w]);
}

TEST(info, "INFO tells of the flags")
{
	struct sud_info info;

	CHECK_OK(sud_info(sud_fd, &info));
	CHECK_EQ(info.flags & ENTRIES, ENTRIES);
}

static void check_blocked(unsigned int mask, const struct way *way)
{
	arm_mask(mask);
	if (stopped(way) != judged(mask, way))
		FAIL("mask %#x, %s", mask, way->name);
	CHECK_OK(disarm());
}

TEST(masks, "a call is judged when no way is selected, or its own is")
{
	each(check_blocked);
}

static void check_allowed(unsigned int mask, const struct way *way)
{
	arm_mask(mask);
	CHECK_EQ(way->site(way->getpid, 0, 0, 0), getpid());
	CHECK_EQ(way->site(MAGIC_NR, 0, 0, 0), -ENOSYS);
	CHECK_EQ(seen.count, 0);
	CHECK_OK(disarm());
}

TEST(allowed, "with the selector at ALLOW all run, whichever is selected")
{
	each(check_allowed);
}

static void check_get(unsigned int mask, const struct way *way)
{
	struct sud_config set = with_mask(mask), got;

	(void)way;
	arm_mask(mask);
	CHECK_OK(sud_get(sud_fd, &got));
	CHECK(!memcmp(&set, &got, sizeof(set)));
	CHECK_OK(disarm());
}

TEST(get, "GET returns the flags that SET was given")
{
	each(check_get);
}

/* How the ways fare when one mask follows another. */
TEST(rearmed, "another mask takes the place of the one before")
{
	for (unsigned int w = 0; w < COUNT(ways); w++) {
		if (!way_there(&ways[w]))
			continue;
		for (unsigned int i = 0; i < COUNT(masks) * COUNT(masks); i++) {
			unsigned int a = masks[i / COUNT(masks)];
			unsigned int b = masks[i % COUNT(masks)];

			arm_mask(a);
			CHECK_EQ(stopped(&ways[w]), judged(a, &ways[w]));
			arm_mask(b);
			CHECK_EQ(stopped(&ways[w]), judged(b, &ways[w]));
		}
	}
}

static const struct way *the_way;
static unsigned int the_mask;
static unsigned char bad_value;

/* 0 for a native call; nothing in between but the call, and memory. */
static void call_with_bad_value(void)
{
	long r;

	arm_mask(the_mask);
	selector = bad_value;
	r = the_way->site(MAGIC_NR, 0, 0, 0);
	selector = SUD_SELECTOR_ALLOW;
	_exit(r == -ENOSYS && !seen.count ? 0 : 1);
}

static void expect(void (*fn)(void), bool dead, int sig)
{
	int status = in_child(fn);

	if (dead ? !WIFSIGNALED(status) || WTERMSIG(status) != sig : status)
		FAIL("mask %#x, %s: wait status %#x", the_mask, the_way->name,
		     status);
}

static void check_bad_value(unsigned int mask, const struct way *way)
{
	the_mask = mask;
	the_way = way;
	bad_value = 2;
	expect(call_with_bad_value, judged(mask, way), SIGSYS);
	bad_value = 255;
	expect(call_with_bad_value, judged(mask, way), SIGSYS);
}

TEST_LIMIT(bad_value, "a selector with a bad value kills on the ways selected",
	   false, 60)
{
	each(check_bad_value);
}

static bool no_page;

/* The page goes, or what it may be used for, while a region lets that run. */
static void call_without_selector(void)
{
	struct sud_config c = with_mask(the_mask);
	unsigned char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long r;

	CHECK(page != MAP_FAILED);
	handle_sigsys();
	c.offset = (uintptr_t)site_b;
	c.len = site_b_end - (char *)site_b;
	c.selector = (uintptr_t)page;
	CHECK_OK(sud_set(sud_fd, &c));
	if (no_page)
		site_b(SYS_munmap, (long)page, 4096, 0);
	else
		site_b(SYS_mprotect, (long)page, 4096, PROT_NONE);
	r = the_way->site(MAGIC_NR, 0, 0, 0);
	/* By a way out that is exempt. */
	site_b(SYS_exit_group, r == -ENOSYS && !seen.count ? 0 : 1, 0, 0);
}

static void check_without_selector(unsigned int mask, const struct way *way)
{
	the_mask = mask;
	the_way = way;
	no_page = true;
	expect(call_without_selector, judged(mask, way), SIGSEGV);
	no_page = false;
	expect(call_without_selector, judged(mask, way), SIGSEGV);
}

TEST_LIMIT(unreadable, "a selector that cannot be read, too: SIGSEGV there",
	   false, 60)
{
	each(check_without_selector);
}

static void call_null_selector(void)
{
	struct sud_config c = with_mask(the_mask);
	long r;

	handle_sigsys();
	c.selector = 0;
	c.offset = (uintptr_t)site_b;
	c.len = site_b_end - (char *)site_b;
	/* Its handler's return would be blocked again: it dies instead. */
	signal(SIGSYS, SIG_DFL);
	CHECK_OK(sud_set(sud_fd, &c));
	r = the_way->site(MAGIC_NR, 0, 0, 0);
	site_b(SYS_exit_group, r == -ENOSYS ? 0 : 1, 0, 0);
}

static void check_null_selector(unsigned int mask, const struct way *way)
{
	the_mask = mask;
	the_way = way;
	expect(call_null_selector, judged(mask, way), SIGSYS);
}

TEST_LIMIT(null_selector, "without a selector the ways selected are blocked",
	   false, 60)
{
	each(check_null_selector);
}

static void check_auto_allow(unsigned int mask, const struct way *way)
{
	unsigned char now;

	arm_mask(mask | SUD_FLAG_AUTO_ALLOW);
	/* The handler sets it as well: so this asks about the native calls. */
	selector = SUD_SELECTOR_BLOCK;
	way->site(MAGIC_NR, 0, 0, 0);
	now = selector;
	selector = SUD_SELECTOR_ALLOW;
	CHECK_EQ(now,
		 judged(mask, way) ? SUD_SELECTOR_ALLOW : SUD_SELECTOR_BLOCK);
	CHECK_OK(disarm());
}

TEST(auto_allow, "AUTO_ALLOW leaves the selector alone for the others")
{
	each(check_auto_allow);
}

/*
 * Where a program's own calls are not of the ways selected, all of libc works
 * with the selector at BLOCK, and so does the return from the handler.
 */
static volatile int left_blocked;

static void leave_blocked(int sig)
{
	(void)sig;
	left_blocked++;
}

static void check_own_calls(unsigned int mask, const struct way *way)
{
	int fds[2];
	char c;

	/* The first is the program's own. */
	if (judged(mask, &ways[0]))
		return;
	arm_mask(mask);
	signal(SIGSYS, leave_blocked);
	left_blocked = 0;
	selector = SUD_SELECTOR_BLOCK;
	CHECK_EQ((int)way->site(MAGIC_NR, 0, 0, 0),
		 judged(mask, way) ? MAGIC_NR : -ENOSYS);
	CHECK_EQ(left_blocked, judged(mask, way));
	CHECK_OK(pipe(fds));
	CHECK_EQ(write(fds[1], "x", 1), 1);
	CHECK_EQ(read(fds[0], &c, 1), 1);
	CHECK_OK(close(fds[0]));
	CHECK_OK(close(fds[1]));
	CHECK_EQ(selector, SUD_SELECTOR_BLOCK);
	CHECK_OK(disarm());
	selector = SUD_SELECTOR_ALLOW;
}

TEST(own_calls, "a program may run at BLOCK when its own ways are not selected")
{
	each(check_own_calls);
}

/* What a blocked call gives while the thread is armed so, for upcalls. */
static long call_with_upcalls(struct sud_config *c, const struct way *way)
{
	long r;

	handle_sigsys();
	c->delivery = SUD_DELIVER_UPCALL;
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_set(sud_fd, c));
	selector = SUD_SELECTOR_BLOCK;
	r = way->site(MAGIC_NR, 0, 0, 0);
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(disarm());
	return r;
}

static void check_upcall(unsigned int mask, const struct way *way)
{
	struct sud_config c = with_mask(mask);
	uint64_t before = up_count;
	int signals = seen.count;
	long r;

	reset_frames();
	c.upcall_entry = (uintptr_t)entry_frames;
	c.upcall_frame = (uintptr_t)&up_top;
	r = call_with_upcalls(&c, way);
	if (!judged(mask, way)) {
		CHECK_EQ((int)r, -ENOSYS);
		CHECK_EQ(up_count, before);
		CHECK_EQ(seen.count, signals);
		return;
	}
#ifdef __LP64__
	/* From code of another bitness than SET's: by SIGSYS. */
	if (way->site == site_compat) {
		CHECK_EQ((int)r, MAGIC_NR);
		CHECK_EQ(seen.count, signals + 1);
		CHECK_EQ(up_count, before);
		return;
	}
#endif
	CHECK_EQ(r, RESULT);
	CHECK_EQ(up_count, before + 1);
	CHECK_EQ(up_frame.nr, MAGIC_NR);
	CHECK_EQ(seen.count, signals);
}

TEST(upcall, "upcalls with frames: the same ways")
{
	each(check_upcall);
}

#ifdef __x86_64__
static void check_upcall_regs(unsigned int mask, const struct way *way)
{
	struct sud_config c = with_mask(mask);
	uint64_t before = up_count;
	int signals = seen.count;
	long r;

	c.upcall_entry = (uintptr_t)entry_regs;
	r = call_with_upcalls(&c, way);
	if (!judged(mask, way)) {
		CHECK_EQ((int)r, -ENOSYS);
		CHECK_EQ(up_count, before);
		CHECK_EQ(seen.count, signals);
	} else if (way->site == site_a) {
		CHECK_EQ(r, RESULT);
		CHECK_EQ(up_count, before + 1);
		CHECK_EQ(up_cx, (uintptr_t)site_a_ip);
		CHECK_EQ(seen.count, signals);
	} else {
		/* There is no stack of frames for these. */
		CHECK_EQ((int)r, MAGIC_NR);
		CHECK_EQ(up_count, before);
		CHECK_EQ(seen.count, signals + 1);
	}
}

TEST(upcall_regs, "upcalls in registers: the same ways")
{
	each(check_upcall_regs);
}
#endif

/* The address after the instruction of a way, as the kernel finds it. */
static uint64_t ip_of(const struct way *way)
{
	arm_mask(0);
	CHECK(stopped(way));
	CHECK_OK(disarm());
#ifdef __LP64__
	if (way->site == site_compat)
		CHECK_EQ((uintptr_t)seen.info.si_call_addr, compat_ip());
#endif
	return (uintptr_t)seen.info.si_call_addr;
}

/* @inside: the call is where calls are judged. */
static void check_region(unsigned int mask, const struct way *way, int mode,
			 bool set, bool inside)
{
	struct sud_config c = with_mask(mask);
	bool covered = inside == (mode == SUD_MODE_INCLUSIVE);
	struct sud_range r = { ip_of(way) + !covered, 1 };
	int fd = sud_open();

	CHECK_OK(fd);
	c.mode = mode;
	if (set) {
		c.flags |= SUD_FLAG_REGIONS;
		CHECK_OK(sud_regions_add(fd, &r, 1));
	} else {
		c.offset = r.offset;
		c.len = r.len;
	}
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_set(fd, &c));
	/* Twice: a verdict may be remembered. */
	for (int i = 0; i < 2; i++)
		if (stopped(way) != (inside && judged(mask, way)))
			FAIL("mask %#x, %s, mode %d, set %d, inside %d", mask,
			     way->name, mode, set, inside);
	CHECK_OK(disarm());
	CHECK_OK(close(fd));
}

static void check_regions(unsigned int mask, const struct way *way)
{
	for (int mode = SUD_MODE_EXCLUSIVE; mode <= SUD_MODE_INCLUSIVE;
	     mode++) {
		check_region(mask, way, mode, false, false);
		check_region(mask, way, mode, false, true);
		check_region(mask, way, mode, true, false);
		check_region(mask, way, mode, true, true);
	}
}

TEST_LIMIT(regions, "of the ways selected, region and set and mode say which",
	   false, 60)
{
	each(check_regions);
}

TEST(unknown_flags,
     "a flag that INFO does not tell of is EINVAL, with any mask")
{
	static const unsigned int known =
		SUD_FLAG_AUTO_ALLOW | SUD_FLAG_SIGRETURN | SUD_FLAG_REGIONS |
		SUD_FLAG_SELECTOR_FS | SUD_FLAG_INHERIT_THREAD |
		SUD_FLAG_INHERIT_FORK | SUD_FLAG_MAPPED | SUD_FLAG_SELECTOR_GS |
		ENTRIES;
	struct sud_config before, after;
	struct sud_info info;

	CHECK_OK(sud_info(sud_fd, &info));
	CHECK_EQ(info.flags, known);
	arm_mask(SUD_FLAG_ENTRY_INT80);
	CHECK_OK(sud_get(sud_fd, &before));
	for (int bit = 0; bit < 32; bit++) {
		if (known & 1U << bit)
			continue;
		for (unsigned int m = 0; m < COUNT(masks); m++) {
			struct sud_config c = with_mask(masks[m] | 1U << bit);

			CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
		}
	}
	CHECK_OK(sud_get(sud_fd, &after));
	CHECK(!memcmp(&before, &after, sizeof(before)));
}

TEST(off, "mode OFF with one of the flags is EINVAL")
{
	arm_mask(0);
	for (unsigned int m = 1; m < COUNT(masks); m++) {
		struct sud_config c = { .size = sizeof(c), .flags = masks[m] };

		CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
	}
	CHECK(armed_now());
}
