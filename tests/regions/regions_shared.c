// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads and processes that share a region set, by a descriptor that they inherited or
 * were given: a change holds for all of them, and the set lives as long as one uses it.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>

#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/new_image.h"
#include "lib/ranges.h"
#include "lib/set_calls.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/tracer.h"

static void arm_own(int fd, int mode)
{
	struct sud_config c = config_by_set(mode);

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
			c = stub_stopped(c, MAGIC_NR);
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
		add_one(fd, stub_ip(0), 1);
		CHECK(!ask(exclusive, 0));
		CHECK(ask(inclusive, 0));
		CHECK(ask(exclusive, 1));
		CHECK(!ask(inclusive, 1));
		remove_one(fd, stub_ip(0), 1);
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
	add_one(sud_fd, stub_ip(0), 1);
	add_one(other, stub_ip(1), 1);
	CHECK_EQ(set_size(sud_fd), 1);
	CHECK(!ask(&a, 0));
	CHECK(ask(&a, 1));
	CHECK(ask(&b, 0));
	CHECK(!ask(&b, 1));
	remove_one(sud_fd, stub_ip(1), 1);
	CHECK(!ask(&b, 1));
	CHECK_EQ(set_size(other), 1);
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
	CHECK(stub_stopped(0, MAGIC_NR));
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		add_one(sud_fd, stub_ip(0), 1);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	CHECK(!stub_stopped(0, MAGIC_NR));
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
	add_one(fd, stub_ip(0), 1);
	start_thread(&a, fd, SUD_MODE_EXCLUSIVE);
	start_thread(&b, fd, SUD_MODE_INCLUSIVE);
	CHECK_OK(close(fd));
	for (int i = 0; i < 20; i++) {
		/* What might get its memory. */
		fd = sud_open();
		add_one(fd, stub_ip(1), 1);
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
				remove_one(fd, stub_ip(0), 1);
			else
				add_one(fd, stub_ip(0), 1);
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
			CHECK(stub_stopped(1, MAGIC_NR));
			execve("/proc/self/exe", new_image_args, new_image_env);
			_exit(NEW_IMAGE_NONE);
		}
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK(WIFEXITED(status));
		CHECK_EQ(WEXITSTATUS(status), NEW_IMAGE_OFF);
		check_shared(&a, &b, sud_fd, 2);
	}
}
