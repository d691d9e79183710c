// SPDX-License-Identifier: MIT
// A new version that says it is one, as `update apply` asks, and is no good as a node. Built with -DVERSION='"9.9.1"', and with -DHANGS for one
// that neither becomes ready nor ends.
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **arguments)
{
    if (count > 1 && strcmp(arguments[1], "version") == 0) {
        puts("{\"kind\":\"version\",\"schema\":1,\"status\":\"ok\",\"data\":{\"version\":\"" VERSION "\"}}");
        return 0;
    }
#ifdef HANGS
    // With a child that does not listen either: whoever stops the service must end both.
    signal(SIGTERM, SIG_IGN);
    if (count > 1 && strcmp(arguments[1], "run") == 0) {
        fork();
        for (;;) pause();
    }
#endif
    fputs("broken\n", stderr);
    return 1;
}
