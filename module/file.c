// SPDX-License-Identifier: GPL-2.0-only
/*
 * An open /dev/sud, which has a region set from when it first needs one.
 *
 * open() allocates nothing: misc_open() calls it with the lock of all misc
 * devices held, and a caller whose memory cgroup is full may wait for memory for
 * seconds.
 */
#include <linux/fs.h>
#include <linux/spinlock.h>

#include "file.h"
#include "regions.h"

/* Protects every file's private_data, which is its region set: a reference. */
static DEFINE_SPINLOCK(lock);

struct sud_region_set *sud_file_set_if_any(struct file *file)
{
	struct sud_region_set *set;

	spin_lock(&lock);
	set = file->private_data;
	if (set)
		sud_regions_get(set);
	spin_unlock(&lock);
	return set;
}

struct sud_region_set *sud_file_set(struct file *file)
{
	struct sud_region_set *set = sud_file_set_if_any(file), *new;

	if (set)
		return set;
	new = sud_regions_new();
	if (!new)
		return NULL;

	spin_lock(&lock);
	/* Another thread may have been quicker. */
	if (!file->private_data) {
		file->private_data = new;
		new = NULL;
	}
	set = sud_regions_get(file->private_data);
	spin_unlock(&lock);

	sud_regions_put(new);
	return set;
}

void sud_file_give_set(struct file *file, struct sud_region_set *set)
{
	struct sud_region_set *old;

	spin_lock(&lock);
	old = file->private_data;
	file->private_data = sud_regions_get(set);
	spin_unlock(&lock);
	sud_regions_put(old);
}

int sud_file_open(struct inode *inode, struct file *file)
{
	/* misc_open() leaves the device there. */
	file->private_data = NULL;
	return nonseekable_open(inode, file);
}

int sud_file_release(struct inode *inode, struct file *file)
{
	sud_regions_put(file->private_data);
	return 0;
}
