// SPDX-License-Identifier: GPL-2.0-only
#include "upcalls.h"

#include "backend.h"
#include "harness.h"
#include "sigsys.h"

char up_frames[FRAMES_SIZE] __attribute__((aligned(64)));

void reset_frames(void)
{
	up_top = (uintptr_t)up_frames + sizeof(up_frames);
}

struct sud_config config_upcall(bool with_frames)
{
	reset_frames();
	return (struct sud_config){
		.size = sizeof(struct sud_config),
		.mode = SUD_MODE_EXCLUSIVE,
		.selector = (uintptr_t)&selector,
		.delivery = SUD_DELIVER_UPCALL,
		.upcall_entry = with_frames ? (uintptr_t)entry_frames
					    : (uintptr_t)entry_regs,
		.upcall_frame = with_frames ? (uintptr_t)&up_top : 0,
	};
}

void arm_upcall(bool with_frames)
{
	struct sud_config c = config_upcall(with_frames);

	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_set(sud_fd, &c));
}
