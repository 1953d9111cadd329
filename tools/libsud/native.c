// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * sud_call_native(): the guest's call, made from within the handler as if the guest
 * had made it itself. What is hard is a child: it has to go on at the guest's
 * instruction, with the guest's registers and stack pointer.
 *
 * A child that has memory of its own, and neither a new stack nor a new FS, comes out
 * of the handler like its parent, from its copy of the parent's stack. Every other
 * child goes straight to the guest, from a struct sud_call which lies
 *   in the handler, for one with memory of its own;
 *   on the new stack, below the red zone, for one that shares memory;
 *   in the handler, for one that shares memory and stack: vfork's. What the child
 *	may destroy there is put aside, see sud_clone() in calls.S; and so its
 *	parent has to sleep until it is gone.
 *
 * Nothing here uses FS where the thread's handler is the process's, and nothing uses
 * vector registers, which may be the guest's.
 */
#include <errno.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <signal.h>
#include <ucontext.h>

#include "internal.h"
#include "no_vectors.h"

#ifndef SYS_USER_DISPATCH
#define SYS_USER_DISPATCH 2
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif

#define RED_ZONE 128
#define PAGE 4096

/* calls.S knows the offsets. */
struct sud_clone {
	uint64_t nr, rdi, rsi, rdx, r10, r8;
	const struct sud_call *child; /* what it starts with */
	const void *vectors; /* the guest's, or NULL: they are loaded */
	uint64_t save_end; /* or 0 */
	struct sud_call here; /* place for a child's */
};

_Static_assert(offsetof(struct sud_clone, child) == 48, "K_CHILD");
_Static_assert(offsetof(struct sud_clone, vectors) == 56, "K_VECTORS");
_Static_assert(offsetof(struct sud_clone, save_end) == 64, "K_SAVE_END");
_Static_assert(offsetof(struct sud_call, rsp) == 104, "C_RSP of frame.inc");
_Static_assert(sizeof(struct sud_call) == 128, "C_SIZE of frame.inc");

HIDDEN long sud_clone(const struct sud_clone *clone);

/* Not memcpy(): the C library's uses vector registers. */
static void copy(void *to, const void *from, size_t n)
{
	asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

/* By which entry has the call come? The handler's return address is below it. */
static bool came_by(const struct sud_call *call, const char *back)
{
	return ((const uintptr_t *)call)[-1] == (uintptr_t)back;
}

static bool of_process(const struct sud_call *call)
{
	return came_by(call, sud_process_entry_back) ||
	       came_by(call, sud_process_entry_vectors_back);
}

/* The guest's vector state follows its registers, where it was saved at all. */
static const void *vectors_of(const struct sud_call *call)
{
	if (came_by(call, sud_entry_vectors_back) ||
	    came_by(call, sud_entry_own_vectors_back) ||
	    came_by(call, sud_process_entry_vectors_back))
		return call + 1;
	return NULL;
}

static uint64_t end_of(const struct sud_call *call)
{
	return (uintptr_t)(call + 1) + (vectors_of(call) ? sud_vector_size : 0);
}

/*
 * Memory that the guest names may not be there, and then the kernel has to say so,
 * not a SIGSEGV here. futex() reads or writes one word without a trace, and a program
 * that may make threads may call it, whatever filter it has. Both calls wake and move
 * none.
 */
static bool word_readable(uint64_t at)
{
	return sud_raw_call(SYS_futex, at & -4, FUTEX_CMP_REQUEUE_PRIVATE, 0, 0,
			    at & -4, 0) != -EFAULT;
}

static bool word_writable(uint64_t at)
{
	uint32_t nobody = 0;

	return sud_raw_call(SYS_futex, (long)&nobody, FUTEX_WAKE_OP_PRIVATE, 0,
			    0, at & -4,
			    FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_EQ, 0)) !=
	       -EFAULT;
}

/* Of no more than two pages. */
static bool readable(uint64_t at, size_t size)
{
	return word_readable(at) && word_readable(at + size - 1);
}

static bool writable(uint64_t at, size_t size)
{
	return word_writable(at) && word_writable(at + size - 1);
}

/* The child's own memory, stack and FS are its parent's or copies of it. */
static bool is_fork(uint64_t flags, uint64_t stack)
{
	return !stack && !(flags & (CLONE_VM | CLONE_SETTLS));
}

static bool has_shadow_stack(void)
{
	uint64_t ssp = 0;

	/* It does nothing where there is none. */
	asm volatile("rdsspq %0" : "+r"(ssp));
	return ssp;
}

/* Where clone and clone3 differ, for make_child(). */
struct stack {
	uint64_t top; /* or 0: none was given */
	uint64_t least; /* its lowest address, if it is known */
	bool shares_memory;
	void (*set)(struct sud_clone *clone, uint64_t top); /* 0: none */
	void (*set_flags)(struct sud_clone *clone, uint64_t add, uint64_t drop);
};

static long make_child(const struct sud_call *call, struct sud_clone *clone,
		       const struct stack *stack)
{
	struct sud_call *child = &clone->here;
	uint64_t at = (stack->top - RED_ZONE - sizeof(*child)) & -16;
	/* Its first words, or it itself, would be where the handler runs. */
	bool ours = !stack->top ||
		    (stack->top > (uintptr_t)clone - PAGE && at < end_of(call));

	copy(child, call, sizeof(*child));
	if (stack->top)
		child->rsp = stack->top;
	clone->vectors = vectors_of(call);
	clone->child = child;
	if (!stack->shares_memory) {
		if (ours)
			stack->set(clone, 0);
	} else if (ours && has_shadow_stack()) {
		/*
		 * The child would leave its returns on the parent's shadow stack,
		 * which cannot be put aside: it gets copies, as from fork.
		 */
		stack->set(clone, 0);
		stack->set_flags(clone, CLONE_VFORK, CLONE_VM);
		return sud_raw_call(clone->nr, clone->rdi, clone->rsi,
				    clone->rdx, clone->r10, clone->r8, 0);
	} else if (ours) {
		stack->set(clone, 0);
		stack->set_flags(clone, CLONE_VFORK, 0);
		clone->save_end = end_of(call);
	} else if (at <= stack->least) {
		return -EINVAL;
	} else if (writable(at, sizeof(*child))) {
		copy((void *)at, child, sizeof(*child));
		clone->child = (const struct sud_call *)at;
		stack->set(clone, at);
	} else {
		/* The kernel says what is wrong, or the child dies of it. */
		clone->child = NULL;
	}
	return sud_clone(clone);
}

static void set_stack(struct sud_clone *clone, uint64_t top)
{
	clone->rsi = top;
}

static void set_flags(struct sud_clone *clone, uint64_t add, uint64_t drop)
{
	clone->rdi = (clone->rdi | add) & ~drop;
}

static long native_clone(const struct sud_call *call)
{
	struct sud_clone clone = { .nr = SYS_clone,
				   .rdi = call->rdi,
				   .rsi = call->rsi,
				   .rdx = call->rdx,
				   .r10 = call->r10,
				   .r8 = call->r8 };
	const struct stack stack = { .top = call->rsi,
				     .shares_memory = call->rdi & CLONE_VM,
				     .set = set_stack,
				     .set_flags = set_flags };

	if (is_fork(call->rdi, stack.top))
		return sud_raw_call(SYS_clone, call->rdi, 0, call->rdx,
				    call->r10, call->r8, 0);
	return make_child(call, &clone, &stack);
}

static long native_vfork(const struct sud_call *call)
{
	struct sud_clone clone = { .nr = SYS_clone,
				   .rdi = CLONE_VM | CLONE_VFORK | SIGCHLD };
	const struct stack stack = { .shares_memory = true,
				     .set = set_stack,
				     .set_flags = set_flags };

	return make_child(call, &clone, &stack);
}

/* The first version of struct clone_args, which old headers lack. */
struct args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal;
	uint64_t stack, stack_size, tls;
};

static void set_stack3(struct sud_clone *clone, uint64_t top)
{
	struct args *args = (struct args *)clone->rdi;

	args->stack_size = top ? top - args->stack : 0;
	if (!top)
		args->stack = 0;
}

static void set_flags3(struct sud_clone *clone, uint64_t add, uint64_t drop)
{
	struct args *args = (struct args *)clone->rdi;

	args->flags = (args->flags | add) & ~drop;
}

static long native_clone3(const struct sud_call *call)
{
	size_t size = call->rsi;
	struct sud_clone clone = { .nr = SYS_clone3, .rsi = size };
	struct stack stack = { .set = set_stack3, .set_flags = set_flags3 };
	struct args *args;

	/* The kernel says what is wrong with these. */
	if (size < sizeof(*args) || size > PAGE || !readable(call->rdi, size))
		return sud_raw_call(SYS_clone3, call->rdi, size, 0, 0, 0, 0);
	args = __builtin_alloca(size);
	copy(args, (const void *)call->rdi, size);
	clone.rdi = (uintptr_t)args;
	clone.rdx = call->rdx;
	clone.r10 = call->r10;
	clone.r8 = call->r8;
	stack.shares_memory = args->flags & CLONE_VM;
	/* Half of a stack, or one that wraps, is an error. */
	if (!args->stack != !args->stack_size ||
	    args->stack + args->stack_size < args->stack)
		return sud_raw_call(SYS_clone3, clone.rdi, size, 0, 0, 0, 0);
	if (args->stack) {
		stack.top = args->stack + args->stack_size;
		stack.least = args->stack;
	} else if (is_fork(args->flags, 0)) {
		return sud_raw_call(SYS_clone3, clone.rdi, size, 0, 0, 0, 0);
	}
	return make_child(call, &clone, &stack);
}

static __attribute__((noreturn)) void native_sigreturn(struct sud_call *call)
{
	struct sud_thread *t = of_process(call) ? NULL : &sud_thread;

	/*
	 * The signal's number and code are not needed any more: let it look
	 * like the one whose return the kernel exempts. The siginfo lies behind
	 * the ucontext, which is shorter in the kernel than in the C library.
	 */
	if (t && t->sigreturn_flag) {
		siginfo_t *info =
			(siginfo_t *)(call->rsp +
				      offsetof(ucontext_t, uc_sigmask) + 8);

		info->si_signo = SIGSYS;
		info->si_code = SYS_USER_DISPATCH;
	}
	sud_sigreturn(call->rsp, t && t->has_selector ? t->selector : NULL);
}

long sud_call_native(struct sud_call *call)
{
	/* The kernel looks at the lower half only. */
	switch ((uint32_t)call->rax) {
	case SYS_rt_sigreturn:
		native_sigreturn(call);
	case SYS_vfork:
		return native_vfork(call);
	case SYS_clone:
		return native_clone(call);
	case SYS_clone3:
		return native_clone3(call);
	}
	return sud_raw_call(call->rax, call->rdi, call->rsi, call->rdx,
			    call->r10, call->r8, call->r9);
}

NO_VECTORS_END
