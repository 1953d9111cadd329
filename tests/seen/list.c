// SPDX-License-Identifier: GPL-2.0-only
/*
 * SUD_IOC_LIST: what is listed and in which order, and what is wrong with a call.
 */
#include <limits.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/listed.h"
#include "lib/memory.h"
#include "lib/new_image.h"
#include "lib/sigsys.h"
#include "lib/sites.h"

#ifdef __x86_64__
#define BITNESS 0
#else
#define BITNESS SUD_TASK_32BIT
#endif
#define MOST 400
#define THREADS 300

static struct sud_list_entry all[MOST];

static pid_t tid_now(void)
{
	return syscall(SYS_gettid);
}

TEST(layout, "the structs have the published sizes and offsets")
{
	CHECK_EQ(sizeof(struct sud_list), 32);
	CHECK_EQ(offsetof(struct sud_list, entries), 8);
	CHECK_EQ(offsetof(struct sud_list, count), 16);
	CHECK_EQ(offsetof(struct sud_list, entry_size), 20);
	CHECK_EQ(offsetof(struct sud_list, cursor), 24);
	CHECK_EQ(sizeof(struct sud_list_entry), 80);
	CHECK_EQ(offsetof(struct sud_list_entry, set), 16);
	CHECK_EQ(offsetof(struct sud_list_entry, config), 24);
}

TEST(self, "a thread is listed while it is armed, with what it was armed with")
{
	struct sud_config wanted = config_a(0);
	struct sud_list_entry entry;

	CHECK(!listed(getpid(), NULL));
	arm_a(0);
	CHECK(listed(getpid(), &entry));
	CHECK_EQ(entry.pid, getpid());
	CHECK_EQ(entry.flags, BITNESS);
	CHECK_EQ(entry.reserved, 0);
	CHECK_EQ(entry.set, 0);
	CHECK(same(&entry.config, &wanted));
	/* Armed once more, with something else. */
	wanted = config_a(BOTH);
	arm_a(BOTH);
	CHECK(listed(getpid(), &entry));
	CHECK(same(&entry.config, &wanted));
	CHECK_OK(disarm());
	CHECK(!listed(getpid(), NULL));
}

TEST(set, "a thread that is armed with a set shows the set's number")
{
	struct sud_range range = { (uintptr_t)site_a,
				   site_a_end - (char *)site_a };
	struct sud_config config = {
		.size = sizeof(config),
		.mode = SUD_MODE_INCLUSIVE,
		.flags = SUD_FLAG_REGIONS,
	};
	struct sud_list_entry one, other;
	int fd = sud_open();

	CHECK_OK(fd);
	CHECK_OK(sud_regions_add(sud_fd, &range, 1));
	CHECK_OK(sud_set(sud_fd, &config));
	CHECK(listed(getpid(), &one));
	CHECK(one.set != 0);
	CHECK(same(&one.config, &config));
	CHECK_OK(sud_regions_add(fd, &range, 1));
	CHECK_OK(sud_set(fd, &config));
	CHECK(listed(getpid(), &other));
	CHECK(other.set != 0);
	CHECK(other.set != one.set);
}

static pthread_barrier_t barrier;
static pid_t tids[THREADS];

static void *be_armed(void *arg)
{
	pid_t *tid = arg;

	arm_a(0);
	*tid = tid_now();
	pthread_barrier_wait(&barrier);
	/* The list is taken. */
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void check_all_listed(int room)
{
	int count = list_all(sud_fd, all, MOST, room), ours = 0;

	for (int i = 0; i < count; i++)
		ours += all[i].pid == getpid();
	CHECK_EQ(ours, THREADS);
	for (int t = 0; t < THREADS; t++) {
		int times = 0;

		for (int i = 0; i < count; i++)
			times += all[i].tid == tids[t];
		CHECK_EQ(times, 1);
	}
}

TEST(many, "many threads are listed once each, whatever the array's length")
{
	static const int rooms[] = { 1, 7, 127, 128, 129, MOST };
	pthread_attr_t attr;
	pthread_t thread[THREADS];

	CHECK_OK(-pthread_barrier_init(&barrier, NULL, THREADS + 1));
	CHECK_OK(-pthread_attr_init(&attr));
	CHECK_OK(-pthread_attr_setstacksize(&attr, 65536));
	for (int i = 0; i < THREADS; i++)
		CHECK_OK(
			-pthread_create(&thread[i], &attr, be_armed, &tids[i]));
	pthread_barrier_wait(&barrier);
	for (unsigned int i = 0; i < COUNT(rooms); i++)
		check_all_listed(rooms[i]);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < THREADS; i++)
		CHECK_OK(-pthread_join(thread[i], NULL));
	/* join() waits for the thread's end in user space, which comes first. */
	for (int i = 0; i < THREADS; i++)
		for (int ms = 0; listed(tids[i], NULL); ms++) {
			CHECK(ms < 5000);
			usleep(1000);
		}
}

TEST(child, "a child that inherits is listed; one that does not, is not")
{
	int status, go[2];
	char c;

	arm_a(SUD_FLAG_INHERIT_FORK);
	CHECK_OK(pipe(go));
	for (int inherits = 1; inherits >= 0; inherits--) {
		if (!inherits)
			arm_a(0);
		pid_t pid = fork();

		if (!pid)
			_exit(read(go[0], &c, 1) != 1);
		CHECK_EQ(listed(pid, NULL), inherits);
		CHECK_OK(write(go[1], "x", 1));
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(status, 0);
		CHECK(!listed(pid, NULL));
	}
}

TEST(zombie, "a process that has ended is not listed, though nobody has waited")
{
	siginfo_t info;
	pid_t pid = fork();

	if (!pid) {
		arm_a(0);
		_exit(listed(getpid(), NULL) ? 0 : 1);
	}
	CHECK_OK(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	CHECK_EQ(info.si_status, 0);
	CHECK(!listed(pid, NULL));
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

TEST(exec, "a new image is not listed")
{
	int ends[2];
	char c = 'x';
	pid_t pid;

	/* cat ends when its input does, which says that it was running. */
	CHECK_OK(pipe(ends));
	int out[2];

	CHECK_OK(pipe(out));
	pid = fork();
	if (!pid) {
		dup2(ends[0], 0);
		dup2(out[1], 1);
		close(ends[1]);
		arm_a(0);
		if (!listed(getpid(), NULL))
			_exit(1);
		execl("/bin/cat", "cat", NULL);
		_exit(2);
	}
	CHECK_OK(write(ends[1], &c, 1));
	CHECK_EQ(read(out[0], &c, 1), 1);
	CHECK(!listed(pid, NULL));
	close(ends[1]);
	close(ends[0]);
	int status;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

static struct sud_list good(struct sud_list_entry *entries, int count)
{
	return (struct sud_list){
		.size = sizeof(struct sud_list),
		.entries = (uintptr_t)entries,
		.count = count,
		.entry_size = sizeof(*entries),
	};
}

#define CHECK_LIST_ERR(field, value, err)                            \
	do {                                                         \
		struct sud_list list_ = good(all, MOST), was_;       \
		list_.field = (value);                               \
		was_ = list_;                                        \
		CHECK_ERR(ioctl(sud_fd, SUD_IOC_LIST, &list_), err); \
		CHECK(!memcmp(&list_, &was_, sizeof(list_)));        \
	} while (0)

TEST(invalid, "each field has its EINVAL and E2BIG, and nothing is written")
{
	arm_a(0);
	for (unsigned int size = 0; size < 32; size += 31)
		CHECK_LIST_ERR(size, size, EINVAL);
	CHECK_LIST_ERR(size, 4097, E2BIG);
	CHECK_LIST_ERR(size, -1, E2BIG);
	CHECK_LIST_ERR(flags, 1, EINVAL);
	CHECK_LIST_ERR(flags, 1U << 31, EINVAL);
	CHECK_LIST_ERR(count, 0, EINVAL);
	CHECK_LIST_ERR(entry_size, 0, EINVAL);
	CHECK_LIST_ERR(entry_size, 79, EINVAL);
	CHECK_LIST_ERR(entry_size, 4097, E2BIG);
	CHECK_LIST_ERR(entry_size, -1, E2BIG);
	CHECK_LIST_ERR(cursor, (__u64)INT_MAX + 1, EINVAL);
	CHECK_LIST_ERR(cursor, -1, EINVAL);
	/* A bad address counts when something is to be written there. */
	CHECK_LIST_ERR(entries, 0, EFAULT);
	CHECK_LIST_ERR(entries, -1, EFAULT);
	CHECK_LIST_ERR(entries, 1ULL << 63, EFAULT);
#ifndef __LP64__
	CHECK_LIST_ERR(entries, (1ULL << 32) + (uintptr_t)all, EFAULT);
#endif
}

TEST(larger, "larger structs are taken when the rest is zero, else E2BIG")
{
	struct {
		struct sud_list list;
		unsigned char more[32];
	} big = { .list = good(all, 1) };
	struct {
		struct sud_list_entry entry;
		unsigned char more[20];
	} wide[2];

	arm_a(0);
	big.list.size = sizeof(big);
	CHECK_OK(ioctl(sud_fd, SUD_IOC_LIST, &big));
	CHECK_EQ(big.list.size, sizeof(big.list));
	big.list = good(all, 1);
	big.list.size = sizeof(big);
	big.more[31] = 1;
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_LIST, &big), E2BIG);

	/* Wider entries: what is not known of them is zeroed. */
	struct sud_list list = good(&wide[0].entry, 2);

	memset(wide, 0xff, sizeof(wide));
	list.entry_size = sizeof(wide[0]);
	list.cursor = getpid();
	CHECK_OK(ioctl(sud_fd, SUD_IOC_LIST, &list));
	CHECK(list.count >= 1);
	CHECK_EQ(wide[0].entry.tid, getpid());
	CHECK_EQ(wide[0].entry.config.size, sizeof(struct sud_config));
	for (unsigned int i = 0; i < sizeof(wide[0].more); i++)
		CHECK_EQ(wide[0].more[i], 0);
}

TEST(fault, "what cannot be read or written is EFAULT")
{
	struct sud_list list = good(all, 1);

	arm_a(0);
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_LIST, NULL), EFAULT);
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_LIST, at_page_end(&list, 8)), EFAULT);
	CHECK_OK(ioctl(sud_fd, SUD_IOC_LIST, at_page_end(&list, sizeof(list))));
	list = good(all, 1);
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_LIST,
			at_page_end_read_only(&list, sizeof(list))),
		  EFAULT);
	/* The entry fits; and then all but one byte of it. */
	list = good(at_page_end(all, sizeof(all[0])), 1);
	list.cursor = getpid();
	CHECK_OK(ioctl(sud_fd, SUD_IOC_LIST, &list));
	CHECK_EQ(list.count, 1);
	list = good(at_page_end(all, sizeof(all[0]) - 1), 1);
	list.cursor = getpid();
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_LIST, &list), EFAULT);
}

TEST(end, "behind the last thread there is nothing, and the cursor says so")
{
	struct sud_list list = good(all, MOST);

	arm_a(0);
	list.cursor = INT_MAX;
	CHECK_OK(ioctl(sud_fd, SUD_IOC_LIST, &list));
	CHECK_EQ(list.count, 0);
	CHECK_EQ(list.cursor, 0);
	list = good(all, UINT_MAX);
	CHECK_OK(ioctl(sud_fd, SUD_IOC_LIST, &list));
	CHECK(list.count >= 1);
}
