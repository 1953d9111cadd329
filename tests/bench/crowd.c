// SPDX-License-Identifier: GPL-2.0-only
/*
 * An allowed call in one of many armed threads, the others asleep. Where the
 * threads' state is found by a hash table, it matters with whom a thread shares
 * its bucket, and who armed first: measure some of them, from the first to the
 * last, and give their median and their worst.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sud.h>

#include "bench.h"

#define SAMPLES 51
#define BATCHES 20

struct member {
	sem_t turn;
	double cost;
};

static int fd;
static sem_t ready;

static void *live(void *arg)
{
	struct member *member = arg;

	need(sud_arm(fd, SUD_MODE_EXCLUSIVE, 0, 0, &selector), "SUD_IOC_SET");
	sem_post(&ready);
	sem_wait(&member->turn);
	member->cost = bench_call(SUD_SELECTOR_ALLOW, BATCHES);
	sem_post(&ready);
	for (;;)
		pause();
	return NULL;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void crowd(int threads)
{
	struct member *members = calloc(threads, sizeof(*members));
	int samples = threads < SAMPLES ? threads : SAMPLES;
	double costs[SAMPLES];
	char name[40];
	pthread_attr_t attr;
	pthread_t thread;

	fd = sud_open();
	need(fd, SUD_DEVICE);
	sem_init(&ready, 0, 0);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, sysconf(_SC_THREAD_STACK_MIN));
	/* Stacks without a gap are one mapping: there is a limit to those. */
	pthread_attr_setguardsize(&attr, 0);

	for (int i = 0; i < threads; i++) {
		sem_init(&members[i].turn, 0, 0);
		errno = pthread_create(&thread, &attr, live, &members[i]);
		need(-errno, "pthread_create");
		sem_wait(&ready);
	}
	for (int i = 0; i < samples; i++) {
		/* Spread over all, both ends included. */
		int k = samples > 1 ? (long)i * (threads - 1) / (samples - 1)
				    : 0;

		sem_post(&members[k].turn);
		sem_wait(&ready);
		costs[i] = members[k].cost;
	}
	qsort(costs, samples, sizeof(*costs), compare);
	snprintf(name, sizeof(name), "sud_allow_of_%d", threads);
	report(name, costs[samples / 2]);
	strcat(name, "_worst");
	report(name, costs[samples - 1]);
}
