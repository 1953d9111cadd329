// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls as such: sizes, faults, unknown values, SET and GET. Each case is
 * wrong in one way, and the errno is the one include/sud_uapi.h says.
 */
#include <pthread.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/int80.h"
#include "lib/memory.h"
#include "lib/sigsys.h"
#include "lib/sites.h"

static struct sud_config good(void)
{
	return (struct sud_config){
		.size = sizeof(struct sud_config),
		.mode = SUD_MODE_EXCLUSIVE,
		.selector = (uintptr_t)&selector,
	};
}

TEST(layout, "the structs have the published sizes and offsets")
{
	CHECK_EQ(sizeof(struct sud_config), 56);
	CHECK_EQ(offsetof(struct sud_config, mode), 4);
	CHECK_EQ(offsetof(struct sud_config, offset), 8);
	CHECK_EQ(offsetof(struct sud_config, len), 16);
	CHECK_EQ(offsetof(struct sud_config, selector), 24);
	CHECK_EQ(offsetof(struct sud_config, delivery), 32);
	CHECK_EQ(offsetof(struct sud_config, flags), 36);
	CHECK_EQ(offsetof(struct sud_config, upcall_entry), 40);
	CHECK_EQ(offsetof(struct sud_config, upcall_frame), 48);
	CHECK_EQ(sizeof(struct sud_info), 32);
}

TEST(device, "/dev/sud is a character device that everybody may open")
{
	struct stat st;

	CHECK_OK(stat("/dev/sud", &st));
	CHECK(S_ISCHR(st.st_mode));
	CHECK_EQ(st.st_mode & 0777, 0666);
	CHECK_OK(setgid(65534));
	CHECK_OK(setuid(65534));
	int fd = sud_open();

	CHECK_OK(fd);
	CHECK_OK(sud_arm(fd, SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	CHECK_OK(sud_disarm(fd));
}

TEST(info, "INFO says what there is")
{
	struct sud_info info;

	CHECK_OK(sud_info(sud_fd, &info));
	CHECK_EQ(info.size, sizeof(info));
	CHECK_EQ(info.abi, SUD_ABI_VERSION);
	CHECK_EQ(info.modes, 7);
	CHECK(info.deliveries & 1 << SUD_DELIVER_SIGSYS);
	CHECK_EQ(!!(info.native_modes & 1 << SUD_MODE_EXCLUSIVE),
		 native_has(SUD_MODE_EXCLUSIVE));
	CHECK_EQ(!!(info.native_modes & 1 << SUD_MODE_INCLUSIVE),
		 native_has(SUD_MODE_INCLUSIVE));
	/* QEMU's CPUs have no FRED. */
	CHECK_EQ(info.hints, SUD_HINT_FRAMES_LEAVE_FASTER);
}

TEST(unknown_ioctl, "an unknown command is ENOTTY")
{
	struct sud_config c = good();

	CHECK_ERR(ioctl(sud_fd, _IO(SUD_IOC_MAGIC, 255), &c), ENOTTY);
	CHECK_ERR(ioctl(sud_fd, _IO(0x12, 1), &c), ENOTTY);
	CHECK_ERR(ioctl(sud_fd, _IOW(SUD_IOC_MAGIC, 1, int), &c), ENOTTY);
	CHECK_ERR(ioctl(sud_fd, 0, &c), ENOTTY);
}

static const unsigned int commands[] = { SUD_IOC_INFO, SUD_IOC_SET,
					 SUD_IOC_GET };

TEST(fault, "a struct that cannot be read or written is EFAULT")
{
	struct sud_config c = good();

	for (int i = 0; i < 3; i++) {
		CHECK_ERR(ioctl(sud_fd, commands[i], NULL), EFAULT);
		CHECK_ERR(ioctl(sud_fd, commands[i], -1L), EFAULT);
#ifdef __LP64__
		CHECK_ERR(ioctl(sud_fd, commands[i], 1L << 63), EFAULT);
		CHECK_ERR(ioctl(sud_fd, commands[i], ~0xfffL), EFAULT);
#endif
	}
	/* The size is there, the rest is not. */
	c.size = sizeof(c);
	void *end = at_page_end(&c, 8);

	for (int i = 1; i < 3; i++)
		CHECK_ERR(ioctl(sud_fd, commands[i], end), EFAULT);
	/* Readable, not writable. */
	void *ro = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memcpy(ro, &c, sizeof(c));
	CHECK_OK(mprotect(ro, 4096, PROT_READ));
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_GET, ro), EFAULT);
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_INFO, ro), EFAULT);
	CHECK_OK(ioctl(sud_fd, SUD_IOC_SET, ro));
}

TEST(exact_end, "a struct may end where memory does")
{
	struct sud_config c = good();

	CHECK_OK(ioctl(sud_fd, SUD_IOC_SET, at_page_end(&c, sizeof(c))));
	CHECK_OK(ioctl(sud_fd, SUD_IOC_GET, at_page_end(&c, sizeof(c))));
}

TEST(small_size, "a size below the first version is EINVAL")
{
	for (unsigned int size = 0; size < 56; size += 5) {
		struct sud_config c = good();

		c.size = size;
		CHECK_ERR(ioctl(sud_fd, SUD_IOC_SET, &c), EINVAL);
		CHECK_ERR(ioctl(sud_fd, SUD_IOC_GET, &c), EINVAL);
		if (size < 32)
			CHECK_ERR(ioctl(sud_fd, SUD_IOC_INFO, &c), EINVAL);
	}
}

TEST(large_size, "a larger struct is taken when the rest is zero, else E2BIG")
{
	struct {
		struct sud_config c;
		unsigned char more[64];
	} big = { .c = good() };

	big.c.size = sizeof(big);
	CHECK_OK(ioctl(sud_fd, SUD_IOC_SET, &big));
	CHECK_OK(disarm());
	for (unsigned int i = 0; i < sizeof(big.more); i += 21) {
		big.more[i] = 1;
		CHECK_ERR(ioctl(sud_fd, SUD_IOC_SET, &big), E2BIG);
		big.more[i] = 0;
	}
	/* GET fills what it knows and zeroes the rest. */
	memset(&big, 0xff, sizeof(big));
	big.c.size = sizeof(big);
	CHECK_OK(ioctl(sud_fd, SUD_IOC_GET, &big));
	CHECK_EQ(big.c.size, sizeof(big.c));
	for (unsigned int i = 0; i < sizeof(big.more); i++)
		CHECK_EQ(big.more[i], 0);

	big.c = good();
	big.c.size = 1 << 20;
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_SET, &big), E2BIG);
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_GET, &big), E2BIG);
	big.c.size = -1;
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_SET, &big), E2BIG);
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_INFO, &big), E2BIG);
}

/* Each case is good() with one thing wrong. */
static void check_bad_sets(void)
{
	static const struct {
		size_t at;
		int size;
		uint64_t value;
		int err;
	} cases[] = {
#define C(field, value, err)                  \
	{ offsetof(struct sud_config, field), \
	  sizeof(((struct sud_config *)0)->field), value, err }
		C(mode, 3, EINVAL),
		C(mode, -1, EINVAL),
		C(mode, SUD_MODE_INCLUSIVE, EINVAL), /* length 0 */
		C(mode, SUD_MODE_OFF, EINVAL), /* with a selector */
		C(offset, 1, EINVAL), /* 1 + 0 <= 1 */
		C(offset, -1, EINVAL),
		C(selector, 1ULL << 63, EFAULT),
		C(selector, 0xffff800000000000, EFAULT),
		C(selector, -1, EFAULT),
		C(selector, 1ULL << 56, EFAULT),
		C(delivery, 77, EINVAL),
		C(delivery, -1, EINVAL),
		C(flags, 1U << 31, EINVAL),
		C(flags, 1U << 20, EINVAL),
		C(delivery, SUD_DELIVER_UPCALL, EINVAL), /* no entry */
		C(upcall_entry, 4096, EINVAL), /* SIGSYS has none */
		C(upcall_frame, 4096, EINVAL),
#ifndef __LP64__
		C(selector, 1ULL << 32, EFAULT),
#endif
#undef C
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sud_config c = good();
		long r;

		memcpy((char *)&c + cases[i].at, &cases[i].value,
		       cases[i].size);
		errno = 0;
		r = ioctl(sud_fd, SUD_IOC_SET, &c);
		if (r != -1 || errno != cases[i].err)
			FAIL("case %u: %ld, errno %d, not %d", i, r, errno,
			     cases[i].err);
	}
}

TEST(bad_set, "each bad SET has its errno and leaves the thread off")
{
	handle_sigsys();
	selector = SUD_SELECTOR_ALLOW;
	check_bad_sets();
	CHECK(!armed_now());
}

TEST(bad_set_armed, "each bad SET leaves an armed thread as it was")
{
	struct sud_config before, after;

	handle_sigsys();
	CHECK_OK(sud_arm(sud_fd, SUD_MODE_INCLUSIVE, (uintptr_t)site_a, 4096,
			 &selector));
	CHECK_OK(sud_get(sud_fd, &before));
	selector = SUD_SELECTOR_ALLOW;
	check_bad_sets();
	CHECK_OK(sud_get(sud_fd, &after));
	CHECK(!memcmp(&before, &after, sizeof(before)));
	CHECK(armed_now());
}

TEST(off_wants_zero, "mode OFF with anything else is EINVAL")
{
	handle_sigsys();
	CHECK_OK(sud_arm(sud_fd, SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	selector = SUD_SELECTOR_ALLOW;
	for (unsigned int at = 8; at < sizeof(struct sud_config); at += 4) {
		struct sud_config c = { .size = sizeof(c) };

		memcpy((char *)&c + at, "\1\0\0", 4);
		CHECK_ERR(ioctl(sud_fd, SUD_IOC_SET, &c), EINVAL);
	}
	CHECK(armed_now());
}

TEST(get_exact, "GET returns what SET was given")
{
	static const int modes[] = { SUD_MODE_EXCLUSIVE, SUD_MODE_INCLUSIVE };
	struct sud_config c;

	for (int i = 0; i < 2; i++) {
		struct sud_config set = good();

		set.mode = modes[i];
		set.offset = 0x123456;
		set.len = 0x789;
		selector = SUD_SELECTOR_ALLOW;
		CHECK_OK(sud_set(sud_fd, &set));
		CHECK_OK(sud_get(sud_fd, &c));
		CHECK(!memcmp(&c, &set, sizeof(c)));
	}
	CHECK_OK(disarm());
	CHECK_OK(sud_get(sud_fd, &c));
	struct sud_config off = { .size = sizeof(off) };

	CHECK(!memcmp(&c, &off, sizeof(c)));
}

TEST(close_changes_nothing,
     "the state outlives the descriptor, and any descriptor serves")
{
	int fd = sud_open();
	struct sud_config c;

	handle_sigsys();
	CHECK_OK(sud_arm(fd, SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	CHECK_OK(close(fd));
	CHECK(armed_now());
	CHECK_OK(sud_get(sud_fd, &c));
	CHECK_EQ(c.mode, SUD_MODE_EXCLUSIVE);
}

static void *get_in_thread(void *config)
{
	CHECK_OK(sud_get(sud_fd, config));
	return NULL;
}

TEST(per_thread, "each thread has its own state")
{
	struct sud_config c;
	pthread_t thread;

	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_arm(sud_fd, SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	CHECK_EQ(pthread_create(&thread, NULL, get_in_thread, &c), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK_EQ(c.mode, SUD_MODE_OFF);
	CHECK_OK(sud_get(sud_fd, &c));
	CHECK_EQ(c.mode, SUD_MODE_EXCLUSIVE);
}

#ifdef __x86_64__
TEST(int80_ioctl, "a 32-bit ioctl in a 64-bit process works")
{
	need_int80();
	struct sud_info *info =
		mmap((void *)0x10000000, 4096, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	CHECK(info == (void *)0x10000000);
	info->size = sizeof(*info);
	CHECK_EQ(site_int80(54, sud_fd, SUD_IOC_INFO, (long)info), 0);
	CHECK_EQ(info->abi, SUD_ABI_VERSION);
	CHECK_EQ(site_int80(54, sud_fd, 0, (long)info), -ENOTTY);
}
#endif
