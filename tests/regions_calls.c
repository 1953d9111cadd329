// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls judged by a region set: to the byte, in both modes, in sets of every
 * size; and as sets change, are exchanged, and are shared by threads and
 * processes. What happens under load is in regions_storm.c.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>

#include "sud_test.h"

#define MAX 65536

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct sud_range many[MAX];

static unsigned int seed;

static unsigned int rnd(unsigned int below)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % below;
}

static struct sud_config by_set(int mode)
{
	return (struct sud_config){
		.size = sizeof(struct sud_config),
		.mode = mode,
		.selector = (uintptr_t)&selector,
		.flags = SUD_FLAG_REGIONS,
	};
}

static void arm_set(int fd, int mode)
{
	struct sud_config c = by_set(mode);

	handle_sigsys();
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_set(fd, &c));
}

TEST(set_errors, "SET with REGIONS: a region of its own is EINVAL")
{
	static const int modes[] = { SUD_MODE_EXCLUSIVE, SUD_MODE_INCLUSIVE };
	struct sud_config c, before, after;

	arm_set(sud_fd, SUD_MODE_INCLUSIVE);
	CHECK_OK(sud_get(sud_fd, &before));
	for (int i = 0; i < 2; i++) {
		c = by_set(modes[i]);
		c.offset = 0x1000;
		CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
		c = by_set(modes[i]);
		c.len = 0x1000;
		CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
		c = by_set(modes[i]);
		c.offset = 0x1000;
		c.len = 0x1000;
		CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
	}
	c = by_set(SUD_MODE_OFF);
	c.selector = 0;
	CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
	c = by_set(3);
	CHECK_ERR(sud_set(sud_fd, &c), EINVAL);
	CHECK_OK(sud_get(sud_fd, &after));
	CHECK(!memcmp(&before, &after, sizeof(before)));
}

TEST(get, "GET returns what SET with REGIONS was given")
{
	for (int mode = SUD_MODE_EXCLUSIVE; mode <= SUD_MODE_INCLUSIVE;
	     mode++) {
		struct sud_config set = by_set(mode), got;

		arm_set(sud_fd, mode);
		CHECK_OK(sud_get(sud_fd, &got));
		CHECK(!memcmp(&set, &got, sizeof(set)));
	}
}

/* Copies of site_a, whose code may lie anywhere. */
#define SLOT 64
static char *stubs;

typedef long site(long nr, long a, long b, long c);

static uint64_t ip_of(int i)
{
	return (uintptr_t)(stubs + i * SLOT + (site_a_ip - (char *)site_a));
}

static void make_stubs(int n)
{
	size_t size = site_a_end - (char *)site_a;

	CHECK(size <= SLOT);
	stubs = mmap(NULL, n * SLOT, PROT_READ | PROT_WRITE | PROT_EXEC,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(stubs != MAP_FAILED);
	for (int i = 0; i < n; i++)
		memcpy(stubs + i * SLOT, (char *)site_a, size);
}

/* Whether a call by this stub is dispatched, with the selector at BLOCK. */
static bool stopped(int i)
{
	int before = seen.count;
	long r;

	selector = SUD_SELECTOR_BLOCK;
	r = ((site *)(stubs + i * SLOT))(MAGIC_NR, 0, 0, 0);
	selector = SUD_SELECTOR_ALLOW;
	if (r == MAGIC_NR && seen.count == before + 1)
		return true;
	if (r != -ENOSYS || seen.count != before)
		FAIL("a call gave %ld and %d signals", r, seen.count - before);
	return false;
}

static void add_one(int fd, uint64_t offset, uint64_t len)
{
	struct sud_range r = { offset, len };

	CHECK_OK(sud_regions_add(fd, &r, 1));
}

static void remove_one(int fd, uint64_t offset, uint64_t len)
{
	struct sud_range r = { offset, len };

	CHECK_OK(sud_regions_remove(fd, &r, 1));
}

/* Is a call from what is in the set, or is not, to be dispatched? */
static bool wanted(bool in, int mode)
{
	return mode == SUD_MODE_INCLUSIVE ? in : !in;
}

static uint64_t size_of(int fd)
{
	__u64 n = 0;

	CHECK_OK(sud_regions_list(fd, NULL, &n));
	return n;
}

TEST(empty_set, "an empty set: exclusive exempts nothing, inclusive all")
{
	make_stubs(1);
	arm_set(sud_fd, SUD_MODE_EXCLUSIVE);
	CHECK(stopped(0));
	arm_set(sud_fd, SUD_MODE_INCLUSIVE);
	CHECK(!stopped(0));
}

TEST(selector, "where the set does not let a call run, the selector counts")
{
	make_stubs(2);
	add_one(sud_fd, ip_of(0), 1);
	arm_set(sud_fd, SUD_MODE_EXCLUSIVE);
	CHECK_EQ(((site *)stubs)(SYS_getpid, 0, 0, 0), getpid());
	CHECK_EQ(((site *)(stubs + SLOT))(SYS_getpid, 0, 0, 0), getpid());
	arm_set(sud_fd, SUD_MODE_INCLUSIVE);
	CHECK_EQ(((site *)stubs)(SYS_getpid, 0, 0, 0), getpid());
	CHECK_EQ(seen.count, 0);
}

/*
 * Sets of each small size, in which each range has its end, or its start, right
 * at a call's address: the address after the instruction decides, to the byte.
 */
static void check_bounds(int n, int mode)
{
	static const struct {
		int from;
		int len;
		bool in;
	} kinds[] = { { 0, 1, true },	{ -3, 3, false }, { 1, 3, false },
		      { -3, 4, true },	{ 0, 4, true },	  { -2, 5, true },
		      { -12, 1, false } };

	for (unsigned int k = 0; k < COUNT(kinds); k++) {
		int fd = sud_open();

		CHECK_OK(fd);
		for (int i = 0; i < n; i++)
			many[i] = (struct sud_range){ ip_of(i) + kinds[k].from,
						      kinds[k].len };
		CHECK_OK(sud_regions_add(fd, many, n));
		arm_set(fd, mode);
		/* The last has no range. */
		for (int i = 0; i <= n; i++) {
			bool in = i < n && kinds[k].in;

			if (stopped(i) != wanted(in, mode))
				FAIL("mode %d, %d ranges, kind %u, range %d",
				     mode, n, k, i);
		}
		CHECK_OK(close(fd));
	}
}

TEST_LIMIT(bounds, "sets of 1 to 40 ranges, each end, to the byte", false, 60)
{
	make_stubs(41);
	for (int n = 1; n <= 40; n += n < 9 ? 1 : 32 / often(32)) {
		check_bounds(n, SUD_MODE_EXCLUSIVE);
		check_bounds(n, SUD_MODE_INCLUSIVE);
	}
}

#define STUBS 2048

TEST_LIMIT(scattered, "random ranges over 2,048 call sites, to the byte", false,
	   120)
{
	static unsigned char map[STUBS * SLOT];
	const char *given = getenv("SUD_SEED");

	seed = given ? (unsigned int)atol(given) : (unsigned int)time(NULL);
	make_stubs(STUBS);
	for (int round = 0; round < 6; round++) {
		unsigned int first_seed = seed, n = 1 << (2 * round + 1);
		int mode = round % 2 ? SUD_MODE_INCLUSIVE : SUD_MODE_EXCLUSIVE;
		int fd = sud_open();

		CHECK_OK(fd);
		memset(map, 0, sizeof(map));
		for (unsigned int i = 0; i < n; i++) {
			unsigned int at = rnd(sizeof(map));
			unsigned int len = 1 + rnd(sizeof(map) / n);

			if (len > sizeof(map) - at)
				len = sizeof(map) - at;
			memset(map + at, 1, len);
			many[i] = (struct sud_range){ (uintptr_t)stubs + at,
						      len };
		}
		CHECK_OK(sud_regions_add(fd, many, n));
		arm_set(fd, mode);
		for (int i = 0; i < STUBS; i++) {
			bool in = map[ip_of(i) - (uintptr_t)stubs];

			if (stopped(i) != wanted(in, mode))
				FAIL("SUD_SEED=%u: %u ranges, site %d",
				     first_seed, n, i);
		}
		CHECK_OK(close(fd));
	}
}

TEST_LIMIT(full_bounds, "in a set of 65,536, at its start, middle and end",
	   false, 120)
{
	/* As many of the other ranges below the sites as this. */
	static const unsigned int below[] = { 0, 1, 32767, 65528, 65533 };

	make_stubs(4);
	for (unsigned int b = 0; b < COUNT(below); b++) {
		int fd = sud_open();

		CHECK_OK(fd);
		for (unsigned int i = 0; i < MAX - 3; i++)
			many[i].offset = i < below[b] ? 8 * i
						      : (1ULL << 52) + 8 * i;
		for (unsigned int i = 0; i < MAX - 3; i++)
			many[i].len = 4;
		for (int i = 0; i < 3; i++)
			many[MAX - 3 + i] = (struct sud_range){ ip_of(i), 1 };
		CHECK_OK(sud_regions_add(fd, many, MAX));
		CHECK_EQ(size_of(fd), MAX);
		arm_set(fd, SUD_MODE_EXCLUSIVE);
		for (int i = 0; i < 4; i++)
			CHECK_EQ(stopped(i), i == 3);
		arm_set(fd, SUD_MODE_INCLUSIVE);
		for (int i = 0; i < 4; i++)
			CHECK_EQ(stopped(i), i != 3);
		CHECK_OK(close(fd));
	}
}

TEST(changed, "a change holds for the thread's next call")
{
	make_stubs(2);
	for (int mode = SUD_MODE_EXCLUSIVE; mode <= SUD_MODE_INCLUSIVE;
	     mode++) {
		bool in_stops = mode == SUD_MODE_INCLUSIVE;

		arm_set(sud_fd, mode);
		for (int i = 0; i < 100; i++) {
			add_one(sud_fd, ip_of(0), 1);
			CHECK_EQ(stopped(0), in_stops);
			CHECK_EQ(stopped(1), !in_stops);
			/* Once more, with nothing in between. */
			CHECK_EQ(stopped(1), !in_stops);
			add_one(sud_fd, ip_of(1) - 3, 5);
			CHECK_EQ(stopped(1), in_stops);
			remove_one(sud_fd, ip_of(1), 1);
			CHECK_EQ(stopped(1), !in_stops);
			CHECK_EQ(stopped(0), in_stops);
			remove_one(sud_fd, ip_of(0), ip_of(1) - ip_of(0) + 2);
			CHECK_EQ(stopped(0), !in_stops);
		}
	}
}

/* Two sets with the same history of changes, and the one site in just one. */
TEST(switched, "the set, the mode or the region of a thread may be exchanged")
{
	int a = sud_open(), b = sud_open();

	make_stubs(2);
	add_one(a, ip_of(0), 1);
	add_one(b, ip_of(1), 1);
	for (int i = 0; i < 100; i++) {
		arm_set(a, SUD_MODE_EXCLUSIVE);
		CHECK(!stopped(0));
		arm_set(b, SUD_MODE_EXCLUSIVE);
		CHECK(stopped(0));
		CHECK(!stopped(1));
		arm_set(a, SUD_MODE_EXCLUSIVE);
		CHECK(stopped(1));
		CHECK(!stopped(0));
		/* The same set, the other mode. */
		arm_set(a, SUD_MODE_INCLUSIVE);
		CHECK(stopped(0));
		CHECK(!stopped(1));
		arm_set(a, SUD_MODE_EXCLUSIVE);
		CHECK(stopped(1));
		CHECK(!stopped(0));
		/* One region, and back. */
		CHECK_OK(
			sud_arm(a, SUD_MODE_EXCLUSIVE, ip_of(1), 1, &selector));
		CHECK(stopped(0));
		CHECK(!stopped(1));
		CHECK_OK(sud_arm(a, SUD_MODE_EXCLUSIVE, 0, 0, &selector));
		CHECK(stopped(0));
		arm_set(a, SUD_MODE_EXCLUSIVE);
		CHECK(!stopped(0));
		CHECK_OK(disarm());
		CHECK(!stopped(1));
	}
}

TEST(new_for_old, "a set that follows a closed one has nothing of it")
{
	make_stubs(2);
	for (int i = 0; i < often(2000); i++) {
		int fd = sud_open();

		CHECK_OK(fd);
		CHECK_EQ(size_of(fd), 0);
		add_one(fd, ip_of(i % 2), 1);
		arm_set(fd, SUD_MODE_EXCLUSIVE);
		CHECK_OK(close(fd));
		CHECK(!stopped(i % 2));
		CHECK(stopped(!(i % 2)));
	}
}

TEST(without_region, "without REGIONS a descriptor's set counts for nothing")
{
	make_stubs(1);
	handle_sigsys();
	add_one(sud_fd, ip_of(0), 1);
	CHECK_OK(sud_arm(sud_fd, SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	CHECK(stopped(0));
	CHECK_OK(sud_arm(sud_fd, SUD_MODE_INCLUSIVE, 1, 1, &selector));
	CHECK(!stopped(0));
}

/* From here on: threads and processes that share a set. */

static __thread volatile unsigned char own_selector;

/* As stopped(), with a selector for each thread, which AUTO_ALLOW resets. */
static bool own_stopped(int i)
{
	long r;

	own_selector = SUD_SELECTOR_BLOCK;
	r = ((site *)(stubs + i * SLOT))(MAGIC_NR, 0, 0, 0);
	own_selector = SUD_SELECTOR_ALLOW;
	if (r != MAGIC_NR && r != -ENOSYS)
		FAIL("a call gave %ld", r);
	return r == MAGIC_NR;
}

static void arm_own(int fd, int mode)
{
	struct sud_config c = by_set(mode);

	handle_sigsys();
	c.selector = (uintptr_t)&own_selector;
	c.flags |= SUD_FLAG_AUTO_ALLOW;
	CHECK_OK(sud_set(fd, &c));
}

/* A thread or a process that is armed and makes the calls it is asked for. */
struct server {
	int fd;
	int mode;
	int ask[2];
	int answer[2];
	pthread_t thread;
	pid_t pid;
};

/* In place of a stub's number. */
#define END 255

static void *serve(void *arg)
{
	/* After the last answer, the test may be over and arg gone. */
	const struct server s = *(const struct server *)arg;
	unsigned char c = 0;

	arm_own(s.fd, s.mode);
	do {
		CHECK_EQ(write(s.answer[1], &c, 1), 1);
		CHECK_EQ(read(s.ask[0], &c, 1), 1);
		if (c != END)
			c = own_stopped(c);
	} while (c != END);
	return NULL;
}

static void server_pipes(struct server *s, int fd, int mode)
{
	s->fd = fd;
	s->mode = mode;
	CHECK_OK(pipe(s->ask));
	CHECK_OK(pipe(s->answer));
}

static void server_ready(struct server *s)
{
	unsigned char c;

	CHECK_EQ(read(s->answer[0], &c, 1), 1);
}

static void start_thread(struct server *s, int fd, int mode)
{
	server_pipes(s, fd, mode);
	CHECK_EQ(pthread_create(&s->thread, NULL, serve, s), 0);
	server_ready(s);
}

static void start_process(struct server *s, int fd, int mode)
{
	server_pipes(s, fd, mode);
	s->pid = fork();
	CHECK_OK(s->pid);
	if (!s->pid) {
		serve(s);
		_exit(0);
	}
	server_ready(s);
}

static void tell_end(struct server *s)
{
	unsigned char c = END;

	CHECK_EQ(write(s->ask[1], &c, 1), 1);
}

/* It ends as it is: armed. */
static void end_thread(struct server *s)
{
	tell_end(s);
	CHECK_EQ(pthread_join(s->thread, NULL), 0);
}

static void end_process(struct server *s)
{
	int status;

	tell_end(s);
	CHECK_EQ(waitpid(s->pid, &status, 0), s->pid);
	CHECK_EQ(status, 0);
}

static bool ask(struct server *s, unsigned char i)
{
	CHECK_EQ(write(s->ask[1], &i, 1), 1);
	CHECK_EQ(read(s->answer[0], &i, 1), 1);
	return i;
}

/* A change by this fd is seen at once by both, one of each mode. */
static void check_shared(struct server *exclusive, struct server *inclusive,
			 int fd, int rounds)
{
	while (rounds--) {
		add_one(fd, ip_of(0), 1);
		CHECK(!ask(exclusive, 0));
		CHECK(ask(inclusive, 0));
		CHECK(ask(exclusive, 1));
		CHECK(!ask(inclusive, 1));
		remove_one(fd, ip_of(0), 1);
		CHECK(ask(exclusive, 0));
		CHECK(!ask(inclusive, 0));
	}
}

TEST(threads, "threads share a set: a change holds for the next call of each")
{
	struct server a, b;

	make_stubs(2);
	start_thread(&a, sud_fd, SUD_MODE_EXCLUSIVE);
	start_thread(&b, sud_fd, SUD_MODE_INCLUSIVE);
	check_shared(&a, &b, sud_fd, 100);
}

TEST(duplicates, "a descriptor and its duplicates have the same set")
{
	int copy = dup(sud_fd), other;
	struct server a, b;

	CHECK_OK(copy);
	make_stubs(2);
	start_thread(&a, sud_fd, SUD_MODE_EXCLUSIVE);
	start_thread(&b, copy, SUD_MODE_INCLUSIVE);
	check_shared(&a, &b, sud_fd, 10);
	check_shared(&a, &b, copy, 10);
	other = fcntl(copy, F_DUPFD_CLOEXEC, 100);
	CHECK_OK(other);
	CHECK_OK(close(copy));
	check_shared(&a, &b, other, 10);
}

TEST(opens, "each open has a set of its own")
{
	int other = sud_open();
	struct server a, b;

	CHECK_OK(other);
	make_stubs(2);
	start_thread(&a, sud_fd, SUD_MODE_EXCLUSIVE);
	start_thread(&b, other, SUD_MODE_EXCLUSIVE);
	add_one(sud_fd, ip_of(0), 1);
	add_one(other, ip_of(1), 1);
	CHECK_EQ(size_of(sud_fd), 1);
	CHECK(!ask(&a, 0));
	CHECK(ask(&a, 1));
	CHECK(ask(&b, 0));
	CHECK(!ask(&b, 1));
	remove_one(sud_fd, ip_of(1), 1);
	CHECK(!ask(&b, 1));
	CHECK_EQ(size_of(other), 1);
}

TEST(forked, "a process and its children share the set of an inherited fd")
{
	struct server a, b;

	make_stubs(2);
	start_process(&a, sud_fd, SUD_MODE_EXCLUSIVE);
	start_process(&b, sud_fd, SUD_MODE_INCLUSIVE);
	check_shared(&a, &b, sud_fd, 100);
	/* And a change that a child makes holds here. */
	arm_own(sud_fd, SUD_MODE_EXCLUSIVE);
	CHECK(own_stopped(0));
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		add_one(sud_fd, ip_of(0), 1);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	CHECK(!own_stopped(0));
	CHECK(!ask(&a, 0));
	end_process(&a);
	end_process(&b);
}

static void send_fd(int sock, int fd)
{
	char c = 'x', control[CMSG_SPACE(sizeof(fd))] = "";
	struct iovec io = { &c, 1 };
	struct msghdr msg = { .msg_iov = &io,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	CHECK_EQ(sendmsg(sock, &msg, 0), 1);
}

static int receive_fd(int sock)
{
	char c, control[CMSG_SPACE(sizeof(int))];
	struct iovec io = { &c, 1 };
	struct msghdr msg = { .msg_iov = &io,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	int fd;

	CHECK_EQ(recvmsg(sock, &msg, 0), 1);
	CHECK(CMSG_FIRSTHDR(&msg));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

TEST(passed, "a descriptor that came by a socket has the sender's set")
{
	struct server a, b;
	int sock[2], fd;

	make_stubs(2);
	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	server_pipes(&a, -1, SUD_MODE_EXCLUSIVE);
	a.pid = fork();
	CHECK_OK(a.pid);
	if (!a.pid) {
		a.fd = receive_fd(sock[1]);
		serve(&a);
		_exit(0);
	}
	/* Opened after the fork: the child can have it by the socket only. */
	fd = sud_open();
	CHECK_OK(fd);
	send_fd(sock[0], fd);
	server_ready(&a);
	start_thread(&b, fd, SUD_MODE_INCLUSIVE);
	check_shared(&a, &b, fd, 100);
	/* The receiver has it still when the sender has closed it. */
	CHECK_OK(close(fd));
	CHECK(!ask(&b, 0));
	CHECK(ask(&a, 0));
	end_process(&a);
}

TEST(in_flight, "a set outlives all but a descriptor on its way")
{
	int sock[2], fd = sud_open();
	struct sud_range r = { 0x1000, 16 }, got;
	__u64 n = 1;

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	CHECK_OK(sud_regions_add(fd, &r, 1));
	send_fd(sock[0], fd);
	CHECK_OK(close(fd));
	fd = receive_fd(sock[1]);
	CHECK_OK(sud_regions_list(fd, &got, &n));
	CHECK_EQ(n, 1);
	CHECK(!memcmp(&got, &r, sizeof(r)));
}

TEST(closed, "a set serves the threads that use it when no descriptor is left")
{
	int fd = sud_open();
	struct server a, b;

	make_stubs(2);
	add_one(fd, ip_of(0), 1);
	start_thread(&a, fd, SUD_MODE_EXCLUSIVE);
	start_thread(&b, fd, SUD_MODE_INCLUSIVE);
	CHECK_OK(close(fd));
	for (int i = 0; i < 20; i++) {
		/* What might get its memory. */
		fd = sud_open();
		add_one(fd, ip_of(1), 1);
		CHECK(!ask(&a, 0));
		CHECK(ask(&a, 1));
		CHECK(ask(&b, 0));
		CHECK(!ask(&b, 1));
		CHECK_OK(close(fd));
	}
	end_thread(&b);
	CHECK(!ask(&a, 0));
	CHECK(ask(&a, 1));
	end_thread(&a);
}

TEST(closed_here, "a set that this process has closed is changed by another")
{
	int go[2], done[2], fd = sud_open();
	struct server a;
	char c;

	make_stubs(2);
	CHECK_OK(pipe(go));
	CHECK_OK(pipe(done));
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		for (int i = 0;; i++) {
			if (i % 2)
				remove_one(fd, ip_of(0), 1);
			else
				add_one(fd, ip_of(0), 1);
			CHECK_EQ(write(done[1], "x", 1), 1);
			CHECK_EQ(read(go[0], &c, 1), 1);
		}
	}
	start_thread(&a, fd, SUD_MODE_EXCLUSIVE);
	CHECK_OK(close(fd));
	for (int i = 0; i < 50; i++) {
		CHECK_EQ(read(done[0], &c, 1), 1);
		CHECK_EQ(ask(&a, 0), i % 2);
		CHECK_EQ(write(go[1], "x", 1), 1);
	}
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

/* What the new image of a thread with a set does: this program again. */
__attribute__((constructor)) static void new_image(void)
{
	struct sud_config c;

	if (!getenv("SUD_TEST_IMAGE"))
		return;
	if (sud_get(sud_open(), &c) || c.mode != SUD_MODE_OFF)
		_exit(41);
	_exit(site_a(MAGIC_NR, 0, 0, 0) == -ENOSYS ? 43 : 42);
}

static char *image_args[] = { "image", NULL };
static char *image_env[] = { "SUD_TEST_IMAGE=1", NULL };

TEST(left, "threads that exit, fork or exec leave the set to the others")
{
	struct server a, b, other;
	int status;

	make_stubs(2);
	start_thread(&a, sud_fd, SUD_MODE_EXCLUSIVE);
	start_thread(&b, sud_fd, SUD_MODE_INCLUSIVE);
	for (int i = 0; i < 10; i++) {
		start_thread(&other, sud_fd, SUD_MODE_INCLUSIVE);
		end_thread(&other);
		start_process(&other, sud_fd, SUD_MODE_INCLUSIVE);
		end_process(&other);
		pid_t pid = fork();

		CHECK_OK(pid);
		if (!pid) {
			arm_own(sud_fd, SUD_MODE_EXCLUSIVE);
			/* A child of an armed one: off, and no user of it. */
			if (!fork())
				_exit(0);
			CHECK_OK(wait(NULL));
			CHECK(own_stopped(1));
			execve("/proc/self/exe", image_args, image_env);
			_exit(44);
		}
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK(WIFEXITED(status));
		CHECK_EQ(WEXITSTATUS(status), 43);
		check_shared(&a, &b, sud_fd, 2);
	}
}
