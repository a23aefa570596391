/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long programs take from fork to exit, as the one who waits for them sees it.
 *
 *   exec-times ROUNDS -- NAMESPACE [VARIABLE=VALUE...] PROGRAM [ARGUMENT...] [-- NAMESPACE ...]...
 *
 * Every round runs each command once, in turn, in its network namespace (a path) and with exactly
 * the environment given; nobody reads what it prints. Prints "COMMAND NANOSECONDS", commands counted
 * from 0. A command that fails ends it all: its time would be that of nothing. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS_MAX    16
#define ENVIRONMENT_MAX 32

/* Before each command: whatever the one before has left to do elsewhere is then done. */
#define PAUSE_NANOSECONDS 15000000

#define NANOSECONDS_IN_SECOND 1000000000

typedef struct {
    int namespace;
    char *environment[ENVIRONMENT_MAX];
    char **arguments;
} Command;

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t) time.tv_sec * NANOSECONDS_IN_SECOND + time.tv_nsec;
}

static bool read_command(char **words, Command *command)
{
    unsigned variables = 0;

    command->namespace = words[0] ? open(words[0], O_RDONLY | O_CLOEXEC) : -1;
    if (command->namespace < 0)
        return false;
    for (words++; *words && strchr(*words, '=') && variables < ENVIRONMENT_MAX - 1; words++)
        command->environment[variables++] = *words;
    command->arguments = words;
    return *words;
}

/* Returns the nanoseconds, or -1 when it failed. */
static int64_t run(const Command *command, int nowhere)
{
    int64_t begun = now();
    pid_t child = fork();
    int status;

    if (child == 0) {
        if (setns(command->namespace, CLONE_NEWNET) == 0 && dup2(nowhere, STDOUT_FILENO) >= 0)
            execve(command->arguments[0], command->arguments, command->environment);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? now() - begun : -1;
}

int main(int argc, char **argv)
{
    static Command commands[COMMANDS_MAX];
    unsigned count = 0;
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--") != 0)
            continue;
        argv[i] = NULL; /* ends the command before */
        if (count == COMMANDS_MAX || !read_command(&argv[i + 1], &commands[count++])) {
            fprintf(stderr, "exec-times: command %u cannot be used: %s\n", count, strerror(errno));
            return EXIT_FAILURE;
        }
        /* the words up to here may not hold a "--" of their own */
    }
    if (rounds <= 0 || count == 0 || nowhere < 0)
        return EXIT_FAILURE;

    for (long round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < count; i++) {
            struct timespec pause = { .tv_nsec = PAUSE_NANOSECONDS };
            int64_t time;

            nanosleep(&pause, NULL);
            time = run(&commands[i], nowhere);
            if (time < 0) {
                fprintf(stderr, "exec-times: %s failed\n", commands[i].arguments[0]);
                return EXIT_FAILURE;
            }
            printf("%u %lld\n", i, (long long) time);
        }
    }
    return EXIT_SUCCESS;
}
