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

const char *boot_start(struct tracee *tracee)
{
	size_t size = boot_text_end - boot_text, i;
	char code[512];
	struct user_regs_struct *regs = &tracee->boot_regs, now;
	uint64_t end, at;
	const char *why = get_regs(tracee, regs);

	if (why)
		return why;
	if (memory_status(tracee->tid, "Seccomp", 10) > 0)
		return "it runs under a seccomp filter";
	end = memory_vdso_end(tracee->tid);
	if (!end)
		return "it has no vDSO";
	at = (end - size) & ~15UL;
	if (size > sizeof(code) ||
	    memory_read(tracee->tid, at, code, size) != size)
		return "its vDSO cannot be read";
	for (i = 0; i < size; i++)
		if (code[i])
			return "its vDSO has no room";
	memcpy(code, boot_text, size);
	now = *regs;
	/* A call that the stop has interrupted is made again, as the kernel would. */
	if ((long)regs->orig_rax >= 0) {
		switch ((long)regs->rax) {
		case -516: /* ERESTART_RESTARTBLOCK */
			regs->rax = SYS_restart_syscall;
			regs->rip -= 2;
			break;
		case -512:
		case -513:
		case -514:
			regs->rax = regs->orig_rax;
			regs->rip -= 2;
			break;
		}
	}
	memcpy(code + AT_boot_regs, regs, AT_boot_size - AT_boot_regs);
	if (!memory_write(tracee->tid, at, code, size))
		return "its vDSO cannot be written";
	now.rip = at;
	now.orig_rax = -1;
	if (ptrace(PTRACE_SETREGS, tracee->tid, 0, &now))
		return strerror(errno);
	tracee->boot_at = at;
	return NULL;
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
		*why = take_file(tracee, regs.rax);
		/* Without a space, boot.S is left to run to its end. */
		return *why ? BOOT_FAILED : BOOT_GOES_ON;
	}
	if (regs.rip == tracee->boot_at + AT_boot_end) {
		*why = finish(tracee, regs.rbx);
		return *why ? BOOT_FAILED : BOOT_DONE;
	}
	return BOOT_GOES_ON;
}
