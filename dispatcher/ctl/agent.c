/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "pkttyagent"

/* It registers with polkitd, which may have to be started. */
#define READY_TIMEOUT_MS 5000

#define END_TIMEOUT_MS 1000
#define END_STEP_MS    5

struct KsAgent {
    pid_t pid;
};

/* Beside a desktop's agent ours keeps back (--fallback). polkit 122 uses one that keeps back only
 * where it finds a session, and outside of all sessions there is nobody to step back for. */
static bool has_session(void)
{
    return g_getenv("XDG_SESSION_ID") || g_getenv("DISPLAY") || g_getenv("WAYLAND_DISPLAY");
}

/* Between fork and exec: only what is safe there. It talks to the terminal itself (/dev/tty). The
 * last argument may be NULL. */
static G_GNUC_NORETURN void become_agent(int ready, const char *our_pid, const char *ready_text,
                                         const char *keep_back)
{
    int null = open("/dev/null", O_RDWR);

    /* it must not outlive us, with the terminal's echo off */
    (void) prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (null >= 0) {
        (void) dup2(null, STDOUT_FILENO);
        (void) dup2(null, STDERR_FILENO);
    }
    (void) fcntl(ready, F_SETFD, 0);
    (void) execlp(PROGRAM, PROGRAM, "--process", our_pid, "--notify-fd", ready_text, keep_back,
                  (char *) NULL);
    _exit(127);
}

KsAgent *ks_agent_start(void)
{
    g_autofree char *our_pid = g_strdup_printf("%d", (int) getpid());
    g_autofree char *ready_text = NULL;
    const char *keep_back = has_session() ? "--fallback" : NULL;
    struct pollfd ready = { .events = POLLIN };
    int ends[2];
    KsAgent *agent;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return NULL;
    ready_text = g_strdup_printf("%d", ends[1]);
    pid = fork();
    if (pid == 0)
        become_agent(ends[1], our_pid, ready_text, keep_back);
    close(ends[1]);
    ready.fd = ends[0];
    /* it closes its end when it is registered, and so does its death */
    if (pid > 0)
        (void) poll(&ready, 1, READY_TIMEOUT_MS);
    close(ends[0]);
    if (pid < 0)
        return NULL;
    agent = g_new0(KsAgent, 1);
    agent->pid = pid;
    return agent;
}

void ks_agent_end(KsAgent *agent)
{
    if (!agent)
        return;
    (void) kill(agent->pid, SIGTERM);
    for (unsigned waited = 0; waitpid(agent->pid, NULL, WNOHANG) == 0; waited += END_STEP_MS) {
        if (waited >= END_TIMEOUT_MS)
            (void) kill(agent->pid, SIGKILL);
        g_usleep(END_STEP_MS * 1000);
    }
    g_free(agent);
}
