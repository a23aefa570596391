/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "namespace.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OWN_NAMESPACE "/proc/self/ns/net"

/* Of every kernel: PROC_PID_INIT_INO in include/linux/proc_ns.h. */
#define FIRST_PID_NAMESPACE 0xeffffffcu

static bool of_user;
static bool started_in_first;

static ino_t number_of(const char *path)
{
    struct stat info;

    if (stat(path, &info) < 0)
        g_error("cannot look at %s: %s", path, g_strerror(errno));
    return info.st_ino;
}

static ino_t own_namespace(void)
{
    return number_of(OWN_NAMESPACE);
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t) strlen(text))
        g_error("cannot write %s: %s", path, g_strerror(errno));
    close(fd);
}

static void become_root_there(uid_t uid, gid_t gid)
{
    g_autofree char *uid_map = g_strdup_printf("0 %u 1\n", uid);
    g_autofree char *gid_map = g_strdup_printf("0 %u 1\n", gid);

    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", uid_map);
    write_file("/proc/self/gid_map", gid_map);
}

/* A new network namespace has a loopback that is down, and nothing else. */
static void be_sure(ino_t before)
{
    struct if_nameindex *names = if_nameindex();
    struct ifreq request = { .ifr_name = "lo" };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (own_namespace() == before)
        g_error("still in the network namespace of before");
    if (!names || names[0].if_index != 1 || names[1].if_index != 0)
        g_error("the new network namespace has links already");
    if_freenameindex(names);
    if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0 || request.ifr_flags & IFF_UP)
        g_error("the loopback of the new network namespace is up already");
    request.ifr_flags |= IFF_UP;
    if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
        g_error("the loopback does not come up: %s", g_strerror(errno));
    close(fd);
}

bool namespace_is_of_user(void)
{
    return of_user;
}

void namespace_enter(void)
{
    ino_t before = own_namespace();
    uid_t uid = geteuid();
    gid_t gid = getegid();

    if (unshare(CLONE_NEWNET | (uid == 0 ? 0 : CLONE_NEWUSER)) < 0) {
        printf("1..0 # SKIP this system gives no network namespace: %s\n", g_strerror(errno));
        exit(EXIT_SUCCESS);
    }
    of_user = uid != 0;
    started_in_first = number_of("/proc/self/ns/pid") == FIRST_PID_NAMESPACE;
    if (of_user)
        become_root_there(uid, gid);
    be_sure(before);
}

void namespace_enter_pid(void)
{
    int status = 0;
    pid_t child;

    if (unshare(CLONE_NEWPID) < 0 || (child = fork()) < 0)
        g_error("no PID namespace: %s", g_strerror(errno));
    if (child == 0) {
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        return;
    }
    (void) waitpid(child, &status, 0);
    exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE);
}

uint32_t namespace_first_pid(void)
{
    /* it counts as the PID namespace does that /proc was mounted in */
    g_autofree char *self = g_file_read_link("/proc/self", NULL);

    return started_in_first && self ? (uint32_t) strtoul(self, NULL, 10) : 0;
}

static int open_own(void)
{
    int fd = open(OWN_NAMESPACE, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        g_error("cannot hold the namespace: %s", g_strerror(errno));
    return fd;
}

static void go(int fd)
{
    if (setns(fd, CLONE_NEWNET) < 0)
        g_error("cannot change the namespace: %s", g_strerror(errno));
}

int namespace_new(void)
{
    int here = open_own();
    ino_t before = own_namespace();
    int there;

    if (unshare(CLONE_NEWNET) < 0)
        g_error("no second namespace: %s", g_strerror(errno));
    be_sure(before);
    there = open_own();
    go(here);
    close(here);
    return there;
}

void namespace_run(int fd, void (*function)(void *data), void *data)
{
    int here = open_own();

    go(fd);
    function(data);
    go(here);
    close(here);
}

char *namespace_command(const char *command)
{
    g_autofree char *errors = NULL;
    g_autoptr(GError) error = NULL;
    char *output = NULL;
    int status = 0;

    if (!g_spawn_command_line_sync(command, &output, &errors, &status, &error))
        g_error("%s: %s", command, error->message);
    if (status != 0)
        g_error("%s: %s", command, errors);
    return output;
}

int namespace_packet_socket(const char *link, uint16_t protocol)
{
    struct sockaddr_ll on = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(protocol),
        .sll_ifindex = (int) if_nametoindex(link),
    };
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(on.sll_ifindex, >, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *) &on, sizeof(on)), ==, 0);
    return fd;
}
