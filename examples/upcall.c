// SPDX-License-Identifier: GPL-2.0-only
/*
 * Upcalls by hand: a blocked call continues in code of the program's own, for
 * about the price of a plain call. In the form in registers rcx holds the
 * address after the instruction and rax the number; every other register but
 * r11 is as the caller left it.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdint.h>
#include <sys/syscall.h>
#include "sud.h"

/*
 * The entry answers getppid and makes every other call itself: its own syscall
 * instruction lies in the region, from which calls run. Calls that make a child
 * and rt_sigreturn depend on the stack pointer, so that they need more than this:
 * tools/libsud makes them.
 */
extern char entry[], region[], region_end[];
__asm__(".text\n"
	"region:\n"
	"entry:\n\t"
	"cmpl $110, %eax\n\t" /* __NR_getppid */
	"jne 1f\n\t"
	"movl $4711, %eax\n\t"
	"jmp *%rcx\n"
	"1:\n\t"
	"subq $128, %rsp\n\t" /* not into the caller's red zone */
	"pushq %rcx\n\t"
	"syscall\n\t"
	"popq %rcx\n\t"
	"leaq 128(%rsp), %rsp\n\t"
	"jmp *%rcx\n"
	"region_end:\n\t"
	"nop\n");

static long call(long number)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number)
			 : "rcx", "r11", "memory");
	return result;
}

int main(void)
{
	struct sud_config config = {
		.size = sizeof(config),
		.mode = SUD_MODE_EXCLUSIVE,
		.offset = (uintptr_t)region,
		.len = region_end - region,
		.delivery = SUD_DELIVER_UPCALL,
		.upcall_entry = (uintptr_t)entry,
	};
	int fd = sud_open();
	long pid = call(SYS_getpid), answer, same;

	if (fd < 0 || sud_set(fd, &config)) {
		perror(SUD_DEVICE);
		return 1;
	}
	/* No selector: every call from outside the region is an upcall. */
	answer = call(SYS_getppid);
	same = call(SYS_getpid);
	printf("getppid() = %ld, and getpid() is still right: %s\n", answer,
	       same == pid ? "yes" : "no");
	return answer != 4711 || same != pid;
}
