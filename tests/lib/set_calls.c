// SPDX-License-Identifier: GPL-2.0-only
#include "set_calls.h"

#include "harness.h"
#include "sigsys.h"
#include "sites.h"
#include "upcalls.h"

char *stubs;
__thread volatile unsigned char own_selector;

void make_stubs(int n)
{
	size_t size = site_a_end - (char *)site_a;

	CHECK(size <= SLOT);
	stubs = mmap(NULL, n * SLOT, PROT_READ | PROT_WRITE | PROT_EXEC,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(stubs != MAP_FAILED);
	for (int i = 0; i < n; i++)
		memcpy(stubs + i * SLOT, (char *)site_a, size);
}

uint64_t stub_ip(int i)
{
	return (uintptr_t)(stubs + i * SLOT + (site_a_ip - (char *)site_a));
}

struct sud_config config_by_set(int mode)
{
	return (struct sud_config){
		.size = sizeof(struct sud_config),
		.mode = mode,
		.selector = (uintptr_t)&selector,
		.flags = SUD_FLAG_REGIONS,
	};
}

void arm_by_upcall(int fd, int mode)
{
	struct sud_config c = config_by_set(mode);

	c.selector = (uintptr_t)&own_selector;
	c.delivery = SUD_DELIVER_UPCALL;
	c.upcall_entry = (uintptr_t)entry_result;
	CHECK_OK(sud_set(fd, &c));
}

bool stub_stopped(int i, long result)
{
	long r;

	own_selector = SUD_SELECTOR_BLOCK;
	r = ((site_fn *)(stubs + i * SLOT))(MAGIC_NR, 0, 0, 0);
	own_selector = SUD_SELECTOR_ALLOW;
	if (r != result && r != -ENOSYS)
		FAIL("a call gave %ld", r);
	return r == result;
}

bool wanted(bool in, int mode)
{
	return mode == SUD_MODE_INCLUSIVE ? in : !in;
}
