// SPDX-License-Identifier: GPL-2.0-only
/*
 * An open /dev/sud, which has a region set.
 */
#include <linux/fs.h>
#include <linux/spinlock.h>

#include "file.h"
#include "regions.h"

/* Protects every file's private_data, which is its region set: a reference. */
static DEFINE_SPINLOCK(lock);

struct sud_region_set *sud_file_set(struct file *file)
{
	struct sud_region_set *set;

	spin_lock(&lock);
	set = sud_regions_get(file->private_data);
	spin_unlock(&lock);
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
	file->private_data = sud_regions_new();
	return file->private_data ? nonseekable_open(inode, file) : -ENOMEM;
}

int sud_file_release(struct inode *inode, struct file *file)
{
	sud_regions_put(file->private_data);
	return 0;
}
