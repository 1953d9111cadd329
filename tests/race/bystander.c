// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that are not armed here: none of their calls is ever handed over,
 * while the module is loaded and unloaded. Two kinds come by the hook all the
 * same: those with a seccomp filter, on 5.10; and those that the kernel's own
 * prctl has armed.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include "race.h"

enum { PLAIN, FILTERED, NATIVE, KINDS_OF_BYSTANDER };

static void natural_calls(struct self *s)
{
	for (int i = 0; i < 40; i++)
		CHECK_EQ(s, "a bystander's getpid", sys(SYS_getpid), s->pid);
	count_n(K_bystander, 40);
}

/*
 * Who is armed, while they come and go. The descriptor is closed at once: it keeps the
 * module loaded.
 */
static void list_armed(struct self *s)
{
	struct sud_list_entry some[5];
	struct sud_list list = {
		.size = sizeof(list),
		.entries = (u64)some,
		.entry_size = sizeof(some[0]),
	};
	long fd = sys(SYS_open, SUD_DEVICE, O_RDWR | O_CLOEXEC);
	int last = 0;

	/* It is just not loaded. */
	if (fd < 0)
		return;
	do {
		list.count = ARRAY_SIZE(some);
		CHECK_EQ(s, "LIST", sys(SYS_ioctl, fd, SUD_IOC_LIST, &list), 0);
		for (u32 i = 0; i < list.count; i++) {
			CHECK_EQ(s, "listed in order", some[i].tid > last, 1);
			CHECK_EQ(s, "listed with a process", some[i].pid > 0,
				 1);
			CHECK_EQ(s, "listed in a mode",
				 some[i].config.mode == SUD_MODE_EXCLUSIVE ||
					 some[i].config.mode ==
						 SUD_MODE_INCLUSIVE,
				 1);
			last = some[i].tid;
		}
		count_n(K_list, list.count);
	} while (list.cursor);
	sys(SYS_close, fd);
}

static void native_calls(struct self *s)
{
	for (int i = 0; i < 20; i++) {
		s->selector = SUD_SELECTOR_BLOCK;
		call_nr(s, own_cell(s), WAY_SYSCALL, HAND, NR_DISPATCHED);
		s->selector = SUD_SELECTOR_ALLOW;
		call_nr(s, own_cell(s), WAY_SYSCALL, RUN, NR_NATURAL);
	}
	count_n(K_bystander, 40);
}

static void filter_nothing(void)
{
	struct sock_filter code = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog filter = { 1, &code };

	sys(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

static void arm_natively(struct self *s)
{
	s->model = (struct model){ .c.mode = SUD_MODE_EXCLUSIVE,
				   .c.selector = (u64)&s->selector,
				   .selector = &s->selector };
	s->solo = true;
	CHECK_EQ(s, "prctl", sys(SYS_prctl, 59, 1, 0, 0, (long)&s->selector),
		 0);
}

void bystander(struct slot *slot)
{
	struct self *s = &selves[0];
	int kind = (slot - sh->slots) % KINDS_OF_BYSTANDER;

	process_init(slot);
	call_init();
	signals_init();
	s->beat = &slot->beat[0];
	call_thread(s);
	set_gs(s);
	s->pid = proc.pid;
	s->tid = proc.pid;
	s->beat->tid = proc.pid;
	s->rng = mix(sh->seed);
	if (kind == FILTERED)
		filter_nothing();
	if (kind == NATIVE && sh->native)
		arm_natively(s);
	while (!sh->stop) {
		if (kind == NATIVE && sh->native)
			native_calls(s);
		else
			natural_calls(s);
		/* At a round's end nobody is to hold the module. */
		if (kind != NATIVE && s->beat->moves % 8 == 0 && !sh->quiesce)
			list_armed(s);
		s->beat->moves++;
		sleep_us(3000);
	}
	process_exit(0);
}
