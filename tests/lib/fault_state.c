// SPDX-License-Identifier: GPL-2.0-only
#include "fault_state.h"

#include "backend.h"
#include "fault.h"
#include "harness.h"
#include "sigsys.h"
#include "sites.h"

struct sud_config state_was, state_next;

struct sud_config config_of(unsigned int mode, unsigned int flags)
{
	return (struct sud_config){
		.size = sizeof(struct sud_config),
		.mode = mode,
		.selector = mode == SUD_MODE_OFF ? 0 : (uintptr_t)&selector,
		.flags = flags,
	};
}

bool dispatched(long (*site)(long nr, long a, long b, long c))
{
	int before = seen.count;
	long ret;

	selector = SUD_SELECTOR_BLOCK;
	ret = site(MAGIC_NR, 0, 0, 0);
	selector = SUD_SELECTOR_ALLOW;
	CHECK_EQ(ret, seen.count == before ? -ENOSYS : MAGIC_NR);
	return seen.count == before + 1;
}

void check_armed_with(const struct sud_config *want)
{
	bool set = want->flags & SUD_FLAG_REGIONS;
	struct sud_config c;

	CHECK_OK(sud_get(sud_fd, &c));
	CHECK(!memcmp(&c, want, sizeof(c)));
	CHECK_EQ(dispatched(site_a), want->mode != SUD_MODE_OFF);
	CHECK_EQ(dispatched(site_b), want->mode != SUD_MODE_OFF && !set);
}

struct sud_range site_b_range(void)
{
	return (struct sud_range){ (uintptr_t)site_b,
				   site_b_end - (char *)site_b };
}

void state_begin(void)
{
	struct sud_range range = site_b_range();

	fault_init();
	handle_sigsys();
	CHECK_OK(sud_regions_add(sud_fd, &range, 1));
}

void state_set_was(void)
{
	CHECK_OK(sud_set(sud_fd, &state_was));
}

void state_is_was(void)
{
	check_armed_with(&state_was);
}

int set_fd = -1;

struct sud_range set_base[64], set_change[64], set_result[256];

__u64 set_base_count, set_change_count, set_result_count, set_listed;

void set_check(const struct sud_range *want, uint64_t count)
{
	static struct sud_range got[256];
	__u64 n = 256;

	CHECK_OK(sud_regions_list(set_fd, got, &n));
	CHECK_EQ(n, count);
	CHECK(!memcmp(got, want, count * sizeof(*got)));
}

void set_new(void)
{
	if (set_fd >= 0)
		CHECK_OK(close(set_fd));
	set_fd = sud_open();
	CHECK_OK(set_fd);
	CHECK_OK(sud_regions_add(set_fd, set_base, set_base_count));
}

struct sud_range nth_range(int n)
{
	return (struct sud_range){ 0x100000UL * (n + 1), 0x1000 };
}

void fill_ranges(struct sud_range *ranges, int first, int count)
{
	for (int i = 0; i < count; i++)
		ranges[i] = nth_range(first + i);
}
