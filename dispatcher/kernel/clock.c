/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/clock.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* Later than any clock gets, and not too late for the kernel's nanoseconds. */
#define NEVER (INT64_MAX / 1000000000)

int64_t ks_clock_now(void)
{
    struct timespec now;

    (void) clock_gettime(CLOCK_BOOTTIME, &now); /* there since Linux 2.6.39 */
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The kernel ends such a timer when the time of day jumps, and after each sleep it does. */
int ks_clock_open(void)
{
    const struct itimerspec never = { .it_value = { .tv_sec = NEVER } };
    int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    int error;

    if (fd < 0)
        return -errno;
    if (timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) == 0)
        return fd;
    error = errno;
    close(fd);
    return -error;
}

void ks_clock_drain(int fd)
{
    uint64_t expirations;

    (void) !read(fd, &expirations, sizeof(expirations)); /* ECANCELED, and it waits again */
}
