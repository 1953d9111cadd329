// SPDX-License-Identifier: GPL-2.0-only
#include "uring.h"

#include "harness.h"

#ifdef __LP64__
#define IORING_SETUP 425
#define IORING_ENTER 426

/* Return: false where there is no io_uring. */
static bool start_worker(int pipe_fd)
{
	unsigned int params[30] = { 0 };
	static char buffer[16];
	int ring = syscall(IORING_SETUP, 8, params);
	char *rings, *requests;

	if (ring < 0)
		return false;
	rings = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring, 0);
	requests = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring,
			0x10000000);
	CHECK(rings != MAP_FAILED && requests != MAP_FAILED);
	/* struct io_uring_sqe: IORING_OP_READ, IOSQE_ASYNC. */
	requests[0] = 22;
	requests[1] = 1 << 4;
	memcpy(requests + 4, &pipe_fd, 4);
	memcpy(requests + 16, &(uint64_t){ (uintptr_t)buffer }, 8);
	memcpy(requests + 24, &(uint32_t){ sizeof(buffer) }, 4);
	/* struct io_sqring_offsets begins at 10: head, tail, and array at 16. */
	*(volatile unsigned int *)(rings + params[16]) = 0;
	*(volatile unsigned int *)(rings + params[11]) = 1;
	CHECK_EQ(syscall(IORING_ENTER, ring, 1, 0, 0, NULL, 0), 1);
	return true;
}

static bool start_poller(void)
{
	unsigned int params[30] = { 0 };

	params[2] = 2; /* IORING_SETUP_SQPOLL */
	params[4] = 100000;
	return syscall(IORING_SETUP, 8, params) >= 0;
}

bool uring_start_threads(void)
{
	int empty[2];

	CHECK_OK(pipe(empty));
	return start_worker(empty[0]) && start_poller();
}
#endif
