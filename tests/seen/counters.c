// SPDX-License-Identifier: GPL-2.0-only
/*
 * SUD_IOC_STATUS: what is counted, and what is not; the hooked function; the switch.
 * Nothing else on the machine arms threads meanwhile.
 */
#include <pthread.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include "lib/area.h"
#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/files.h"
#include "lib/deaths.h"
#include "lib/harness.h"
#include "lib/memory.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/upcalls.h"

static struct sud_status before;

static struct sud_status now(void)
{
	struct sud_status status;

	CHECK_OK(sud_status(sud_fd, &status));
	CHECK_EQ(status.size, sizeof(status));
	return status;
}

static void begin(void)
{
	before = now();
}

/* So much more than at begin(). */
static void check_more(int armed, int inherited, int disarmed, int sigsys,
		       int upcalls, int kills)
{
	struct sud_status status = now();

	CHECK_EQ(status.armed - before.armed, armed);
	CHECK_EQ(status.inherited - before.inherited, inherited);
	CHECK_EQ(status.disarmed - before.disarmed, disarmed);
	CHECK_EQ(status.sigsys - before.sigsys, sigsys);
	CHECK_EQ(status.upcalls - before.upcalls, upcalls);
	CHECK_EQ(status.kills - before.kills, kills);
}

TEST(layout, "the struct has the published size and offsets")
{
	CHECK_EQ(sizeof(struct sud_status), 128);
	CHECK_EQ(offsetof(struct sud_status, armed), 8);
	CHECK_EQ(offsetof(struct sud_status, kills), 48);
	CHECK_EQ(offsetof(struct sud_status, hook), 56);
	CHECK_EQ(offsetof(struct sud_status, notifies), 120);
}

TEST(sizes, "a size is taken as INFO takes it")
{
	struct {
		struct sud_status status;
		unsigned char more[64];
	} big;

	for (unsigned int size = 0; size < 120; size += 7) {
		big.status.size = size;
		CHECK_ERR(ioctl(sud_fd, SUD_IOC_STATUS, &big), EINVAL);
	}
	big.status.size = 4097;
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_STATUS, &big), E2BIG);
	memset(&big, 0xff, sizeof(big));
	big.status.size = sizeof(big);
	CHECK_OK(ioctl(sud_fd, SUD_IOC_STATUS, &big));
	CHECK_EQ(big.status.size, sizeof(big.status));
	for (unsigned int i = 0; i < sizeof(big.more); i++)
		CHECK_EQ(big.more[i], 0);
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_STATUS, NULL), EFAULT);
	CHECK_OK(ioctl(sud_fd, SUD_IOC_STATUS,
		       at_page_end(&big, sizeof(big.status))));
	CHECK_ERR(ioctl(sud_fd, SUD_IOC_STATUS,
			at_page_end_read_only(&big, sizeof(big.status))),
		  EFAULT);
}

TEST(arming, "a thread counts when it is armed, and not when it is armed again")
{
	begin();
	arm_a(0);
	check_more(1, 0, 0, 0, 0, 0);
	arm_a(BOTH);
	arm_a(0);
	check_more(1, 0, 0, 0, 0, 0);
	CHECK_OK(disarm());
	check_more(1, 0, 1, 0, 0, 0);
	/* It is off by now. */
	CHECK_OK(disarm());
	check_more(1, 0, 1, 0, 0, 0);
}

TEST(refused, "what is refused counts for nothing")
{
	struct sud_config bad = config_a(1U << 31);

	begin();
	CHECK_ERR(sud_set(sud_fd, &bad), EINVAL);
	check_more(0, 0, 0, 0, 0, 0);
}

TEST(children, "children that inherit, and their ends by exit and exec")
{
	int status;
	pid_t pid;

	begin();
	arm_a(SUD_FLAG_INHERIT_FORK);
	for (int i = 0; i < 3; i++) {
		pid = fork();
		if (!pid) {
			if (i)
				_exit(0);
			execl("/bin/true", "true", NULL);
			_exit(1);
		}
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(status, 0);
	}
	check_more(1, 3, 3, 0, 0, 0);
	arm_a(0);
	CHECK_EQ(in_child(do_nothing), 0);
	check_more(1, 3, 3, 0, 0, 0);
}

TEST(sigsys, "each blocked call that becomes a SIGSYS")
{
	handle_sigsys();
	arm_a(0);
	begin();
	for (int i = 0; i < 37; i++)
		site_a(MAGIC_NR, 0, 0, 0);
	check_more(0, 0, 0, 37, 0, 0);
	/* Calls that run are counted nowhere. */
	for (int i = 0; i < 1000; i++)
		site_b(MAGIC_NR, 0, 0, 0);
	check_more(0, 0, 0, 37, 0, 0);
}

static void count_upcalls(void)
{
	begin();
	for (int i = 0; i < 41; i++)
		blocked(MAGIC_NR, 0, 0, 0);
	selector = SUD_SELECTOR_ALLOW;
	check_more(0, 0, 0, 0, 41, 0);
}

TEST(frames, "each upcall with frames")
{
	arm_upcall(true);
	count_upcalls();
}

#ifdef __LP64__
TEST(registers, "each upcall in registers")
{
	arm_upcall(false);
	count_upcalls();
}
#endif

#ifdef __x86_64__
TEST(mapped, "each upcall by a control area, in registers and with frames")
{
	void *area = area_page();

	for (int frames = 0; frames < 2; frames++) {
		struct sud_config config = area_config_upcall(area, frames);

		area_reset_frames(area);
		CHECK_OK(sud_set(sud_fd, &config));
		begin();
		for (int i = 0; i < 5; i++) {
			/* SUD_FLAG_AUTO_ALLOW takes it back. */
			area_selector(area) = SUD_SELECTOR_BLOCK;
			CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), RESULT);
		}
		check_more(0, 0, 0, 0, 5, 0);
	}
}
#endif

TEST(kills, "each death by a selector or by frames")
{
	begin();
	expect_death(die_of_value, SIGSYS);
	check_more(1, 0, 1, 0, 0, 1);
	expect_death(die_of_address, SIGSEGV);
	check_more(2, 0, 2, 0, 0, 2);
	expect_death(die_of_frames, SIGSEGV);
	check_more(3, 0, 3, 0, 0, 3);
}

TEST(hook, "the hooked function is one of the kernel's")
{
	struct sud_status status = now();
	char line[256], name[128];
	bool there = false;
	FILE *f;

	CHECK(memchr(status.hook, 0, sizeof(status.hook)));
	CHECK(status.hook[0]);
	f = fopen("/proc/kallsyms", "r");
	CHECK(f);
	while (!there && fgets(line, sizeof(line), f))
		there = sscanf(line, "%*s %*s %127s", name) == 1 &&
			!strcmp(name, (char *)status.hook);
	fclose(f);
	CHECK(there);
}

TEST(switch_off, "the switch shows, and what is armed stays")
{
	static const char path[] = "/sys/module/sud/parameters/allow_arming";

	CHECK_EQ(now().flags, 0);
	arm_a(0);
	CHECK(file_set(path, "0"));
	CHECK_EQ(now().flags, SUD_STATUS_OFF);
	CHECK(file_set(path, "1"));
	CHECK_EQ(now().flags, 0);
}

TEST(plain_user, "a plain user may ask")
{
	CHECK_OK(setgid(65534));
	CHECK_OK(setuid(65534));
	begin();
	arm_a(0);
	check_more(1, 0, 0, 0, 0, 0);
}
