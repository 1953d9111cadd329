// SPDX-License-Identifier: GPL-2.0-only
#include "memory.h"

#include "harness.h"

void *pages(int n)
{
	void *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

void *at_page_end(const void *from, size_t size)
{
	char *p = pages(2);

	CHECK_OK(munmap(p + PAGE, PAGE));
	return memcpy(p + PAGE - size, from, size);
}

void *at_page_end_read_only(const void *from, size_t size)
{
	void *p = at_page_end(from, size);

	CHECK_OK(mprotect((void *)((uintptr_t)p & -(uintptr_t)PAGE), PAGE,
			  PROT_READ));
	return p;
}
