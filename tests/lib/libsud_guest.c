// SPDX-License-Identifier: GPL-2.0-only
#include "libsud_guest.h"

#include "harness.h"
#include "sites.h"
#include "upcalls.h"

volatile int note_calls;

struct sud_call noted;

void spoil(void)
{
	asm volatile("pxor %%xmm0, %%xmm0\n\t"
		     "pxor %%xmm7, %%xmm7\n\t"
		     "pxor %%xmm15, %%xmm15\n\t"
		     "movl $0x5555, %%eax\n\t"
		     "movl %%eax, %%ecx\n\t"
		     "movl %%eax, %%edx\n\t"
		     "movl %%eax, %%esi\n\t"
		     "movl %%eax, %%edi\n\t"
		     "movl %%eax, %%r8d\n\t"
		     "movl %%eax, %%r9d\n\t"
		     "movl %%eax, %%r10d\n\t"
		     "movl %%eax, %%r11d\n\t" ::
			     : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9",
			       "r10", "r11", "xmm0", "xmm7", "xmm15", "cc",
			       "memory");
}

static volatile double third = 3;

long note(struct sud_call *call)
{
	char text[64];
	unsigned long flags;

	asm volatile("pushfq; popq %0" : "=r"(flags));
	CHECK_EQ(flags & 0x400, 0);
	note_calls++;
	noted = *call;
	/* The C library at work, vectors, x87 and all. */
	snprintf(text, sizeof(text), "%.3f %.3Lf", 1 / third,
		 (long double)1 / third);
	CHECK(!strcmp(text, "0.333 0.333"));
	spoil();
	return RESULT;
}

long pass_or_note(struct sud_call *call)
{
	if (call->rax == MAGIC_NR)
		return note(call);
	return sud_call_native(call);
}

char guest_stack[256 * 1024] __attribute__((aligned(16)));

struct sud_options at_site_a(unsigned int flags, bool own_stack)
{
	return (struct sud_options){
		.mode = SUD_MODE_INCLUSIVE,
		.flags = flags,
		.offset = (uintptr_t)site_a,
		.len = site_a_end - (char *)site_a,
		.stack = own_stack ? guest_stack : NULL,
		.stack_size = own_stack ? sizeof(guest_stack) : 0,
	};
}

void install_at(sud_handler handler, unsigned int flags, bool own_stack)
{
	struct sud_options o = at_site_a(flags, own_stack);

	CHECK_OK(sud_upcall_install(handler, &o));
}

void install(sud_handler handler)
{
	install_at(handler, 0, false);
	sud_call_block();
}
