// SPDX-License-Identifier: GPL-2.0-only
#include "small_stack.h"

#include "harness.h"
#include "memory.h"

#ifdef __LP64__
#define STACK_PAGES 4

uintptr_t small_stack_sp;

void small_stack_make(unsigned int room)
{
	/* The page before it cannot be had. */
	char *stack = pages(1 + STACK_PAGES);

	CHECK(room <= STACK_PAGES * PAGE);
	CHECK_OK(mprotect(stack, PAGE, PROT_NONE));
	small_stack_sp = (uintptr_t)stack + PAGE + room;
}

long call_on_small_stack(long nr)
{
	asm volatile("movq %%rsp, %%r12\n\t"
		     "movq %[sp], %%rsp\n\t"
		     "syscall\n\t"
		     "movq %%r12, %%rsp\n\t"
		     : "+a"(nr)
		     : [sp] "r"(small_stack_sp)
		     : "rcx", "r11", "r12", "memory", "cc");
	return nr;
}
#endif
