// SPDX-License-Identifier: GPL-2.0-only
#include "area.h"

#include "backend.h"
#include "harness.h"
#include "sigsys.h"
#include "sites.h"
#include "upcalls.h"

uint64_t area_entry_area;

void *area_map(int fd, size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

void *area_page(void)
{
	void *area = area_map(sud_fd, 4096);

	if (area == MAP_FAILED)
		FAIL("mmap: %s", strerror(errno));
	return area;
}

void area_reset_frames(void *area)
{
	area_top(area) = (uintptr_t)area + AREA_FRAMES_END;
}

struct sud_config area_config(void *area)
{
	return (struct sud_config){
		.size = sizeof(struct sud_config),
		.mode = SUD_MODE_EXCLUSIVE,
		.selector = (uintptr_t)&area_selector(area),
		.flags = SUD_FLAG_MAPPED | SUD_FLAG_SIGRETURN,
	};
}

struct sud_config area_config_upcall(void *area, bool with_frames)
{
	struct sud_config c = area_config(area);

	/* entry_regs sets the tests' own selector. */
	c.flags = SUD_FLAG_MAPPED | SUD_FLAG_AUTO_ALLOW;
	c.delivery = SUD_DELIVER_UPCALL;
	c.upcall_entry = (uintptr_t)entry_regs;
#ifdef __x86_64__
	if (with_frames) {
		area_entry_area = (uintptr_t)area;
		c.upcall_entry = (uintptr_t)entry_area;
	}
#endif
	if (with_frames) {
		area_reset_frames(area);
		c.upcall_frame = (uintptr_t)&area_top(area);
	}
	return c;
}

bool area_blocks(void *area)
{
	int before = seen.count;
	long ret;

	area_selector(area) = SUD_SELECTOR_BLOCK;
	ret = site_a(MAGIC_NR, 0, 0, 0);
	area_selector(area) = SUD_SELECTOR_ALLOW;
	if (ret == MAGIC_NR && seen.count == before + 1)
		return true;
	CHECK_EQ(ret, -ENOSYS);
	CHECK_EQ(seen.count, before);
	return false;
}
