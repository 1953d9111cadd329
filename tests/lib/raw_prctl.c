// SPDX-License-Identifier: GPL-2.0-only
#include "raw_prctl.h"

#include "backend.h"
#include "files.h"
#include "harness.h"
#include "module.h"
#include "sigsys.h"

bool by_int80;

long raw_prctl(uint64_t option, uint64_t mode, uint64_t offset, uint64_t len,
	       uint64_t sel)
{
	long r;

#ifdef __x86_64__
	register uint64_t r10 asm("r10") = len;
	register uint64_t r8 asm("r8") = sel;

	if (!by_int80) {
		asm volatile("syscall"
			     : "=a"(r)
			     : "a"((uint64_t)SYS_prctl), "D"(option), "S"(mode),
			       "d"(offset), "r"(r10), "r"(r8)
			     : "rcx", "r11", "memory");
		return r;
	}
	/* The kernel takes 32 bits of each. */
	asm volatile("int $0x80"
		     : "=a"(r)
		     : "a"((uint64_t)172), "b"(option), "c"(mode), "d"(offset),
		       "S"(len), "D"(sel)
		     : "r8", "r9", "r10", "r11", "memory");
#else
	asm volatile("int $0x80"
		     : "=a"(r)
		     : "a"(SYS_prctl), "b"((long)option), "c"((long)mode),
		       "d"((long)offset), "S"((long)len), "D"((long)sel)
		     : "memory");
#endif
	return (int)r;
}

long sud_prctl(uint64_t mode, uint64_t offset, uint64_t len, volatile void *sel)
{
	return raw_prctl(PR_SET_SYSCALL_USER_DISPATCH, mode, offset, len,
			 (uintptr_t)sel);
}

bool prctl_served(void)
{
	return !file_contains(PARAMETER, "0");
}

bool kernel_has(int mode)
{
	struct sud_info info;

	CHECK_OK(sud_info(sud_fd, &info));
	return info.native_modes & 1 << mode;
}

bool from_module(void)
{
	return file_contains(PARAMETER, "2") ||
	       (prctl_served() && !kernel_has(SUD_MODE_INCLUSIVE));
}

void prctl_start(void)
{
	handle_sigsys();
	selector = SUD_SELECTOR_ALLOW;
}

void unload_first(void)
{
	close(sud_fd);
	if (!module_unload())
		FAIL("unload: %s", strerror(errno));
}

void load_again(void)
{
	if (!module_load())
		FAIL("load: %s", strerror(errno));
	sud_fd = sud_open();
	CHECK_OK(sud_fd);
}

#ifdef __LP64__
void need_default(void)
{
	if (getenv("SUD_PRCTL_PARAM"))
		SKIP("it is shown in the run without the parameter");
}
#endif
