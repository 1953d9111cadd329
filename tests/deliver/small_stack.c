// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest with a small stack, as a goroutine's, whose end must not be overrun: what a
 * handler needs there. What libsud needs is in libsud_stack.c.
 */
#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/small_stack.h"
#include "lib/upcalls.h"

/* Less than a signal frame has, by what the CPU saves without AVX. */
#define SMALL 1024

static char own_stack[65536] __attribute__((aligned(64)));
static int handler_flags;

/* The kernel kills by SIGSEGV, a handler of which would have to have a frame, too. */
static void by_signal(void)
{
	stack_t own = { .ss_sp = own_stack, .ss_size = sizeof(own_stack) };
	struct sigaction sa;

	small_stack_make(SMALL);
	handle_sigsys();
	CHECK_OK(sigaction(SIGSYS, NULL, &sa));
	sa.sa_flags |= handler_flags;
	CHECK_OK(sigaltstack(&own, NULL));
	CHECK_OK(sigaction(SIGSYS, &sa, NULL));
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	selector = SUD_SELECTOR_BLOCK;
	CHECK_EQ(call_on_small_stack(MAGIC_NR), MAGIC_NR);
	CHECK_EQ(seen.count, 1);
	CHECK_EQ(seen.uc.uc_mcontext.gregs[REG_RSP], small_stack_sp);
}

TEST_BOTH(signal, "SIGSYS kills by SIGSEGV where its frame has no room")
{
	handler_flags = 0;
	expect_death(by_signal, SIGSEGV);
}

TEST_BOTH(signal_onstack, "with SA_ONSTACK its handler has a stack of its own")
{
	handler_flags = SA_ONSTACK;
	by_signal();
}

/* What a handler in C does with a stack. */
__attribute__((used)) static long handle_upcall(void)
{
	volatile char room[4096];

	for (unsigned int i = 0; i < sizeof(room); i++)
		room[i] = i;
	up_count++;
	return RESULT + room[1] - 1;
}

/* Entries that call it: on the guest's stack, and on own_stack. */
extern char entry_guest_stack[], entry_own_stack[];
static volatile uint64_t guest_sp __attribute__((used));

asm(".text\n"
    ".macro call_handler\n\t"
    ".irp r, rcx, r11, rdi, rsi, rdx, r8, r9, r10\n\t"
    "pushq %\\r\n\t"
    ".endr\n\t"
    "movb $0, selector(%rip)\n\t"
    "call handle_upcall\n\t"
    ".irp r, r10, r9, r8, rdx, rsi, rdi, r11, rcx\n\t"
    "popq %\\r\n\t"
    ".endr\n\t"
    ".endm\n"
    "entry_guest_stack:\n\t"
    "leaq -128(%rsp), %rsp\n\t" /* the red zone */
    "pushq %rbp\n\t"
    "movq %rsp, %rbp\n\t"
    "andq $-16, %rsp\n\t"
    "call_handler\n\t"
    "movq %rbp, %rsp\n\t"
    "popq %rbp\n\t"
    "leaq 128(%rsp), %rsp\n\t"
    "jmp *%rcx\n"
    "entry_own_stack:\n\t"
    "movq %rsp, guest_sp(%rip)\n\t"
    "leaq own_stack+65536(%rip), %rsp\n\t"
    "call_handler\n\t"
    "movq guest_sp(%rip), %rsp\n\t"
    "jmp *%rcx\n");

static void arm_entry(void *entry)
{
	struct sud_config c = config_upcall(false);

	c.upcall_entry = (uintptr_t)entry;
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_set(sud_fd, &c));
	selector = SUD_SELECTOR_BLOCK;
}

static void upcall_guest_stack(void)
{
	small_stack_make(SMALL);
	arm_entry(entry_guest_stack);
	call_on_small_stack(MAGIC_NR);
}

TEST(upcall, "an upcall whose entry uses the guest's stack overruns it")
{
	small_stack_make(16384);
	arm_entry(entry_guest_stack);
	CHECK_EQ(call_on_small_stack(MAGIC_NR), RESULT);
	CHECK_EQ(up_count, 1);
	CHECK_OK(disarm());
	expect_death(upcall_guest_stack, SIGSEGV);
}

TEST(upcall_own_stack, "one that switches stacks needs none of the guest's")
{
	small_stack_make(0);
	arm_entry(entry_own_stack);
	CHECK_EQ(call_on_small_stack(MAGIC_NR), RESULT);
	CHECK_EQ(up_count, 1);
}

TEST(upcall_frames, "nor does a frame lie on it")
{
	small_stack_make(0);
	arm_upcall(true);
	selector = SUD_SELECTOR_BLOCK;
	CHECK_EQ(call_on_small_stack(MAGIC_NR), RESULT);
	CHECK_EQ(up_count, 1);
}
