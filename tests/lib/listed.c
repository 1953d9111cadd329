// SPDX-License-Identifier: GPL-2.0-only
#include "listed.h"

#include "backend.h"
#include "harness.h"

int list_all(int fd, struct sud_list_entry *entries, int most, int room)
{
	struct sud_list_entry some[room];
	int last = 0, count = 0, got;
	__u64 cursor = 0, before;

	do {
		before = cursor;
		got = sud_list(fd, some, room, &cursor);
		CHECK_OK(got);
		CHECK(got <= room);
		CHECK(!cursor || cursor > before);
		for (int i = 0; i < got; i++) {
			CHECK(some[i].tid > last);
			CHECK((__u64)some[i].tid >= before);
			CHECK(!cursor || (__u64)some[i].tid < cursor);
			last = some[i].tid;
			CHECK(count < most);
			entries[count++] = some[i];
		}
	} while (cursor);
	return count;
}

bool listed(pid_t tid, struct sud_list_entry *entry)
{
	struct sud_list_entry found;
	__u64 cursor = tid;
	int got = sud_list(sud_fd, &found, 1, &cursor);

	CHECK_OK(got);
	if (got != 1 || found.tid != tid)
		return false;
	if (entry)
		*entry = found;
	return true;
}
