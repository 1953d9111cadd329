/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_FILE_H
#define SUD_FILE_H

struct file;
struct inode;
struct seq_file;
struct sud_listener;
struct sud_region_set;
struct sud_setup;
struct vm_area_struct;

int sud_file_open(struct inode *inode, struct file *file);
int sud_file_release(struct inode *inode, struct file *file);

/*
 * The file's region set, which is made when there is none. Return: a reference,
 * or NULL when there is no memory.
 */
struct sud_region_set *sud_file_set(struct file *file);
/* Return: a reference, or NULL when the file has none yet. */
struct sud_region_set *sud_file_set_if_any(struct file *file);
/*
 * From now on the file has @set, in place of its own; it takes a reference. Only
 * after sud_file_ready() has returned 0 and not -ENOMEM.
 */
void sud_file_give_set(struct file *file, struct sud_region_set *set);
int sud_file_ready(struct file *file);

/* Return: a use of the file's listener, or NULL when none is open. */
struct sud_listener *sud_file_listener(struct file *file);
/* As sud_file_give_set(). */
void sud_file_give_listener(struct file *file, struct sud_listener *listener);
/* Return: 0; -EBUSY, when one is open; -ENOMEM. */
int sud_file_new_listener(struct file *file, struct sud_listener *listener);

/*
 * What @setup's configuration takes from the file it is applied on. Return: 0 or
 * -ENOMEM; the caller calls sud_setup_put() in any case.
 */
int sud_file_fill_in(struct file *file, struct sud_setup *setup);

/* Maps the file's control area, which is made when there is none. */
int sud_file_mmap(struct file *file, struct vm_area_struct *vma);

/* /proc/PID/fdinfo: what the file has. */
void sud_file_show(struct seq_file *seq, struct file *file);

#endif /* SUD_FILE_H */
