// SPDX-License-Identifier: GPL-2.0-only
/*
 * Upcalls with frames and vfork: the child runs on its parent's memory, and so on the
 * parent's stack of frames, while the parent waits in its entry.
 */
#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/upcalls.h"

/*
 * The entry makes a blocked vfork itself, and gives all else RESULT. Of the guest it
 * uses rcx, r11, the flags, and r8, which the guest leaves to it: a register is a
 * thread's own, also where its memory is not.
 *
 * pop_late: both of vfork's threads pop the frame when they are back from it.
 */
extern char vfork_entry[], child_ip[];
static volatile unsigned char pop_late __attribute__((used));
/* The top, as the parent finds it after the call. */
static volatile uint64_t parent_top;
/* What the child's own call gave. */
static volatile long child_result;

asm(".text\n"
    ".macro pop_to_r8\n\t"
    "movq up_top(%rip), %rcx\n\t"
    "movq (%rcx), %r8\n\t"
    "leaq 32(%rcx), %rcx\n\t"
    "movq %rcx, up_top(%rip)\n\t"
    ".endm\n"
    "vfork_entry:\n\t"
    "movb $0, selector(%rip)\n\t"
    "cmpl $58, %eax\n\t" /* vfork */
    "jne 2f\n\t"
    "cmpb $0, pop_late(%rip)\n\t"
    "jne 1f\n\t"
    "pop_to_r8\n\t"
    "syscall\n\t"
    "jmp *%r8\n"
    "1:\n\t"
    "syscall\n\t"
    "testq %rax, %rax\n\t"
    /* The parent has lost its way back: it goes where the test knows. */
    "jnz lost_parent\n\t"
    "pop_to_r8\n\t"
    "jmp *%r8\n"
    "2:\n\t"
    "pop_to_r8\n\t"
    "movl $4711, %eax\n\t"
    "jmp *%r8\n");

/* The guest: a vfork, and in the child another call, and its end. */
__attribute__((noinline, noclone)) static long guest(void)
{
	long pid;

	asm volatile("movb $1, selector(%%rip)\n\t"
		     "movl $58, %%eax\n\t"
		     "syscall\n\t"
		     "testq %%rax, %%rax\n\t"
		     "jnz lost_parent\n\t"
		     "movb $1, selector(%%rip)\n\t"
		     "movl %[magic], %%eax\n\t"
		     "syscall\n"
		     "child_ip:\n\t"
		     "movb $0, selector(%%rip)\n\t"
		     "movq %%rax, %[result]\n\t"
		     "movl $60, %%eax\n\t" /* exit */
		     "xorl %%edi, %%edi\n\t"
		     "syscall\n"
		     "lost_parent:\n\t"
		     : "=&a"(pid), [result] "=m"(child_result)
		     : [magic] "i"(MAGIC_NR)
		     : "rcx", "rdi", "r8", "r11", "cc", "memory");
	parent_top = up_top;
	return pid;
}

static void vfork_as(bool late, unsigned int flags)
{
	struct sud_config c = config_upcall(true);
	int status;
	long pid;

	pop_late = late;
	c.upcall_entry = (uintptr_t)vfork_entry;
	c.flags = flags;
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_set(sud_fd, &c));
	pid = guest();
	CHECK_OK(disarm());
	CHECK(pid > 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

static uint64_t empty_top(void)
{
	return (uintptr_t)up_frames + sizeof(up_frames);
}

static uint64_t last_ip(void)
{
	const struct sud_upcall_frame *f = (void *)(up_frames + FRAMES_SIZE);

	return f[-1].ip;
}

TEST(popped_first,
     "an entry that pops its frame before it makes vfork: both go on")
{
	vfork_as(false, 0);
	/* The child was off. */
	CHECK_EQ(child_result, -ENOSYS);
	CHECK_EQ(parent_top, empty_top());
	vfork_as(false, SUD_FLAG_INHERIT_FORK);
	CHECK_EQ(child_result, RESULT);
	CHECK_EQ(parent_top, empty_top());
}

TEST(popped_late, "one that pops it after: the child has taken its parent's")
{
	vfork_as(true, 0);
	CHECK_EQ(child_result, -ENOSYS);
	/* Nothing is left for the parent, whose frame this was. */
	CHECK_EQ(parent_top, empty_top());
	CHECK(last_ip() != (uintptr_t)child_ip);
	vfork_as(true, SUD_FLAG_INHERIT_FORK);
	CHECK_EQ(child_result, RESULT);
	CHECK_EQ(parent_top, empty_top());
	/* And the child's call has overwritten it. */
	CHECK_EQ(last_ip(), (uintptr_t)child_ip);
}
