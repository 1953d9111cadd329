// SPDX-License-Identifier: GPL-2.0-only
#include "tls.h"

#include <asm/prctl.h>
#include <sys/auxv.h>

#include "harness.h"
#include "sigsys.h"
#include "sites.h"

__thread volatile unsigned char tls_selector;

#ifdef __LP64__
__thread volatile uint64_t tls_top, tls_ups;

asm(".globl entry_tls\n"
    "entry_tls:\n\t"
    "movq %fs:tls_top@tpoff, %rcx\n\t"
    "movq (%rcx), %r11\n\t"
    "addq $32, %rcx\n\t"
    "movq %rcx, %fs:tls_top@tpoff\n\t"
    "incq %fs:tls_ups@tpoff\n\t"
    "movb $0, %fs:tls_selector@tpoff\n\t"
    "movl $4711, %eax\n\t"
    "jmp *%r11\n");

uint64_t fs_base(void)
{
	uint64_t base;

	CHECK_OK(syscall(SYS_arch_prctl, ARCH_GET_FS, &base));
	return base;
}

uint64_t from_fs(const volatile void *p)
{
	return (uintptr_t)p - fs_base();
}

bool has_wrfsbase(void)
{
	return getauxval(AT_HWCAP2) & 2;
}

void set_fs_base(uint64_t base)
{
	asm volatile("wrfsbase %0" : : "r"(base) : "memory");
}

struct sud_config config_fs(unsigned int flags)
{
	return (struct sud_config){
		.size = sizeof(struct sud_config),
		.mode = SUD_MODE_EXCLUSIVE,
		.offset = (uintptr_t)site_b,
		.len = site_b_end - (char *)site_b,
		.selector = from_fs(&tls_selector),
		.flags = SUD_FLAG_SELECTOR_FS | flags,
	};
}
#endif
