// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "boot.h"
#include "boot_labels.h"
#include "memory.h"
#include "sud.h"
#include "sudctl/sudctl.h"

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

#define CS_64BIT 0x33

extern const char handler_text[], handler_text_end[];
extern const char boot_text[], boot_text_end[];

static int device;

bool boot_open(void)
{
	struct sud_info info = { .size = sizeof(info) };

	device = open(SUD_DEVICE, O_RDWR | O_CLOEXEC);
	if (device < 0) {
		sudctl_error("%s: %s; sudctl doctor says what to do",
			     SUD_DEVICE, strerror(errno));
		return false;
	}
	if (ioctl(device, SUD_IOC_INFO, &info) ||
	    !(info.deliveries & 1U << SUD_DELIVER_UPCALL)) {
		sudctl_error(
			"the module is older than sudctl, and cannot hand calls over");
		return false;
	}
	return true;
}

static const char *set_task(pid_t tid, const struct space *space, int slot)
{
	struct sud_config config = { .size = sizeof(config) };
	struct sud_task_config args = {
		.size = sizeof(args),
		.tid = tid,
		.config = (uintptr_t)&config,
	};

	if (space) {
		config.mode = SUD_MODE_EXCLUSIVE;
		config.offset = space->base;
		config.len = TEXT_SIZE;
		config.delivery = SUD_DELIVER_UPCALL;
		config.upcall_entry = space_entry(space, slot);
	}
	if (!ioctl(device, SUD_IOC_SET_TASK, &args))
		return NULL;
	switch (errno) {
	case ESRCH:
		/* It has died meanwhile, and its end is reported. */
		return NULL;
	case EPERM:
		return "the administrator does not allow that threads are armed";
	case EBUSY:
		return "the kernel's own prctl has armed it";
	case ENOTTY:
		return "the module is older than sudctl";
	}
	return strerror(errno);
}

const char *boot_arm(struct tracee *tracee, struct space *space)
{
	int slot = space_take_slot(space, tracee);
	const char *why;

	if (slot < 0)
		return "too many threads have come from one program";
	why = set_task(tracee->tid, space, slot);
	if (why) {
		space_give_slot(space, slot);
		return why;
	}
	tracee->space = space_get(space);
	tracee->slot = slot;
	return NULL;
}

int boot_slot(pid_t tid, const struct space *space)
{
	struct sud_config config = { .size = sizeof(config) };
	struct sud_task_config args = {
		.size = sizeof(args),
		.tid = tid,
		.config = (uintptr_t)&config,
	};

	if (ioctl(device, SUD_IOC_GET_TASK, &args) ||
	    config.mode != SUD_MODE_EXCLUSIVE || config.offset != space->base)
		return -1;
	return space_slot_of(space, config.upcall_entry);
}

void boot_disarm(struct tracee *tracee)
{
	if (tracee->slot >= 0)
		set_task(tracee->tid, NULL, 0);
}

static const char *get_regs(const struct tracee *tracee,
			    struct user_regs_struct *regs)
{
	struct iovec part = { regs, sizeof(*regs) };

	if (ptrace(PTRACE_GETREGSET, tracee->tid, (void *)1L, &part))
		return strerror(errno);
	if (part.iov_len != sizeof(*regs) || regs->cs != CS_64BIT)
		return "it is a 32-bit program";
	return NULL;
}

/* A call that the stop has interrupted is made again, as the kernel would. */
static void finish_restart(struct user_regs_struct *regs)
{
	if ((long)regs->orig_rax < 0)
		return;
	switch ((long)regs->rax) {
	case -516: /* ERESTART_RESTARTBLOCK */
		regs->rax = SYS_restart_syscall;
		regs->rip -= 2;
		break;
	case -512: /* ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND */
	case -513:
	case -514:
		regs->rax = regs->orig_rax;
		regs->rip -= 2;
		break;
	}
	regs->orig_rax = -1;
}

#define BOOT_SIZE AT_boot_size
#define ROOM 1024

_Static_assert(BOOT_SIZE <= ROOM, "boot.S fits");

/* Sends the thread through boot.S from @label on, with these two registers. */
static const char *start_at(struct tracee *tracee, uint64_t label, uint64_t rdi,
			    uint64_t rsi)
{
	struct user_regs_struct now;
	const char *why = get_regs(tracee, &tracee->boot_regs);
	char code[ROOM];
	struct mapping vdso;
	uint64_t at;
	size_t i;

	if (why)
		return why;
	/* A filter of the program's may kill for a call that it does not know. */
	if (memory_status(tracee->tid, "Seccomp", 10) > 0)
		return "it runs under a seccomp filter";
	now = tracee->boot_regs;
	finish_restart(&tracee->boot_regs);

	if (!memory_find(tracee->tid, "[vdso]", &vdso))
		return "it has no vDSO";
	at = (vdso.end - BOOT_SIZE) & ~15UL;
	if (memory_read(tracee->tid, at, code, BOOT_SIZE) != BOOT_SIZE)
		return "its vDSO cannot be read";
	for (i = 0; i < BOOT_SIZE; i++)
		if (code[i])
			return "its vDSO has no room";
	memcpy(code, boot_text, BOOT_SIZE);
	memcpy(code + AT_boot_regs, &tracee->boot_regs,
	       AT_boot_size - AT_boot_regs);
	if (!memory_write(tracee->tid, at, code, BOOT_SIZE))
		return "its vDSO cannot be written";
	now.rdi = rdi;
	now.rsi = rsi;
	now.rip = at + label;
	now.orig_rax = -1;
	if (ptrace(PTRACE_SETREGS, tracee->tid, 0, &now))
		return strerror(errno);
	tracee->boot_at = at;
	return NULL;
}

/* The thread has made the last call of boot.S, and goes on where it was. */
static void end(struct tracee *tracee)
{
	static const char nothing[ROOM];

	if (!ptrace(PTRACE_SETREGS, tracee->tid, 0, &tracee->boot_regs))
		memory_write(tracee->tid, tracee->boot_at, nothing, BOOT_SIZE);
}

const char *boot_start(struct tracee *tracee)
{
	return start_at(tracee, AT_boot, 0, 0);
}

const char *boot_leave(struct tracee *tracee)
{
	return start_at(tracee, AT_unmap, tracee->space->base, SPACE_SIZE);
}

/* The file that boot.S has made becomes the space. */
static const char *take_file(struct tracee *tracee, long number)
{
	int process, file;

	if (number < 0)
		return strerror(-number);
	process = syscall(SYS_pidfd_open, tracee->process, 0);
	if (process < 0)
		return strerror(errno);
	file = syscall(SYS_pidfd_getfd, process, (int)number, 0);
	close(process);
	if (file < 0)
		return strerror(errno);
	tracee->boot_space = space_new(file);
	if (tracee->boot_space)
		return NULL;
	close(file);
	return strerror(errno);
}

static const char *finish(struct tracee *tracee, long base)
{
	struct space *space = tracee->boot_space;
	const char *why;

	if (base < 0)
		return strerror(-base);
	if (!space)
		return "it was not seen to begin";
	space->base = base;
	if (!memory_write(tracee->tid, base, handler_text,
			  handler_text_end - handler_text))
		return "its memory cannot be written";
	why = boot_arm(tracee, space);
	tracee->boot_space = NULL;
	space_put(space);
	return why;
}

enum boot_step boot_stop(struct tracee *tracee, const char **why)
{
	struct user_regs_struct regs;

	*why = get_regs(tracee, &regs);
	if (*why)
		return BOOT_FAILED;
	/* A stop as the call begins has the same address. */
	if (regs.rax == (uint64_t)-ENOSYS)
		return BOOT_GOES_ON;
	if (regs.rip == tracee->boot_at + AT_boot_file) {
		/* Without a space, boot.S is left to run to its end. */
		*why = take_file(tracee, regs.rax);
		return *why ? BOOT_FAILED : BOOT_GOES_ON;
	}
	if (regs.rip == tracee->boot_at + AT_unmap_end) {
		end(tracee);
		return BOOT_DONE;
	}
	if (regs.rip == tracee->boot_at + AT_boot_end) {
		*why = finish(tracee, regs.rbx);
		end(tracee);
		return *why ? BOOT_FAILED : BOOT_DONE;
	}
	return BOOT_GOES_ON;
}
