// SPDX-License-Identifier: GPL-2.0-only
/* Selectors and upcall frames in a control area. */
#include <stdint.h>
#include <sys/mman.h>

#include <sud.h>

#include "bench.h"

extern char site_a[], site_a_end[];
void bench_entry_regs(void);
void bench_entry_mapped(void);

/* In place of this page, so that the entry knows where the top of the frames is. */
#define SIZE 4096
union {
	struct {
		char selector[64];
		uint64_t top;
	};
	char page[SIZE];
} bench_area __attribute__((aligned(SIZE)));

static void arm(struct sud_config config)
{
	int fd = sud_open();
	void *area = mmap(&bench_area, SIZE, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_FIXED, fd, 0);

	need(area == MAP_FAILED ? -1 : 0, "mmap");
	bench_area.top = (uintptr_t)(&bench_area + 1);
	config.size = sizeof(config);
	config.flags |= SUD_FLAG_MAPPED;
	if (config.selector)
		config.selector = (uintptr_t)bench_area.selector;
	if (config.upcall_frame)
		config.upcall_frame = (uintptr_t)&bench_area.top;
	need(sud_set(fd, &config), "SUD_IOC_SET");
	bench_selector = (unsigned char *)bench_area.selector;
}

void prepare_mapped_allow(void)
{
	arm((struct sud_config){
		.mode = SUD_MODE_EXCLUSIVE,
		.selector = 1,
	});
}

void prepare_mapped_upcall(void)
{
	arm((struct sud_config){
		.mode = SUD_MODE_EXCLUSIVE,
		.selector = 1,
		.delivery = SUD_DELIVER_UPCALL,
		.flags = SUD_FLAG_AUTO_ALLOW,
		.upcall_entry = (uintptr_t)bench_entry_regs,
	});
}

void prepare_mapped_frames(void)
{
	arm((struct sud_config){
		.mode = SUD_MODE_INCLUSIVE,
		.offset = (uintptr_t)site_a,
		.len = site_a_end - site_a,
		.delivery = SUD_DELIVER_UPCALL,
		.upcall_entry = (uintptr_t)bench_entry_mapped,
		.upcall_frame = 1,
	});
}
