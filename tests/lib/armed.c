// SPDX-License-Identifier: GPL-2.0-only
#include "armed.h"

#include <pthread.h>

#include "backend.h"
#include "harness.h"
#include "sigsys.h"
#include "sites.h"
#include "upcalls.h"

const struct sud_config config_off = { .size = sizeof(config_off) };

struct sud_config config_a(unsigned int flags)
{
	return (struct sud_config){
		.size = sizeof(struct sud_config),
		.mode = SUD_MODE_INCLUSIVE,
		.offset = (uintptr_t)site_a,
		.len = site_a_end - (char *)site_a,
		.flags = flags,
	};
}

void arm_a(unsigned int flags)
{
	struct sud_config c = config_a(flags);

	CHECK_OK(sud_set(sud_fd, &c));
}

void arm_all(bool by_upcall)
{
	struct sud_config upcall = {
		.size = sizeof(upcall),
		.mode = SUD_MODE_EXCLUSIVE,
		.selector = (uintptr_t)&selector,
		.delivery = SUD_DELIVER_UPCALL,
		.upcall_entry = (uintptr_t)entry_regs,
	};

	handle_sigsys();
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(by_upcall ? sud_set(sud_fd, &upcall)
			   : arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
}

bool same(const struct sud_config *a, const struct sud_config *b)
{
	return !memcmp(a, b, sizeof(*a));
}

void check_armed(const struct sud_config *want)
{
	struct sud_config c;
	int before = seen.count;

	CHECK_OK(sud_get(sud_fd, &c));
	CHECK(same(&c, want));
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), MAGIC_NR);
	CHECK_EQ(seen.count, before + 1);
}

void check_armed_a(unsigned int flags)
{
	struct sud_config c = config_a(flags);

	check_armed(&c);
}

void check_off(void)
{
	struct sud_config c;
	int before = seen.count;

	CHECK_OK(sud_get(sud_fd, &c));
	CHECK(same(&c, &config_off));
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
	CHECK_EQ(seen.count, before);
}

void in_process(void (*fn)(void))
{
	CHECK_EQ(in_child(fn), 0);
}

void *call_it(void *fn)
{
	((void (*)(void))fn)();
	return NULL;
}

void in_thread(void (*fn)(void))
{
	pthread_t thread;

	CHECK_EQ(pthread_create(&thread, NULL, call_it, fn), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
}

int family_depth;

void child_is_off(void)
{
	check_off();
	if (family_depth++)
		return;
	in_thread(child_is_off);
	in_process(child_is_off);
}

void all_are_armed(void)
{
	check_armed_a(BOTH);
	if (++family_depth >= 4)
		return;
	in_thread(all_are_armed);
	family_depth--;
	in_process(all_are_armed);
}

void do_nothing(void)
{
}
