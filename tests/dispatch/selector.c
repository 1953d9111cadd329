// SPDX-License-Identifier: GPL-2.0-only
/*
 * The selector's byte: when it is read, and what becomes of a thread whose byte is bad,
 * cannot be read, comes late or changes meanwhile.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/ioctl.h>

#include "lib/backend.h"
#include "lib/clock.h"
#include "lib/harness.h"
#include "lib/sigsys.h"
#include "lib/sites.h"

static void *unreadable(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

TEST_BOTH(region_before_selector, "in the region the selector is not even read")
{
	unsigned char *page = unreadable();
	int pid = getpid();

	/* All of memory but the zero page; nothing is outside. */
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 4096, -4097UL, page));
	*page = 77;
	CHECK_EQ(site_a(SYS_getpid, 0, 0, 0), pid);
	CHECK_OK(munmap(page, 4096));
	CHECK_EQ(site_a(SYS_getpid, 0, 0, 0), pid);
}

static void call_with_bad_selector(void)
{
	handle_sigsys();
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	selector = 2;
	site_a(SYS_getpid, 0, 0, 0);
}

TEST_BOTH(selector_value,
	  "a selector of neither 0 nor 1 kills by SIGSYS, past the handler")
{
	expect_death(call_with_bad_selector, SIGSYS);
}

static void call_with_255(void)
{
	handle_sigsys();
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	selector = 255;
	site_a(SYS_getpid, 0, 0, 0);
}

TEST_BOTH(selector_negative, "so does one of -1")
{
	expect_death(call_with_255, SIGSYS);
}

static void call_without_page(void)
{
	unsigned char *page = unreadable();
	struct sigaction sa = { .sa_handler = exit_42 };

	CHECK_OK(sigaction(SIGSEGV, &sa, NULL));
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, (unsigned long)site_b, 64, page));
	site_b(SYS_munmap, (long)page, 4096, 0);
	site_a(SYS_getpid, 0, 0, 0);
}

TEST_BOTH(selector_unmapped,
	  "a selector that vanished kills by SIGSEGV, past the handler")
{
	expect_death(call_without_page, SIGSEGV);
}

static void call_without_read(void)
{
	unsigned char *page = unreadable();
	struct sigaction sa = { .sa_handler = exit_42 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGSEGV);
	CHECK_OK(sigaction(SIGSEGV, &sa, NULL));
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, page));
	site_a(SYS_mprotect, (long)page, 4096, PROT_NONE);
	site_a(SYS_getpid, 0, 0, 0);
}

TEST_BOTH(selector_unreadable,
	  "one without read permission does too, SIGSEGV blocked")
{
	expect_death(call_without_read, SIGSEGV);
}

static void *spin(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

static void *die_in_thread(void *unused)
{
	(void)unused;
	call_with_bad_selector();
	return NULL;
}

static void threaded_death(void)
{
	pthread_t a, b;

	CHECK_EQ(pthread_create(&a, NULL, spin, NULL), 0);
	CHECK_EQ(pthread_create(&b, NULL, die_in_thread, NULL), 0);
	for (;;)
		pause();
}

TEST_BOTH(group_death, "such a death takes all threads of the process")
{
	expect_death(threaded_death, SIGSYS);
}

static int uffd;
static unsigned char *late_page;

static void *serve_page(void *value)
{
	static unsigned char copy[4096] __attribute__((aligned(4096)));
	struct uffd_msg msg;

	if (read(uffd, &msg, sizeof(msg)) != sizeof(msg))
		return NULL;
	copy[0] = (uintptr_t)value;
	struct uffdio_copy c = { .dst = (uintptr_t)late_page,
				 .src = (uintptr_t)copy,
				 .len = 4096 };

	sleep_ms(50);
	ioctl(uffd, UFFDIO_COPY, &c);
	return NULL;
}

static void late_selector(unsigned char value)
{
	struct uffdio_api api = { .api = UFFD_API };
	pthread_t thread;

	uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	CHECK_OK(uffd);
	CHECK_OK(ioctl(uffd, UFFDIO_API, &api));
	late_page = unreadable();
	struct uffdio_register reg = { .range = { (uintptr_t)late_page, 4096 },
				       .mode = UFFDIO_REGISTER_MODE_MISSING };

	CHECK_OK(ioctl(uffd, UFFDIO_REGISTER, &reg));
	CHECK_EQ(pthread_create(&thread, NULL, serve_page,
				(void *)(uintptr_t)value),
		 0);
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, late_page));
}

TEST_BOTH(late_allow, "a selector whose page comes late is waited for: ALLOW")
{
	int pid = getpid();

	late_selector(SUD_SELECTOR_ALLOW);
	CHECK_EQ(site_a(SYS_getpid, 0, 0, 0), pid);
	CHECK_EQ(late_page[0], SUD_SELECTOR_ALLOW);
}

static void late_block_child(void)
{
	/* There is no handler: death tells that it was dispatched. */
	late_selector(SUD_SELECTOR_BLOCK);
	site_a(SYS_getpid, 0, 0, 0);
}

TEST_BOTH(late_block, "and BLOCK")
{
	expect_death(late_block_child, SIGSYS);
}

static volatile bool flip_stop;
static unsigned char flip_selector;

static void *flip(void *unused)
{
	(void)unused;
	while (!flip_stop)
		__atomic_xor_fetch(&flip_selector, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&flip_selector, 0, __ATOMIC_RELAXED);
	return NULL;
}

static volatile int flip_seen;

static void flip_handler(int sig)
{
	(void)sig;
	flip_seen++;
}

TEST_BOTH(flipped,
	  "a selector flipped by another thread gives one verdict a call")
{
	/* Everything but site_a is exempt. */
	unsigned long from = (unsigned long)site_a;
	pthread_t thread;
	int ran = 0;

	need_inclusive();
	signal(SIGSYS, flip_handler);
	CHECK_EQ(pthread_create(&thread, NULL, flip, NULL), 0);
	CHECK_OK(arm(SUD_MODE_INCLUSIVE, from, (unsigned long)site_a_end - from,
		     &flip_selector));
	for (int i = 0; i < 20000; i++) {
		int before = flip_seen;
		long r = site_a(MAGIC_NR, 0, 0, 0);

		if (r == -ENOSYS)
			ran++;
		else if (r != MAGIC_NR)
			FAIL("call %d gave %ld", i, r);
		CHECK_EQ(flip_seen - before, r == MAGIC_NR);
	}
	flip_stop = true;
	CHECK(ran + flip_seen == 20000);
}
