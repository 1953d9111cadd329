// SPDX-License-Identifier: GPL-2.0-only
/*
 * A handler for signals that ran with the program counter in sudctl's code would see what it
 * would not see without sudctl, and could jump away from there. So a thread that a signal is
 * to be delivered to is moved out first. Where it was says how (AT_* are the labels of
 * handler.S):
 *
 *	entries, common		nothing but rsp and rdi has changed
 *	up to native		back, by the frame: to before its instruction
 *	native_end		the call is over, or interrupted: rax says which
 *	returned up to gone	on, by the frame: to behind its instruction
 *
 * The calls that make a child each have a native of their own. For the one whose child
 * shares the stack, the frame is in the slot.
 */
#include <stddef.h>
#include <string.h>

#include "handler_labels.h"
#include "memory.h"
#include "unwind.h"

#define SYSCALL_SIZE 2

/* What the kernel keeps for itself, and shows a tracer. */
static bool restarts(const struct user_regs_struct *regs)
{
	switch ((long)regs->orig_rax < 0 ? 0 : (long)regs->rax) {
	case -512: /* ERESTARTSYS */
	case -513: /* ERESTARTNOINTR */
	case -514: /* ERESTARTNOHAND */
	case -516: /* ERESTART_RESTARTBLOCK */
		return true;
	}
	return false;
}

static void restore(struct user_regs_struct *regs, const struct frame *f)
{
	regs->rdi = f->args[0];
	regs->rsi = f->args[1];
	regs->rdx = f->args[2];
	regs->r10 = f->args[3];
	regs->r8 = f->args[4];
	regs->r9 = f->args[5];
	regs->rcx = f->ip;
	regs->r11 = f->flags;
	regs->rbx = f->rbx;
	regs->eflags = f->flags;
}

/* The call is yet to be made. */
static bool is_before(uint64_t at, const struct slot *slot)
{
	if (at >= AT_functions)
		return !slot->over;
	return at <= AT_native ||
	       (at >= AT_special && at <= AT_sigreturn_native) ||
	       (at >= AT_fork && at <= AT_fork_native) ||
	       (at >= AT_vfork && at <= AT_vfork_native) ||
	       (at >= AT_new_stack && at <= AT_new_stack_native);
}

/* The call's result is in rax, and nowhere else yet. */
static bool result_in_rax(uint64_t at)
{
	return at == AT_native_end || (at >= AT_fork_end && at < AT_vfork) ||
	       (at >= AT_vfork_end && at < AT_vfork_child) ||
	       (at >= AT_new_stack_end && at < AT_functions);
}

static enum unwound unwind_entry(const struct tracee *tracee, uint64_t at,
				 struct user_regs_struct *regs)
{
	uint64_t rdi;

	/* The first instruction makes room, the second saves rdi. */
	if (at >= AT_common || at % 32) {
		if ((at >= AT_common || at % 32 > 8) &&
		    memory_read(tracee->tid, regs->rsp + FRAME_RDI, &rdi, 8) ==
			    8)
			regs->rdi = rdi;
		regs->rsp += FRAME_BELOW;
	}
	regs->rip = regs->rcx - SYSCALL_SIZE;
	return UNWOUND_BEFORE;
}

enum unwound unwind(struct tracee *tracee, struct user_regs_struct *regs,
		    int64_t *result, bool *recorded)
{
	struct slot *slot;
	struct frame f;
	uint64_t at;
	bool again;

	if (!tracee->space || tracee->slot < 0)
		return UNWOUND_NOT;
	at = regs->rip - tracee->space->base;
	if (at >= TEXT_SIZE)
		return UNWOUND_NOT;
	if (at == AT_gone) {
		regs->rip = regs->rcx;
		return UNWOUND_NOT;
	}
	if (at < AT_framed)
		return unwind_entry(tracee, at, regs);

	slot = space_slot(tracee->space, tracee->slot);
	if (at >= AT_vfork_end && at < AT_vfork_child)
		f = slot->saved;
	else if (memory_read(tracee->tid, slot->frame, &f, sizeof(f)) !=
		 sizeof(f))
		return UNWOUND_NOT;

	*recorded = slot->active != ACTIVE_CALL ||
		    slot->head != slot->head_before;
	/* The kernel goes on with a restart as it would behind the caller's instruction. */
	again = restarts(regs) && result_in_rax(at);
	*result = result_in_rax(at) ? regs->rax : f.result;
	restore(regs, &f);
	regs->rsp = slot->frame + FRAME_BELOW;
	if (is_before(at, slot)) {
		regs->rip = f.ip - SYSCALL_SIZE;
		regs->rax = f.nr;
		regs->orig_rax = -1;
		if (slot->rule)
			slot->rule_hits[slot->rule - 1]--;
		slot->rule = 0;
		slot->active = ACTIVE_NOT;
		return UNWOUND_BEFORE;
	}
	regs->rip = f.ip;
	/* Behind rt_sigreturn's: its frame was not one, and the signal is for that. */
	if (at <= AT_sigreturn_native || at >= AT_fork)
		regs->rax = *result;
	if (!again)
		regs->orig_rax = -1;
	return UNWOUND_AFTER;
}

bool unwind_child(pid_t tid, const struct space *space,
		  struct user_regs_struct *regs)
{
	uint64_t at = regs->rip - space->base, from, above;
	struct frame f;

	switch (at) {
	case AT_fork_end:
		from = regs->rsp;
		above = FRAME_BELOW;
		break;
	case AT_new_stack_end:
		from = regs->rsp;
		above = FRAME_SIZE;
		break;
	case AT_vfork_end:
		from = regs->r9;
		above = 0;
		break;
	default:
		return false;
	}
	if (memory_read(tid, from, &f, sizeof(f)) != sizeof(f))
		return false;
	restore(regs, &f);
	regs->rsp += above;
	regs->rip = f.ip;
	regs->orig_rax = -1;
	return true;
}

bool unwind_fault(const struct tracee *tracee, struct user_regs_struct *regs)
{
	uint64_t at;

	if (!tracee->space || tracee->slot < 0)
		return false;
	at = regs->rip - tracee->space->base;
	if (at < AT_copy_begin || at >= AT_copy_fault)
		return false;
	regs->rip = tracee->space->base + AT_copy_fault;
	return true;
}
