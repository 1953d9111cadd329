// SPDX-License-Identifier: GPL-2.0-only
/* The ways, and what brings a thread there that needs no other process. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sud.h>

#include "bench.h"

extern char site_a[], site_a_end[];
void bench_entry_regs(void);
void bench_entry_frames(void);

static uint64_t frames[64];
uint64_t bench_frames_top;

static void nothing(void)
{
}

static void on_sigsys(int sig)
{
	(void)sig;
	/* The return is a call, too. */
	selector = SUD_SELECTOR_ALLOW;
}

static int filter_install(struct sock_filter *filter, unsigned short len,
			  unsigned int flags)
{
	struct sock_fprog prog = { len, filter };

	need(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
}

int filter_getpid(unsigned int action, unsigned int flags)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return filter_install(filter, 4, flags);
}

static void seccomp_allow(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	need(filter_install(filter, 1, 0), "seccomp");
}

static void seccomp_trap(void)
{
	signal(SIGSYS, on_sigsys);
	need(filter_getpid(SECCOMP_RET_TRAP, 0), "seccomp");
}

static void native(uintptr_t offset, uintptr_t len)
{
	signal(SIGSYS, on_sigsys);
	need(prctl(PR_SUD, SUD_MODE_EXCLUSIVE, offset, len, &selector),
	     "prctl");
}

static void native_region(void)
{
	native((uintptr_t)site_a, site_a_end - site_a);
}

static void native_selector(void)
{
	native(0, 0);
}

static void module(uintptr_t offset, uintptr_t len)
{
	signal(SIGSYS, on_sigsys);
	need(sud_arm(sud_open(), SUD_MODE_EXCLUSIVE, offset, len, &selector),
	     "SUD_IOC_SET");
}

static void module_region(void)
{
	module((uintptr_t)site_a, site_a_end - site_a);
}

static void module_selector(void)
{
	module(0, 0);
}

static void upcall(void (*entry)(void), uint64_t *top)
{
	struct sud_config config = {
		.size = sizeof(config),
		.mode = SUD_MODE_INCLUSIVE,
		.offset = (uintptr_t)site_a,
		.len = site_a_end - site_a,
		.delivery = SUD_DELIVER_UPCALL,
		.upcall_entry = (uintptr_t)entry,
		.upcall_frame = (uintptr_t)top,
	};

	need(sud_set(sud_open(), &config), "SUD_IOC_SET");
}

static void upcall_regs(void)
{
	upcall(bench_entry_regs, NULL);
}

/* With a selector, which the kernel sets to ALLOW. */
static void upcall_selector(void)
{
	struct sud_config config = {
		.size = sizeof(config),
		.mode = SUD_MODE_EXCLUSIVE,
		.selector = (uintptr_t)&selector,
		.delivery = SUD_DELIVER_UPCALL,
		.flags = SUD_FLAG_AUTO_ALLOW,
		.upcall_entry = (uintptr_t)bench_entry_regs,
	};

	need(sud_set(sud_open(), &config), "SUD_IOC_SET");
}

static void upcall_frames(void)
{
	bench_frames_top = (uintptr_t)(frames + 64);
	upcall(bench_entry_frames, &bench_frames_top);
}

const struct way ways[] = {
	{ "plain", NEEDS_NOTHING, nothing },
	{ "seccomp_allow", NEEDS_NOTHING, seccomp_allow },
	{ "seccomp_trap", NEEDS_NOTHING, seccomp_trap },
	{ "seccomp_notify", NEEDS_NOTHING, prepare_seccomp_notify },
	{ "seccomp_notify_sync", NEEDS_SYNC_WAKE_UP, prepare_seccomp_sync },
	{ "seccomp_notify_apart", NEEDS_TWO_CPUS, prepare_seccomp_notify },
	{ "seccomp_notify_sync_apart", NEEDS_SYNC_WAKE_UP | NEEDS_TWO_CPUS,
	  prepare_seccomp_sync },
	{ "seccomp_notify_of_16", NEEDS_NOTHING, prepare_seccomp_notify,
	  .measure = bench_16_callers },
	{ "seccomp_notify_sync_of_16", NEEDS_SYNC_WAKE_UP, prepare_seccomp_sync,
	  .measure = bench_16_callers },
	{ "seccomp_notify_apart_of_16", NEEDS_TWO_CPUS, prepare_seccomp_notify,
	  .measure = bench_16_callers },
	{ "seccomp_notify_sync_apart_of_16",
	  NEEDS_SYNC_WAKE_UP | NEEDS_TWO_CPUS, prepare_seccomp_sync,
	  .measure = bench_16_callers },
	{ "ptrace_sysemu", NEEDS_NOTHING, prepare_ptrace },
	{ "native_region", NEEDS_NATIVE, native_region, SUD_SELECTOR_BLOCK },
	{ "native_allow", NEEDS_NATIVE, native_selector, SUD_SELECTOR_ALLOW },
	{ "native_sigsys", NEEDS_NATIVE, native_selector, SUD_SELECTOR_BLOCK },
	{ "sud_region", NEEDS_MODULE, module_region, SUD_SELECTOR_BLOCK },
	{ "sud_set_1", NEEDS_MODULE, prepare_set_1, SUD_SELECTOR_BLOCK },
	{ "sud_set_4096", NEEDS_MODULE, prepare_set_4096, SUD_SELECTOR_BLOCK },
	{ "sud_set_4096_spread", NEEDS_MODULE, prepare_set_4096_spread,
	  SUD_SELECTOR_BLOCK },
	{ "sud_set_65536", NEEDS_MODULE, prepare_set_65536,
	  SUD_SELECTOR_BLOCK },
	{ "sud_set_65536_spread", NEEDS_MODULE, prepare_set_65536_spread,
	  SUD_SELECTOR_BLOCK },
	{ "sud_set_65536_outside", NEEDS_MODULE, prepare_set_65536_outside,
	  SUD_SELECTOR_ALLOW },
	{ "sud_set_65536_upcall", NEEDS_MODULE, prepare_set_65536_upcall },
	{ "sud_allow", NEEDS_MODULE, module_selector, SUD_SELECTOR_ALLOW },
	{ "sud_sigsys", NEEDS_MODULE, module_selector, SUD_SELECTOR_BLOCK },
	{ "sud_upcall_regs", NEEDS_MODULE, upcall_regs },
	{ "sud_upcall_frames", NEEDS_MODULE, upcall_frames },
	{ "sud_upcall_selector", NEEDS_MODULE, upcall_selector,
	  SUD_SELECTOR_BLOCK },
	{ "sud_mapped_allow", NEEDS_MODULE, prepare_mapped_allow,
	  SUD_SELECTOR_ALLOW },
	{ "sud_mapped_upcall", NEEDS_MODULE, prepare_mapped_upcall,
	  SUD_SELECTOR_BLOCK },
	{ "sud_mapped_frames", NEEDS_MODULE, prepare_mapped_frames,
	  SUD_SELECTOR_BLOCK },
	{ "sud_notify", NEEDS_MODULE, prepare_sud_notify },
	{ "sud_notify_apart", NEEDS_MODULE | NEEDS_TWO_CPUS,
	  prepare_sud_notify },
	{ "sud_notify_of_16", NEEDS_MODULE, prepare_sud_notify,
	  .measure = bench_16_callers },
	{ "sud_notify_apart_of_16", NEEDS_MODULE | NEEDS_TWO_CPUS,
	  prepare_sud_notify, .measure = bench_16_callers },
	{ "sud_channel", NEEDS_MODULE, prepare_channel },
	{ "sud_channel_apart", NEEDS_MODULE | NEEDS_TWO_CPUS, prepare_channel },
	{ "sud_channel_of_16", NEEDS_MODULE, prepare_channel,
	  .measure = bench_16_callers },
	{ "sud_channel_apart_of_16", NEEDS_MODULE | NEEDS_TWO_CPUS,
	  prepare_channel, .measure = bench_16_callers },
	{ "sud_libsud_fast", NEEDS_MODULE, prepare_libsud_fast },
	{ "sud_libsud", NEEDS_MODULE, prepare_libsud },
	{},
};
