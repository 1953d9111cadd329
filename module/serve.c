// SPDX-License-Identifier: GPL-2.0-only
/*
 * The descriptor of a listener, by which calls are taken and answered.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "file.h"
#include "listener.h"
#include "serve.h"
#include "uapi.h"

static int check_answer(const struct sud_answer *answer)
{
	if (answer->flags & ~(SUD_ANSWER_RUN | SUD_ANSWER_REGS) ||
	    answer->error || (answer->flags && answer->result))
		return -EINVAL;
	return 0;
}

static int give_answer(struct sud_listener *listener,
		       struct sud_answer __user *from, u32 size)
{
	struct sud_answer answer;
	int err;

	err = sud_uapi_read_answer(&answer, from, size);
	if (err)
		return err;
	err = check_answer(&answer);
	if (!err)
		err = sud_listener_answer(listener, &answer);
	/* That it failed is known from the ioctl's own error, too. */
	if (err && put_user(-err, &from->error))
		return -EFAULT;
	return err;
}

/* Return: 0, or the error of the first answer that failed. */
static int give_answers(struct sud_listener *listener,
			const struct sud_serve *args)
{
	void __user *from = sud_uapi_pointer(args->answers);
	int err, first = 0;
	u32 i;

	for (i = 0; i < args->answer_count; i++) {
		err = give_answer(listener, from, args->answer_size);
		if (err && !first)
			first = err;
		/* No answer behind it can be read either. */
		if (err == -EFAULT || fatal_signal_pending(current))
			break;
		from += args->answer_size;
		/* Not behind each: those who are answered would run one by one. */
		if (i % 64 == 63)
			cond_resched();
	}
	return first;
}

/* Return: how many, which may be none, or -EFAULT. */
static int take_calls(struct sud_listener *listener,
		      const struct sud_serve *args)
{
	void __user *to = sud_uapi_pointer(args->calls);
	struct sud_notification call;
	int count = 0;

	while (count < min_t(u32, args->call_count, INT_MAX) &&
	       sud_listener_take(listener, &call)) {
		if (sud_uapi_write_call(&call, to, args->call_size)) {
			sud_listener_put_back(listener, call.id);
			return count ?: -EFAULT;
		}
		to += args->call_size;
		count++;
		cond_resched();
	}
	return count;
}

static int wait_for_call(struct sud_listener *listener, struct file *file)
{
	if (sud_listener_ready(listener))
		return 0;
	if (READ_ONCE(listener->deserted))
		return -ESRCH;
	if (file->f_flags & O_NONBLOCK)
		return -EAGAIN;
	return wait_event_interruptible_exclusive(
		listener->readers,
		sud_listener_ready(listener) || READ_ONCE(listener->deserted));
}

static long ioctl_serve(struct file *file, void __user *arg)
{
	struct sud_listener *listener = file->private_data;
	struct sud_serve args;
	int err, count;

	err = sud_uapi_read_serve(&args, arg);
	if (!err)
		err = give_answers(listener, &args);
	if (err || !args.call_count)
		return err;

	/* As a rule whoever was answered calls again, and sooner than this one sleeps. */
	cond_resched();
	do {
		err = wait_for_call(listener, file);
		/* The answers must not be given again. */
		if (err == -ERESTARTSYS && args.answer_count)
			return -EINTR;
		if (err)
			return err;
		count = take_calls(listener, &args);
	} while (!count);
	return count;
}

static long ioctl_call_valid(struct file *file, void __user *arg)
{
	u64 id;

	if (copy_from_user(&id, arg, sizeof(id)))
		return -EFAULT;
	return sud_listener_valid(file->private_data, id) ? 0 : -ENOENT;
}

static long listener_ioctl(struct file *file, unsigned int cmd,
			   unsigned long arg)
{
	switch (cmd) {
	case SUD_IOC_SERVE:
		return ioctl_serve(file, (void __user *)arg);
	case SUD_IOC_CALL_VALID:
		return ioctl_call_valid(file, (void __user *)arg);
	}
	return -ENOTTY;
}

static __poll_t listener_poll(struct file *file, poll_table *table)
{
	struct sud_listener *listener = file->private_data;
	__poll_t events = 0;

	poll_wait(file, &listener->readers, table);
	if (sud_listener_ready(listener))
		events |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(listener->deserted))
		events |= EPOLLHUP;
	return events;
}

static int listener_release(struct inode *inode, struct file *file)
{
	sud_listener_close(file->private_data);
	sud_listener_put(file->private_data);
	return 0;
}

static void listener_show(struct seq_file *seq, struct file *file)
{
	struct sud_listener *listener = file->private_data;

	seq_printf(seq, "sud-listener:\t%llu\n", listener->id);
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.release = listener_release,
	.unlocked_ioctl = listener_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = listener_poll,
	.show_fdinfo = listener_show,
	.llseek = noop_llseek,
};

/* Return: the file of a new listener, which is that of @owner; or an error. */
static struct file *listener_file(struct file *owner, u32 flags)
{
	struct sud_listener *listener = sud_listener_new(flags);
	struct file *file;
	int err;

	if (IS_ERR(listener))
		return ERR_CAST(listener);
	file = anon_inode_getfile("[sud-listener]", &fops, listener, O_RDWR);
	if (IS_ERR(file)) {
		sud_listener_put(listener);
		return file;
	}
	err = sud_file_new_listener(owner, listener);
	if (err) {
		fput(file);
		return ERR_PTR(err);
	}
	return file;
}

long sud_ioctl_listen(struct file *file, void __user *arg)
{
	struct file *listener;
	struct sud_listen args;
	int err, fd;

	err = sud_uapi_read_listen(&args, arg);
	if (err)
		return err;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	listener = listener_file(file, args.flags);
	if (IS_ERR(listener)) {
		put_unused_fd(fd);
		return PTR_ERR(listener);
	}
	fd_install(fd, listener);
	return fd;
}
