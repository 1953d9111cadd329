// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints sud:*: each event comes once for what it tells of, with what is
 * known of that from elsewhere.
 */
#include <stdarg.h>

#include "lib/area.h"
#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/files.h"
#include "lib/deaths.h"
#include "lib/harness.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/tracer.h"
#include "lib/upcalls.h"

#define TRACING "/sys/kernel/tracing/"

#ifdef __LP64__
#define ARCH "x86_64"
#elif defined(__i386__)
#define ARCH "i386"
#else
#define ARCH "x86_64"
#endif

static void begin(void)
{
	if (!file_contains(TRACING "current_tracer", "nop"))
		SKIP("another tracer is on");
	if (access(TRACING "events/sud/enable", W_OK))
		SKIP("no tracefs, or no events in this kernel");
	CHECK(file_set(TRACING "trace", ""));
	CHECK(file_set(TRACING "events/sud/enable", "1"));
}

/* Lines of the trace that hold the text. */
static int lines(const char *format, ...)
{
	char text[256], line[1024];
	va_list args;
	int count = 0;
	FILE *f;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	f = fopen(TRACING "trace", "r");
	CHECK(f);
	while (fgets(line, sizeof(line), f))
		count += line[0] != '#' && strstr(line, text);
	fclose(f);
	return count;
}

/* Of this process as it was armed or disarmed: the text behind "tid=". */
static int arms(const char *what, pid_t tid, const char *rest)
{
	return lines("%s: tid=%d %s", what, tid, rest);
}

TEST(arming, "arm, arm again and disarm: with what, and by whom")
{
	char wanted[256];

	begin();
	arm_a(0);
	arm_a(BOTH);
	CHECK_OK(disarm());
	CHECK_OK(disarm());
	for (unsigned int flags = 0; flags <= BOTH; flags += BOTH) {
		struct sud_config c = config_a(flags);

		/* The kernel writes 0x in front of 0 as well. */
		snprintf(
			wanted, sizeof(wanted),
			"mode=inclusive delivery=sigsys flags=0x%x offset=%#llx len=%#llx reason=set",
			flags, c.offset, c.len);
		CHECK_EQ(arms("sud_arm", getpid(), wanted), 1);
	}
	CHECK_EQ(arms("sud_arm", getpid(), ""), 2);
	CHECK_EQ(arms("sud_disarm", getpid(), "reason=set"), 1);
	CHECK_EQ(arms("sud_disarm", getpid(), ""), 1);
}

TEST(children, "a child inherits, and is off by exec and by exit")
{
	int status;

	begin();
	arm_a(SUD_FLAG_INHERIT_FORK);
	for (int exec = 0; exec < 2; exec++) {
		pid_t pid = fork();

		if (!pid) {
			if (exec)
				execl("/bin/true", "true", NULL);
			_exit(0);
		}
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(status, 0);
		CHECK_EQ(arms("sud_arm", pid, "mode=inclusive"), 1);
		CHECK_EQ(lines("sud_arm: tid=%d ", pid), 1);
		CHECK_EQ(lines("reason=inherit"), exec + 1);
		CHECK_EQ(arms("sud_disarm", pid,
			      exec ? "reason=exec" : "reason=exit"),
			 1);
		CHECK_EQ(arms("sud_disarm", pid, ""), 1);
	}
}

static void check_dispatch(int times, const char *delivery)
{
	CHECK_EQ(lines("sud_dispatch: ip=%#lx nr=%d arch=" ARCH " delivery=%s",
		       (unsigned long)site_a_ip, MAGIC_NR, delivery),
		 times);
	CHECK_EQ(lines("sud_dispatch:"), times);
}

TEST(sigsys, "a blocked call shows by SIGSYS, and one that runs does not")
{
	handle_sigsys();
	begin();
	arm_a(0);
	for (int i = 0; i < 7; i++) {
		CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), MAGIC_NR);
		CHECK_EQ(site_b(MAGIC_NR, 0, 0, 0), -ENOSYS);
	}
	CHECK_EQ(seen.count, 7);
	CHECK_EQ(seen.info.si_code, SYS_USER_DISPATCH);
	check_dispatch(7, "sigsys");
}

static void by_upcall(bool with_frames)
{
	begin();
	arm_upcall(with_frames);
	for (int i = 0; i < 5; i++)
		CHECK_EQ(blocked(MAGIC_NR, 0, 0, 0), RESULT);
	selector = SUD_SELECTOR_ALLOW;
	CHECK_EQ(up_count, 5);
	check_dispatch(5, "upcall");
}

TEST(frames, "an upcall with frames shows, and works as without the tracepoint")
{
	by_upcall(true);
}

#ifdef __LP64__
TEST(registers, "an upcall in registers shows, and works as without it")
{
	by_upcall(false);
}
#endif

static void die_of_auto_allow(void)
{
	volatile unsigned char byte = SUD_SELECTOR_BLOCK;
	struct sud_config config = {
		.size = sizeof(config),
		.mode = SUD_MODE_INCLUSIVE,
		.offset = (uintptr_t)site_a,
		.len = site_a_end - (char *)site_a,
		.flags = SUD_FLAG_AUTO_ALLOW,
	};
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memcpy(page, (void *)&byte, 1);
	mprotect(page, 4096, PROT_READ);
	config.selector = (uintptr_t)page;
	sud_set(sud_fd, &config);
	site_a(MAGIC_NR, 0, 0, 0);
}

TEST(kills, "a death shows its signal and its reason")
{
	static const struct {
		void (*fn)(void);
		int sig;
		const char *reason;
	} deaths[] = {
		{ die_of_value, SIGSYS, "selector-value" },
		{ die_of_address, SIGSEGV, "selector-unreadable" },
		{ die_of_auto_allow, SIGSEGV, "selector-unwritable" },
		{ die_of_frames, SIGSEGV, "frame" },
	};

	begin();
	for (unsigned int i = 0; i < COUNT(deaths); i++) {
		expect_death(deaths[i].fn, deaths[i].sig);
		CHECK_EQ(lines("sud_kill: ip=%#lx nr=%d arch=" ARCH
			       " sig=%d reason=%s",
			       (unsigned long)site_a_ip, MAGIC_NR,
			       deaths[i].sig, deaths[i].reason),
			 1);
		CHECK_EQ(lines("sud_kill:"), i + 1);
	}
}

TEST(off, "while the events are off nothing shows")
{
	begin();
	CHECK(file_set(TRACING "events/sud/enable", "0"));
	handle_sigsys();
	arm_a(0);
	site_a(MAGIC_NR, 0, 0, 0);
	CHECK_EQ(seen.count, 1);
	CHECK_EQ(lines("sud_"), 0);
}
