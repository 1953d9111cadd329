// SPDX-License-Identifier: GPL-2.0-only
/*
 * PR_SET_SYSCALL_USER_DISPATCH by raw system calls: as the kernel's own where
 * there is one, and from the module with its parameter prctl=1. Run as the module
 * happens to be loaded, the tests find out which it is; prctl-param.sh runs them
 * with the parameter.
 */
#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/new_image.h"
#include "lib/raw_prctl.h"
#include "lib/sigsys.h"
#include "lib/sites.h"

/* The arguments are cut to 32 bits. */
static bool narrow(void)
{
#ifdef __x86_64__
	return by_int80;
#else
	return true;
#endif
}

static bool have(int mode)
{
	return prctl_served() || kernel_has(mode);
}

/* Each in a process of its own. */
static void each_way(void (*fn)(void))
{
	for (int i = 0; i < (sizeof(long) == 8 ? 2 : 1); i++) {
		by_int80 = i;
		int status = in_child(fn);

		if (status)
			FAIL("by_int80 %d: wait status %#x", i, status);
	}
}

static void exclusive(void)
{
	uintptr_t b = (uintptr_t)site_b;

	prctl_start();
	if (!have(SUD_MODE_EXCLUSIVE)) {
		CHECK_EQ(sud_prctl(SUD_MODE_EXCLUSIVE, 0, 0, &selector),
			 -EINVAL);
		CHECK_EQ(sud_prctl(SUD_MODE_OFF, 0, 0, NULL), -EINVAL);
		CHECK(!armed_now());
		return;
	}
	CHECK_EQ(sud_prctl(SUD_MODE_EXCLUSIVE, b, site_b_end - (char *)site_b,
			   &selector),
		 0);
	for (int i = 1; i <= 100; i++) {
		CHECK_EQ(blocked(MAGIC_NR, 0, 0, 0), MAGIC_NR);
		CHECK_EQ(seen.count, i);
	}
	CHECK_EQ(seen.info.si_code, SYS_USER_DISPATCH);
	CHECK_EQ(seen.info.si_syscall, MAGIC_NR);
	CHECK(seen.info.si_call_addr == (void *)site_a_ip);
	selector = SUD_SELECTOR_BLOCK;
	CHECK_EQ(site_b(MAGIC_NR, 0, 0, 0), -ENOSYS);
	selector = SUD_SELECTOR_ALLOW;
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
	CHECK_EQ(seen.count, 100);
	/* Replaced, then switched off twice. */
	CHECK_EQ(sud_prctl(SUD_MODE_EXCLUSIVE, (uintptr_t)site_a, 64,
			   &selector),
		 0);
	CHECK(!armed_now());
	CHECK_EQ(sud_prctl(SUD_MODE_EXCLUSIVE, 0, 0, &selector), 0);
	CHECK(armed_now());
	CHECK_EQ(sud_prctl(SUD_MODE_OFF, 0, 0, NULL), 0);
	CHECK(!armed_now());
	CHECK_EQ(sud_prctl(SUD_MODE_OFF, 0, 0, NULL), 0);
}

TEST(exclusive,
     "exclusive mode works where there is one to serve it, else EINVAL")
{
	each_way(exclusive);
}

static void inclusive(void)
{
	uintptr_t ip = (uintptr_t)site_a_ip;

	prctl_start();
	if (!have(SUD_MODE_INCLUSIVE)) {
		CHECK_EQ(sud_prctl(SUD_MODE_INCLUSIVE, ip, 1, NULL), -EINVAL);
		CHECK(!armed_now());
		return;
	}
	CHECK_EQ(sud_prctl(SUD_MODE_INCLUSIVE, ip, 1, NULL), 0);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), MAGIC_NR);
	CHECK_EQ(seen.count, 1);
	CHECK_EQ(site_b(MAGIC_NR, 0, 0, 0), -ENOSYS);
	CHECK_EQ(sud_prctl(SUD_MODE_INCLUSIVE, ip + 1, 10, NULL), 0);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
	CHECK_EQ(sud_prctl(SUD_MODE_INCLUSIVE, ip - 10, 10, NULL), 0);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
	CHECK_EQ(sud_prctl(SUD_MODE_INCLUSIVE, ip - 9, 10, &selector), 0);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
	CHECK(dispatched_at(MAGIC_NR));
	CHECK_EQ(seen.count, 2);
	CHECK_EQ(sud_prctl(SUD_MODE_OFF, 0, 0, NULL), 0);
	CHECK(!armed_now());
}

TEST(inclusive, "so does inclusive mode")
{
	each_way(inclusive);
}

/* Errnos, of 64-bit and of 32-bit arguments; 1 for "not to be tried". */
enum { SEL_NONE, SEL_OWN, SEL_KERNEL, SEL_HALFWAY };

static const struct {
	uint64_t mode, offset, len;
	int sel, wide, narrow;
} bad[] = {
	{ 3, 0, 0, SEL_NONE, -EINVAL, -EINVAL },
	{ 77, 0, 0, SEL_OWN, -EINVAL, -EINVAL },
	{ -1, 0, 0, SEL_NONE, -EINVAL, -EINVAL },
	{ SUD_MODE_OFF, 1, 0, SEL_NONE, -EINVAL, -EINVAL },
	{ SUD_MODE_OFF, 0, 1, SEL_NONE, -EINVAL, -EINVAL },
	{ SUD_MODE_OFF, 0, 0, SEL_OWN, -EINVAL, -EINVAL },
	{ 1ULL << 32, 0, 0, SEL_NONE, -EINVAL, 1 },
	{ 1ULL << 32 | SUD_MODE_EXCLUSIVE, 0, 0, SEL_OWN, -EINVAL, 1 },
	{ 1ULL << 63 | SUD_MODE_EXCLUSIVE, 0, 0, SEL_OWN, -EINVAL, 1 },
	{ SUD_MODE_EXCLUSIVE, 1, 0, SEL_OWN, -EINVAL, -EINVAL },
	{ SUD_MODE_EXCLUSIVE, 1, 0, SEL_KERNEL, -EINVAL, -EINVAL },
	{ SUD_MODE_EXCLUSIVE, 0, 0, SEL_KERNEL, -EFAULT, 1 },
	{ SUD_MODE_EXCLUSIVE, 0, 0, SEL_HALFWAY, -EFAULT, 1 },
	/* The sum is of 64 bits for everybody. */
	{ SUD_MODE_EXCLUSIVE, 1, -1, SEL_OWN, -EINVAL, 0 },
	{ SUD_MODE_EXCLUSIVE, -1, 1, SEL_OWN, -EINVAL, 0 },
	{ SUD_MODE_INCLUSIVE, 0, 0, SEL_OWN, -EINVAL, -EINVAL },
	{ SUD_MODE_INCLUSIVE, 1, 0, SEL_OWN, -EINVAL, -EINVAL },
	{ SUD_MODE_INCLUSIVE, 1, -1, SEL_OWN, -EINVAL, 0 },
	{ SUD_MODE_INCLUSIVE, -1, 1, SEL_OWN, -EINVAL, 0 },
	{ SUD_MODE_INCLUSIVE, 1, 1, SEL_KERNEL, -EFAULT, 1 },
};

static uint64_t bad_selector(int sel)
{
	switch (sel) {
	case SEL_OWN:
		return (uintptr_t)&selector;
	case SEL_KERNEL:
		return 0xffff800000000000;
	case SEL_HALFWAY:
		return 1ULL << 63;
	}
	return 0;
}

static void check_errors(bool armed)
{
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		int want = narrow() ? bad[i].narrow : bad[i].wide;

		if (want > 0)
			continue;
		if (!have(SUD_MODE_EXCLUSIVE) ||
		    (bad[i].mode == SUD_MODE_INCLUSIVE &&
		     !have(SUD_MODE_INCLUSIVE)))
			want = -EINVAL;
		long r = raw_prctl(PR_SET_SYSCALL_USER_DISPATCH, bad[i].mode,
				   bad[i].offset, bad[i].len,
				   bad_selector(bad[i].sel));

		if (r != want)
			FAIL("case %u gave %ld, not %d", i, r, want);
		if (!r && armed)
			CHECK_EQ(sud_prctl(SUD_MODE_EXCLUSIVE, 0, 0, &selector),
				 0);
		else if (!r)
			CHECK_EQ(sud_prctl(SUD_MODE_OFF, 0, 0, NULL), 0);
		if (armed_now() != armed)
			FAIL("after case %u the thread is not as it was", i);
	}
}

static void errors_off(void)
{
	prctl_start();
	check_errors(false);
}

TEST(errors_off,
     "each bad argument has native SUD's errno; the thread stays off")
{
	each_way(errors_off);
}

static void errors_armed(void)
{
	prctl_start();
	if (!have(SUD_MODE_EXCLUSIVE))
		return;
	CHECK_EQ(sud_prctl(SUD_MODE_EXCLUSIVE, 0, 0, &selector), 0);
	check_errors(true);
}

TEST(errors_armed, "each bad argument leaves an armed thread as it was")
{
	if (!have(SUD_MODE_EXCLUSIVE))
		SKIP("nothing serves this prctl here");
	each_way(errors_armed);
}

#ifdef __x86_64__
TEST(wide_option, "an option is an int: its upper half does not count")
{
	int want = have(SUD_MODE_EXCLUSIVE) ? 0 : -EINVAL;

	prctl_start();
	CHECK_EQ(raw_prctl(1ULL << 32 | PR_SET_SYSCALL_USER_DISPATCH,
			   SUD_MODE_EXCLUSIVE, 0, 0, (uintptr_t)&selector),
		 want);
	CHECK_EQ(armed_now(), !want);
	CHECK_EQ(raw_prctl(1ULL << 63 | PR_SET_SYSCALL_USER_DISPATCH, 0, 0, 0,
			   0),
		 want);
	CHECK(!armed_now());
}
#endif

static void leaves_child_off(void)
{
	int status;

	prctl_start();
	CHECK_EQ(sud_prctl(SUD_MODE_EXCLUSIVE, 0, 0, &selector), 0);
	pid_t pid = fork();

	if (!pid)
		_exit(armed_now());
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK(armed_now());
}

TEST(fork_off, "a child is off, its parent stays armed")
{
	if (!have(SUD_MODE_EXCLUSIVE))
		SKIP("nothing serves this prctl here");
	each_way(leaves_child_off);
}

static void get_shows(void)
{
	struct sud_config c, want = { .size = sizeof(want) };

	prctl_start();
	CHECK_EQ(sud_prctl(SUD_MODE_EXCLUSIVE, 0x1000, 0x2345, &selector), 0);
	CHECK_OK(sud_get(sud_fd, &c));
	if (from_module()) {
		want.mode = SUD_MODE_EXCLUSIVE;
		want.offset = 0x1000;
		want.len = 0x2345;
		want.selector = (uintptr_t)&selector;
	}
	CHECK(!memcmp(&c, &want, sizeof(c)));
}

TEST(get, "GET shows what the module serves, and of the kernel's own nothing")
{
	if (!have(SUD_MODE_EXCLUSIVE))
		SKIP("nothing serves this prctl here");
	each_way(get_shows);
}

static void mix(void)
{
	prctl_start();
	CHECK_EQ(sud_prctl(SUD_MODE_EXCLUSIVE, 0, 0, &selector), 0);
	CHECK(armed_now());
	CHECK_OK(sud_arm(sud_fd, SUD_MODE_EXCLUSIVE, (uintptr_t)site_a, 64,
			 &selector));
	CHECK(!armed_now());
	CHECK_EQ(sud_prctl(SUD_MODE_EXCLUSIVE, 0, 0, &selector), 0);
	CHECK(armed_now());
	CHECK_OK(sud_disarm(sud_fd));
	CHECK(!armed_now());
	CHECK_OK(sud_arm(sud_fd, SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	CHECK(armed_now());
	CHECK_EQ(sud_prctl(SUD_MODE_OFF, 0, 0, NULL), 0);
	CHECK(!armed_now());
}

TEST(mixed, "what the module serves and /dev/sud are one state")
{
	if (!from_module())
		SKIP("the module does not serve this prctl here");
	each_way(mix);
}

/* What a guest asks for, forwarded by its emulator, as it makes any other call. */
static volatile unsigned char guest_selector;

static long forward(void)
{
	guest_selector = SUD_SELECTOR_ALLOW;
	return sud_prctl(SUD_MODE_EXCLUSIVE, 0, 0, &guest_selector);
}

/* Is the emulator's own call judged, by its guest's selector? */
static bool judged_by_guest(void)
{
	int before = seen.count;
	long r;

	selector = SUD_SELECTOR_ALLOW;
	guest_selector = SUD_SELECTOR_BLOCK;
	r = site_a(SYS_getppid, 0, 0, 0);
	guest_selector = SUD_SELECTOR_ALLOW;
	CHECK_EQ(r, seen.count > before ? SYS_getppid : getppid());
	return seen.count > before;
}

static void allow_both(int sig)
{
	(void)sig;
	selector = SUD_SELECTOR_ALLOW;
	guest_selector = SUD_SELECTOR_ALLOW;
	seen.count++;
}

static void forwarded(void)
{
	signal(SIGSYS, allow_both);
	CHECK(!judged_by_guest());
	CHECK_EQ(forward(), have(SUD_MODE_EXCLUSIVE) ? 0 : -EINVAL);
	CHECK_EQ(judged_by_guest(), have(SUD_MODE_EXCLUSIVE));
}

TEST(forwarded, "who forwards a guest's prctl arms himself where it is served")
{
	each_way(forwarded);
}

static long answer;

static void emulate(int sig)
{
	(void)sig;
	selector = SUD_SELECTOR_ALLOW;
	answer = forward();
}

static void forwarded_armed(void)
{
	int refused = kernel_has(SUD_MODE_EXCLUSIVE) ? -EBUSY : -EINVAL;
	struct sud_config c;

	signal(SIGSYS, emulate);
	CHECK_OK(sud_arm(sud_fd, SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	CHECK_EQ(blocked(SYS_prctl, 0, 0, 0), SYS_prctl);
	CHECK_EQ(answer, from_module() ? 0 : refused);
	CHECK_OK(sud_get(sud_fd, &c));
	CHECK_EQ(c.selector, from_module() ? (uintptr_t)&guest_selector
					   : (uintptr_t)&selector);
	signal(SIGSYS, allow_both);
	CHECK_EQ(judged_by_guest(), from_module());
	/* And what the emulator wants blocked is so no more, or still is. */
	seen.count = 0;
	selector = SUD_SELECTOR_BLOCK;
	site_b(SYS_getppid, 0, 0, 0);
	CHECK_EQ(seen.count, from_module() ? 0 : 1);
}

TEST(forwarded_armed,
     "and replaces his own arming, unless it is the kernel that serves")
{
	each_way(forwarded_armed);
}

/* Other options, some of which security modules serve. */
static void check_others(void)
{
	/* Below 4 GiB. */
	static char name[16];

	CHECK_EQ(raw_prctl(PR_SET_NAME, (uintptr_t)"sud-others", 0, 0, 0), 0);
	CHECK_EQ(raw_prctl(PR_GET_NAME, (uintptr_t)name, 0, 0, 0), 0);
	CHECK(!strcmp(name, "sud-others"));
	CHECK_EQ(raw_prctl(PR_SET_NAME, 1, 0, 0, 0), -EFAULT);
	CHECK_EQ(raw_prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
	CHECK_EQ(raw_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), 0);
	CHECK_EQ(raw_prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
	CHECK_EQ(raw_prctl(PR_SET_DUMPABLE, 77, 0, 0, 0), -EINVAL);
	CHECK_EQ(raw_prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
	CHECK_EQ(raw_prctl(PR_SET_NO_NEW_PRIVS, 2, 0, 0, 0), -EINVAL);
	CHECK_EQ(raw_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	CHECK_EQ(raw_prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	CHECK_EQ(raw_prctl(PR_CAPBSET_READ, 0, 0, 0, 0), 1);
	CHECK_EQ(raw_prctl(PR_CAPBSET_READ, 9999, 0, 0, 0), -EINVAL);
	CHECK_EQ(raw_prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), 0);
	CHECK_EQ(raw_prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0), 1);
	CHECK_EQ(raw_prctl(PR_SET_KEEPCAPS, 2, 0, 0, 0), -EINVAL);
	CHECK_EQ(raw_prctl(0x7fff0000, 0, 0, 0, 0), -EINVAL);
	CHECK_EQ(raw_prctl(-1, 0, 0, 0, 0), -EINVAL);
	CHECK_EQ(raw_prctl(PR_SET_SYSCALL_USER_DISPATCH + 0x100, 1, 0, 0, 0),
		 -EINVAL);
}

static void others_off(void)
{
	prctl_start();
	check_others();
	CHECK_EQ(seen.count, 0);
}

TEST(others, "other options are as ever")
{
	each_way(others_off);
}

static void others_armed(void)
{
	prctl_start();
	CHECK_EQ(sud_prctl(SUD_MODE_EXCLUSIVE, 0, 0, &selector), 0);
	check_others();
	CHECK_EQ(seen.count, 0);
	CHECK(armed_now());
	/* And one that is blocked is not made. */
	selector = SUD_SELECTOR_BLOCK;
	CHECK_EQ(site_a(SYS_prctl, PR_SET_DUMPABLE, 1, 0), SYS_prctl);
	CHECK_EQ(seen.count, 2);
	CHECK_EQ(raw_prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
}

TEST(others_armed, "also from a thread that this prctl has armed")
{
	if (!have(SUD_MODE_EXCLUSIVE))
		SKIP("nothing serves this prctl here");
	each_way(others_armed);
}
