// SPDX-License-Identifier: GPL-2.0-only
/*
 * An open /dev/sud, which has a region set, a control area and a listener from when
 * it first needs one.
 *
 * open() allocates nothing: misc_open() calls it with the lock of all misc
 * devices held, and a caller whose memory cgroup is full may wait for memory for
 * seconds.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "area.h"
#include "file.h"
#include "listener.h"
#include "regions.h"
#include "task.h"

/**
 * struct content - what an open file has, once it has anything
 * @set: its region set, a reference, or NULL
 * @area: its control area, a reference, or NULL
 * @listener: its listener, a user of it, or NULL
 */
struct content {
	struct sud_region_set *set;
	struct sud_area *area;
	struct sud_listener *listener;
};

/* Protects every file's private_data, which is its content, and all of that. */
static DEFINE_SPINLOCK(lock);

/* Return: the file's content, which stays until the last close; or NULL. */
static struct content *content_of(struct file *file)
{
	struct content *new, *content;

	spin_lock(&lock);
	content = file->private_data;
	spin_unlock(&lock);
	if (content)
		return content;

	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return NULL;
	spin_lock(&lock);
	/* Another thread may have been quicker. */
	if (!file->private_data) {
		file->private_data = new;
		new = NULL;
	}
	content = file->private_data;
	spin_unlock(&lock);
	kfree(new);
	return content;
}

struct sud_region_set *sud_file_set_if_any(struct file *file)
{
	struct sud_region_set *set = NULL;
	struct content *content;

	spin_lock(&lock);
	content = file->private_data;
	if (content)
		set = sud_regions_get(content->set);
	spin_unlock(&lock);
	return set;
}

struct sud_region_set *sud_file_set(struct file *file)
{
	struct sud_region_set *set = sud_file_set_if_any(file), *new;
	struct content *content;

	if (set)
		return set;
	content = content_of(file);
	new = content ? sud_regions_new() : NULL;
	if (!new)
		return NULL;

	spin_lock(&lock);
	/* Another thread may have been quicker. */
	if (!content->set) {
		content->set = new;
		new = NULL;
	}
	set = sud_regions_get(content->set);
	spin_unlock(&lock);

	sud_regions_put(new);
	return set;
}

int sud_file_ready(struct file *file)
{
	return content_of(file) ? 0 : -ENOMEM;
}

void sud_file_give_set(struct file *file, struct sud_region_set *set)
{
	struct content *content;
	struct sud_region_set *old;

	spin_lock(&lock);
	content = file->private_data;
	old = content->set;
	content->set = sud_regions_get(set);
	spin_unlock(&lock);
	sud_regions_put(old);
}

/* One that is closed answers nobody any more. The lock is held. */
static bool has_listener(const struct content *content)
{
	return content && content->listener &&
	       !READ_ONCE(content->listener->closed);
}

struct sud_listener *sud_file_listener(struct file *file)
{
	struct sud_listener *listener = NULL;
	struct content *content;

	spin_lock(&lock);
	content = file->private_data;
	if (has_listener(content))
		listener = sud_listener_use(content->listener);
	spin_unlock(&lock);
	return listener;
}

void sud_file_give_listener(struct file *file, struct sud_listener *listener)
{
	struct content *content;
	struct sud_listener *old;

	spin_lock(&lock);
	content = file->private_data;
	old = content->listener;
	content->listener = sud_listener_use(listener);
	spin_unlock(&lock);
	sud_listener_unuse(old);
}

int sud_file_new_listener(struct file *file, struct sud_listener *listener)
{
	struct content *content = content_of(file);
	struct sud_listener *old = NULL;
	int err = 0;

	if (!content)
		return -ENOMEM;

	spin_lock(&lock);
	if (has_listener(content)) {
		err = -EBUSY;
	} else {
		old = content->listener;
		sud_listener_first_user(listener);
		content->listener = listener;
	}
	spin_unlock(&lock);
	sud_listener_unuse(old);
	return err;
}

int sud_file_fill_in(struct file *file, struct sud_setup *setup)
{
	if (setup->config.flags & SUD_FLAG_REGIONS) {
		setup->set = sud_file_set(file);
		if (!setup->set)
			return -ENOMEM;
	}
	if (setup->config.delivery == SUD_DELIVER_NOTIFY)
		setup->listener = sud_file_listener(file);
	return 0;
}

/*
 * The file's control area, which is made when there is none. Return: a reference;
 * -EINVAL, when there is one of another size; or an error of sud_area_new().
 */
static struct sud_area *area_of_file(struct file *file, unsigned long size)
{
	struct content *content = content_of(file);
	struct sud_area *area, *new = NULL;

	if (!content)
		return ERR_PTR(-ENOMEM);

	spin_lock(&lock);
	area = content->area;
	spin_unlock(&lock);
	/* A file keeps the area that it has, to its last close. */
	if (!area) {
		new = sud_area_new(size);
		if (IS_ERR(new))
			return new;
	}

	spin_lock(&lock);
	/* Another thread may have been quicker. */
	if (!content->area) {
		content->area = new;
		new = NULL;
	}
	area = content->area->size == size ? sud_area_get(content->area)
					   : ERR_PTR(-EINVAL);
	spin_unlock(&lock);

	sud_area_put(new);
	return area;
}

int sud_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct sud_mapping *mapping = sud_mapping_new(vma);
	struct sud_area *area;

	if (IS_ERR(mapping))
		return PTR_ERR(mapping);
	area = area_of_file(file, vma->vm_end - vma->vm_start);
	if (IS_ERR(area)) {
		sud_mapping_put(mapping);
		return PTR_ERR(area);
	}
	sud_mapping_begin(mapping, area, vma);
	return 0;
}

static unsigned long area_size(struct file *file)
{
	struct content *content;
	unsigned long size = 0;

	spin_lock(&lock);
	content = file->private_data;
	if (content && content->area)
		size = content->area->size;
	spin_unlock(&lock);
	return size;
}

/* A line for each thing that the file has by now; see sud(4). */
void sud_file_show(struct seq_file *seq, struct file *file)
{
	struct sud_region_set *set = sud_file_set_if_any(file);
	struct sud_listener *listener = sud_file_listener(file);
	unsigned long size = area_size(file);
	size_t count;

	if (set) {
		seq_printf(seq, "sud-set:\t%llu\n", set->id);
		/* It fails for who is being killed. */
		if (!sud_regions_list(set, NULL, 0, &count))
			seq_printf(seq, "sud-ranges:\t%zu\n", count);
	}
	sud_regions_put(set);
	if (size)
		seq_printf(seq, "sud-area:\t%lu\n", size);
	if (listener)
		seq_printf(seq, "sud-listener:\t%llu\n", listener->id);
	sud_listener_unuse(listener);
}

int sud_file_open(struct inode *inode, struct file *file)
{
	/* misc_open() leaves the device there. */
	file->private_data = NULL;
	return nonseekable_open(inode, file);
}

int sud_file_release(struct inode *inode, struct file *file)
{
	struct content *content = file->private_data;

	if (!content)
		return 0;
	sud_regions_put(content->set);
	sud_area_put(content->area);
	sud_listener_unuse(content->listener);
	kfree(content);
	return 0;
}
