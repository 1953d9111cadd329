// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control areas as such: what mmap() takes, who shares one, and what a child has.
 */
#include <sys/wait.h>

#include "lib/area.h"
#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/sigsys.h"
#include "lib/sites.h"

TEST(sizes, "one page up to SUD_AREA_MAX, zeroed")
{
	static const size_t sizes[] = { 1, 4096, 5 * 4096, SUD_AREA_MAX };

	for (unsigned int i = 0; i < COUNT(sizes); i++) {
		int fd = sud_open();
		volatile char *area = area_map(fd, sizes[i]);

		CHECK(area != MAP_FAILED);
		for (size_t at = 0; at < sizes[i]; at += 64) {
			CHECK_EQ(area[at], 0);
			area[at] = at;
		}
		CHECK_OK(munmap((void *)area, sizes[i]));
		close(fd);
	}
}

static void check_refused(size_t size, int prot, int flags, off_t offset)
{
	CHECK_ERR((intptr_t)mmap(NULL, size, prot, flags, sud_fd, offset),
		  EINVAL);
}

TEST(refused, "another size, offset, protection or flag: EINVAL")
{
	int rw = PROT_READ | PROT_WRITE;

	check_refused(SUD_AREA_MAX + 1, rw, MAP_SHARED, 0);
	check_refused(SUD_AREA_MAX + 4096, rw, MAP_SHARED, 0);
	check_refused(4096, rw, MAP_SHARED, 4096);
	check_refused(4096, rw, MAP_PRIVATE, 0);
	check_refused(4096, PROT_NONE, MAP_SHARED, 0);
	check_refused(4096, PROT_READ, MAP_SHARED, 0);
	check_refused(4096, PROT_WRITE, MAP_SHARED, 0);
	check_refused(4096, rw | PROT_EXEC, MAP_SHARED, 0);
	/* What was refused has not made an area of that size. */
	CHECK(area_map(sud_fd, 8192) != MAP_FAILED);
	/* It has one now. */
	check_refused(4096, rw, MAP_SHARED, 0);
	check_refused(3 * 4096, rw, MAP_SHARED, 0);
	CHECK(area_map(sud_fd, 8192) != MAP_FAILED);
}

TEST(changed, "mremap cannot enlarge it, nor mprotect make it code")
{
	char *area = area_map(sud_fd, 8192);

	CHECK(area != MAP_FAILED);
	area[0] = 1;
	area[4096] = 2;
	CHECK_ERR((intptr_t)mremap(area, 8192, 12288, MREMAP_MAYMOVE), EFAULT);
	CHECK_ERR(mprotect(area, 8192, PROT_READ | PROT_EXEC), EACCES);
	CHECK_OK(mprotect(area, 4096, PROT_READ));
	CHECK_OK(mprotect(area, 4096, PROT_READ | PROT_WRITE));
	/* In parts, and moved. */
	CHECK_OK(munmap(area, 4096));
	char *moved = mremap(area + 4096, 4096, 4096,
			     MREMAP_MAYMOVE | MREMAP_FIXED, area);

	CHECK(moved == area);
	CHECK_EQ(moved[0], 2);
	CHECK_OK(munmap(moved, 4096));
	/* The descriptor has it still. */
	area = area_map(sud_fd, 8192);
	CHECK(area != MAP_FAILED);
	CHECK_EQ(area[0], 1);
	CHECK_EQ(area[4096], 2);
}

TEST(same, "one descriptor has one area, and a duplicate has the same")
{
	int other = dup(sud_fd), own = sud_open();
	char *a = area_page(), *b = area_map(other, 4096),
	     *c = area_map(own, 4096);

	CHECK(b != MAP_FAILED && c != MAP_FAILED);
	a[100] = 7;
	CHECK_EQ(b[100], 7);
	CHECK_EQ(c[100], 0);
}

static void child_maps_same(void)
{
	char *same = area_page();

	same[1] = 9;
	CHECK_EQ(same[0], 5);
}

TEST(process, "another process that has the descriptor maps the same one")
{
	char *area = area_page();

	area[0] = 5;
	CHECK_EQ(in_child(child_maps_same), 0);
	CHECK_EQ(area[1], 9);
}

static void *forked_area;
static size_t forked_size;

static void child_has_own(void)
{
	volatile char *area = forked_area;

	for (size_t at = 0; at < forked_size; at += 512) {
		CHECK_EQ(area[at], 0);
		area[at] = 3;
	}
	/* And a child's child again. */
	forked_size = 0;
	pid_t pid = fork();

	if (!pid)
		_exit(area[0]);
	int status;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_EQ(area[0], 3);
}

TEST(forked, "a forked child has an area of its own in that place, zeroed")
{
	size_t size = 3 * 4096;
	volatile char *area = area_map(sud_fd, size);

	CHECK(area != MAP_FAILED);
	for (size_t at = 0; at < size; at += 512)
		area[at] = 1;
	forked_area = (void *)area;
	forked_size = size;
	CHECK_EQ(in_child(child_has_own), 0);
	for (size_t at = 0; at < size; at += 512)
		CHECK_EQ(area[at], 1);
}

TEST(forked_parts, "also when it is mapped in parts")
{
	size_t size = 3 * 4096;
	volatile char *area = area_map(sud_fd, size);

	CHECK(area != MAP_FAILED);
	area[0] = area[8192] = 1;
	CHECK_OK(munmap((char *)area + 4096, 4096));
	pid_t pid = fork();

	if (!pid) {
		int was = area[0] | area[8192];

		area[0] = area[8192] = 2;
		_exit(was);
	}
	int status;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_EQ(area[0], 1);
	CHECK_EQ(area[8192], 1);
}

TEST(vforked, "a child of vfork shares its parent's")
{
	volatile char *area = area_page();
	pid_t pid = vfork();

	if (!pid) {
		area[0] = 6;
		_exit(0);
	}
	CHECK_OK(pid);
	waitpid(pid, NULL, 0);
	CHECK_EQ(area[0], 6);
}

/* More than a user may have: 64 MiB. */
#define TOO_MANY (65 << 20 >> 20)

static void map_too_much(void)
{
	int fds[TOO_MANY], n;

	CHECK_OK(setuid(12345));
	/* What the last one had may not be free at once. */
	for (int i = 0; i < 100; i++) {
		int fd = sud_open();
		void *area = area_map(fd, SUD_AREA_MAX);

		close(fd);
		if (area != MAP_FAILED) {
			CHECK_OK(munmap(area, SUD_AREA_MAX));
			break;
		}
		CHECK_EQ(errno, ENOSPC);
		usleep(50000);
	}
	usleep(500000);
	for (n = 0; n < TOO_MANY; n++) {
		fds[n] = sud_open();
		CHECK_OK(fds[n]);
		if (area_map(fds[n], SUD_AREA_MAX) == MAP_FAILED)
			break;
	}
	CHECK_EQ(errno, ENOSPC);
	CHECK_EQ(n, 64);
	/* A descriptor that is closed is not enough: the mapping has it still. */
	close(fds[0]);
	CHECK_ERR((intptr_t)area_map(fds[n], SUD_AREA_MAX), ENOSPC);
}

TEST_LIMIT(user_limit, "a user's areas count against the budget for sets",
	   false, 60)
{
	CHECK_EQ(in_child(map_too_much), 0);
	/* All of it was freed with the process. */
	CHECK_EQ(in_child(map_too_much), 0);
}

/* Each maps, uses and leaves areas; none may be left over. */
static void maps_and_ends(void)
{
	for (int i = 0; i < 50; i++) {
		int fd = sud_open();
		char *area = area_map(fd, 16 * 4096);

		CHECK(area != MAP_FAILED);
		close(fd);
		area[i * 64] = 1;
		if (i % 2)
			CHECK_OK(munmap(area, 16 * 4096));
		pid_t pid = fork();

		if (!pid) {
			if (i % 4 < 2)
				area[0] = 1;
			_exit(0);
		}
		waitpid(pid, NULL, 0);
		/* Half of the children died of it: SIGSEGV. */
	}
}

TEST_LIMIT(storm, "areas mapped, unmapped and forked without end", false, 120)
{
	for (int i = 0; i < 4; i++) {
		pid_t pid = fork();

		CHECK_OK(pid);
		if (!pid) {
			maps_and_ends();
			_exit(0);
		}
	}
	for (int i = 0; i < 4; i++) {
		int status;

		CHECK(wait(&status) > 0);
		CHECK_EQ(status, 0);
	}
}
