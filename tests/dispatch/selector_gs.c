// SPDX-License-Identifier: GPL-2.0-only
/*
 * SUD_FLAG_SELECTOR_GS: selector and frame top at a fixed distance from the GS base,
 * as Wine has its selector in the TEB. What is the same as with SUD_FLAG_SELECTOR_FS
 * is shown there.
 */
#include <asm/prctl.h>
#include <pthread.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/tls.h"
#include "lib/upcalls.h"

#ifdef __LP64__

/* Wine's. */
#define SELECTOR_AT 0x340
#define TOP_AT 0x400

static __thread char teb[4096];
static __thread volatile int blocked_calls;

#define gs_selector (*(volatile unsigned char *)&teb[SELECTOR_AT])

static void set_gs(uint64_t base)
{
	CHECK_OK(syscall(SYS_arch_prctl, ARCH_SET_GS, base));
}

static void on_sigsys(int sig)
{
	(void)sig;
	gs_selector = SUD_SELECTOR_ALLOW;
	blocked_calls++;
}

static struct sud_config config_gs(unsigned int flags)
{
	return (struct sud_config){
		.size = sizeof(struct sud_config),
		.mode = SUD_MODE_EXCLUSIVE,
		.offset = (uintptr_t)site_b,
		.len = site_b_end - (char *)site_b,
		.selector = SELECTOR_AT,
		.flags = SUD_FLAG_SELECTOR_GS | flags,
	};
}

static void arm_gs(unsigned int flags)
{
	struct sud_config c = config_gs(flags);

	set_gs((uintptr_t)teb);
	signal(SIGSYS, on_sigsys);
	CHECK_OK(sud_set(sud_fd, &c));
}

static void check_verdicts_of(volatile unsigned char *byte)
{
	int before = blocked_calls;

	*byte = SUD_SELECTOR_ALLOW;
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
	CHECK_EQ(blocked_calls, before);
	gs_selector = *byte = SUD_SELECTOR_BLOCK;
	CHECK_EQ(site_b(MAGIC_NR, 0, 0, 0), -ENOSYS);
	/* The handler sets this thread's own, so that it can return. */
	if (byte == &gs_selector) {
		CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), MAGIC_NR);
		CHECK_EQ(blocked_calls, before + 1);
	}
	gs_selector = *byte = SUD_SELECTOR_ALLOW;
}

TEST(teb, "the selector is at the GS base and an offset")
{
	struct sud_config c, got;

	arm_gs(0);
	for (int i = 0; i < 100; i++)
		check_verdicts_of(&gs_selector);
	c = config_gs(0);
	CHECK_OK(sud_get(sud_fd, &got));
	CHECK(same(&c, &got));
}

TEST(moved, "the base counts as it is at the call, however it was set")
{
	static char other[4096];

	arm_gs(0);
	check_verdicts_of(&gs_selector);
	set_gs((uintptr_t)other);
	check_verdicts_of((unsigned char *)&other[SELECTOR_AT]);
	gs_selector = SUD_SELECTOR_BLOCK;
	other[SELECTOR_AT] = SUD_SELECTOR_ALLOW;
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
	if (has_wrfsbase()) {
		asm volatile("wrgsbase %0" : : "r"(teb));
		gs_selector = SUD_SELECTOR_ALLOW;
		check_verdicts_of(&gs_selector);
	}
	set_gs((uintptr_t)teb);
	gs_selector = SUD_SELECTOR_ALLOW;
	check_verdicts_of(&gs_selector);
}

static int ready;

static void *own_verdicts(void *arg)
{
	set_gs((uintptr_t)teb);
	/* A new thread has its parent's base, and so its selector, until then. */
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&ready, __ATOMIC_SEQ_CST) < 5)
		site_b(SYS_sched_yield, 0, 0, 0);
	for (int i = 0; i < 300; i++)
		check_verdicts_of(&gs_selector);
	return arg;
}

TEST_LIMIT(threads,
	   "each inheriting thread has its own, when it has set its base",
	   false, 60)
{
	pthread_t threads[4];

	arm_gs(SUD_FLAG_INHERIT_THREAD);
	gs_selector = SUD_SELECTOR_ALLOW;
	for (int i = 0; i < 4; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, own_verdicts, NULL),
			 0);
	own_verdicts(NULL);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
}

static uint64_t bad_base;

static void call_with_bad_base(void)
{
	signal(SIGSEGV, exit_42);
	arm_gs(0);
	if (bad_base >> 47)
		asm volatile("wrgsbase %0" : : "r"(bad_base));
	else
		set_gs(bad_base);
	site_a(SYS_getpid, 0, 0, 0);
}

TEST(bad, "a base where nothing can be read kills by SIGSEGV, past the handler")
{
	/* What is no address of a program can be set by WRGSBASE only. */
	static const uint64_t bases[] = { 0,
					  0x1000,
					  0x7fffffffe000,
					  0xffff800000000000,
					  0xffffffff81000000,
					  -(uint64_t)SELECTOR_AT };

	for (unsigned int i = 0; i < COUNT(bases); i++) {
		if (bases[i] >> 47 && !has_wrfsbase())
			continue;
		bad_base = bases[i];
		expect_death(call_with_bad_base, SIGSEGV);
	}
}

TEST(frames, "frames whose top is at the GS base and an offset")
{
	struct sud_config c = config_gs(SUD_FLAG_AUTO_ALLOW);
	volatile uint64_t *top = (uint64_t *)&teb[TOP_AT];

	set_gs((uintptr_t)teb);
	reset_frames();
	*top = up_top;
	c.delivery = SUD_DELIVER_UPCALL;
	c.upcall_entry = (uintptr_t)entry_frames;
	c.upcall_frame = TOP_AT;
	CHECK_OK(sud_set(sud_fd, &c));
	for (int i = 1; i <= 10; i++) {
		/* entry_frames pops by up_top. */
		up_top = *top - sizeof(struct sud_upcall_frame);
		gs_selector = SUD_SELECTOR_BLOCK;
		CHECK_EQ(site_a(MAGIC_NR, 1, 2, 3), RESULT);
		CHECK_EQ(gs_selector, SUD_SELECTOR_ALLOW);
		CHECK_EQ(up_count, i);
		CHECK_EQ(up_frame.ip, (uintptr_t)site_a_ip);
		CHECK_EQ(*top + sizeof(struct sud_upcall_frame), up_top);
		*top = up_top;
	}
}

TEST(errors, "not with SUD_FLAG_SELECTOR_FS, and not with nothing to find")
{
	struct sud_config c = config_gs(SUD_FLAG_SELECTOR_FS);

	CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
	c = config_gs(0);
	c.selector = 0;
	CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
}

#else

TEST(errors, "not for 32-bit pointers: EINVAL")
{
	static volatile unsigned char byte;
	struct sud_config c = {
		.size = sizeof(c),
		.mode = SUD_MODE_EXCLUSIVE,
		.selector = (uintptr_t)&byte,
		.flags = SUD_FLAG_SELECTOR_GS,
	};

	CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
}

#endif
