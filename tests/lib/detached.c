// SPDX-License-Identifier: GPL-2.0-only
#include <pthread.h>

#include "detached.h"

bool start_detached(void *(*fn)(void *))
{
	pthread_attr_t attributes;
	pthread_t thread;
	int err;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	err = pthread_create(&thread, &attributes, fn, NULL);
	pthread_attr_destroy(&attributes);
	return !err;
}
