// SPDX-License-Identifier: GPL-2.0-only
/*
 * tools/libsud: a C function for each blocked call.
 */
#include "lib/backend.h"
#include "lib/container.h"
#include "lib/harness.h"
#include "lib/libsud_guest.h"
#include "lib/sites.h"
#include "lib/upcalls.h"

static long pass(struct sud_call *call)
{
	note_calls++;
	return sud_call_native(call);
}

TEST(result, "the handler sees the call, and its result is the call's")
{
	install(note);
	for (int i = 1; i <= 1000; i++) {
		CHECK_EQ(site_a(MAGIC_NR, 11, 22, 33), RESULT);
		CHECK_EQ(note_calls, i);
		CHECK_EQ(noted.rax, MAGIC_NR);
		CHECK_EQ(noted.rdi, 11);
		CHECK_EQ(noted.rsi, 22);
		CHECK_EQ(noted.rdx, 33);
		CHECK_EQ(noted.rip, (uintptr_t)site_a_ip);
		CHECK_EQ(noted.rflags & 0x202, 0x202);
	}
}

static long nr_back(struct sud_call *call)
{
	return ~call->rax;
}

TEST(wide, "all 64 bits of the number and the result go through")
{
	install(nr_back);
	CHECK_EQ(site_a(0x123456789abcdef0, 0, 0, 0), ~0x123456789abcdef0);
}

/* The call's function is left from the handler, by its return address. */
static long leave(struct sud_call *call)
{
	call->rip = *(uint64_t *)call->rsp;
	call->rsp += 8;
	return -7;
}

TEST(changed_ip, "so do ip and sp")
{
	install(leave);
	for (int i = 0; i < 100; i++)
		CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -7);
}

TEST(native_calls, "the handler makes calls, its own and the guest's")
{
	install(pass);
	for (int i = 1; i <= 100; i++) {
		CHECK_EQ(site_a(SYS_getppid, 0, 0, 0), getppid());
		CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
		CHECK_EQ(site_a(SYS_close, 12345, 0, 0), -EBADF);
		CHECK_EQ(note_calls, 3 * i);
	}
}

static volatile uintptr_t handler_sp;

static long where(struct sud_call *call)
{
	handler_sp = (uintptr_t)__builtin_frame_address(0);
	return call->rsp;
}

TEST(stacks, "the handler is on the guest's stack, or on its own")
{
	uintptr_t sp;

	install(where);
	sp = site_a(MAGIC_NR, 0, 0, 0);
	CHECK(handler_sp < sp - 128 && handler_sp > sp - 8192);
	install_at(where, 0, true);
	sud_call_block();
	site_a(MAGIC_NR, 0, 0, 0);
	CHECK(handler_sp > (uintptr_t)guest_stack &&
	      handler_sp < (uintptr_t)guest_stack + sizeof(guest_stack));
}

/* Each level makes a blocked call of its own, and checks its stack after. */
static int depth;

static long nest(struct sud_call *call)
{
	volatile uint64_t mark[32];
	int level = call->rdi;
	long r = 0;

	CHECK_EQ(level, depth);
	for (int i = 0; i < 32; i++)
		mark[i] = level * 1000 + i;
	if (level < 10) {
		int old;

		depth++;
		old = sud_call_block();
		r = site_a(MAGIC_NR, level + 1, 0, 0);
		CHECK_EQ(sud_call_allow(), SUD_SELECTOR_BLOCK);
		sud_call_restore(old);
		CHECK_EQ(old, SUD_SELECTOR_ALLOW);
		depth--;
	}
	for (int i = 0; i < 32; i++)
		CHECK_EQ(mark[i], level * 1000 + i);
	CHECK_EQ(call->rdi, level);
	spoil();
	return r + 1;
}

TEST(nested, "a handler makes blocked calls, ten deep, on both stacks")
{
	for (int own_stack = 0; own_stack < 2; own_stack++) {
		install_at(nest, 0, own_stack);
		sud_call_block();
		for (int i = 0; i < 50; i++)
			CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), 11);
		sud_call_allow();
	}
}

TEST(sigsys_blocked, "SIGSYS is blocked and ignored: nothing changes")
{
	sigset_t set, now;

	sigfillset(&set);
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	signal(SIGSYS, SIG_IGN);
	install(note);
	for (int i = 1; i <= 100; i++)
		CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);
	CHECK_OK(sigprocmask(SIG_BLOCK, NULL, &now));
	CHECK(sigismember(&now, SIGSYS) && sigismember(&now, SIGUSR1));
}

TEST(remove, "after sud_upcall_remove() nothing is blocked")
{
	install(note);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);
	sud_call_allow();
	CHECK_OK(sud_upcall_remove());
	sud_call_block();
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), -ENOSYS);
	sud_call_allow();
	CHECK_OK(sud_upcall_remove());
}

/* Each is a good one with one thing wrong. */
TEST(errors, "each bad argument has its errno, and changes nothing")
{
	struct sud_options o;
	struct sud_config before, after;

	install(note);
	CHECK_OK(sud_get(sud_fd, &before));
	CHECK_ERR(sud_upcall_install(NULL, NULL), EINVAL);
#define BAD(field, value, err)                                \
	do {                                                  \
		o = at_site_a(0, true);                       \
		o.field = value;                              \
		CHECK_ERR(sud_upcall_install(note, &o), err); \
		sud_call_block();                             \
		CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);  \
		sud_call_allow();                             \
	} while (0)
	BAD(mode, SUD_MODE_OFF, EINVAL);
	BAD(mode, 3, EINVAL);
	BAD(flags, 1U << 4, EINVAL);
	BAD(flags, 1U << 31, EINVAL);
	BAD(len, 0, EINVAL);
	BAD(len, -1, EINVAL);
	BAD(stack, NULL, EINVAL);
	BAD(stack_size, 0, EINVAL);
	BAD(stack_size, SUD_UPCALL_STACK_MIN - 1, EINVAL);
	BAD(stack_size, -1, EINVAL);
	CHECK_OK(sud_get(sud_fd, &after));
	CHECK(!memcmp(&before, &after, sizeof(before)));
	o = at_site_a(0, true);
	o.stack_size = SUD_UPCALL_STACK_MIN;
	CHECK_OK(sud_upcall_install(note, &o));
}

TEST(no_device, "without the device: open's errno")
{
	CHECK_OK(rename("/dev/sud", "/dev/sud-hidden"));
	int r = sud_upcall_install(note, NULL);
	int err = errno;

	CHECK_OK(rename("/dev/sud-hidden", "/dev/sud"));
	CHECK_EQ(r, -1);
	CHECK_EQ(err, ENOENT);
}

TEST(container, "in a container, which hides the device, the same")
{
	struct sud_config c;

	container_enter(PASSED_NOT, false);
	CHECK_ERR(sud_upcall_install(note, NULL), ENOENT);
	CHECK_OK(sud_get(sud_fd, &c));
	CHECK_EQ(c.mode, SUD_MODE_OFF);
}

TEST(container_passed, "with the device passed in, libsud works there")
{
	container_enter(PASSED_BIND, false);
	install(note);
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);
}

TEST(native_armed, "a thread that the kernel's own prctl armed: EBUSY")
{
	static unsigned char allow;

	if (!native_has(SUD_MODE_EXCLUSIVE))
		SKIP("this kernel has no such prctl");
	CHECK_OK(prctl(PR_SET_SYSCALL_USER_DISPATCH, 1, 0, 0, &allow));
	CHECK_ERR(sud_upcall_install(note, NULL), EBUSY);
	CHECK_OK(prctl(PR_SET_SYSCALL_USER_DISPATCH, 0, 0, 0, 0));
}
