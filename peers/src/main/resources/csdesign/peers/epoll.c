// SPDX-License-Identifier: MIT
//
// The reference: an epoll server in C that makes the same system calls as csdesign's design
// `epoll`, and as little else as C can. What the Java design costs above it is the price of the
// seam and of FFM.
//
//   epoll PORT          listens on 127.0.0.1, prints the line that csdesign's servers print
//
// The protocol is the service `bytes`: a decimal count, with or without a line end, is answered
// with that many bytes. No deadlines, no limits, no strict mode: this is a measure, not a server.
//
// On standard input it takes the line `cost`, answered by one line of JSON; the end of the input
// ends it. SIGINT and SIGTERM end it at once.
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

// A server with idle deadlines passes one to epoll_wait, and the kernel sets a timer for it. None is
// kept here, but the call is the same.
enum { IDLE_MILLIS = 60 * 1000 };
enum { MAX_EVENTS = 256, MAX_ACCEPTS = 64, READ_BYTES = 16 * 1024, BLOCK_BYTES = 64 * 1024 };

// One connection: what is left of its answer, and where the digits stand.
struct client {
    long unsent;  // bytes of the answer not yet given to send
    long sent;    // bytes of the answer already sent: its place in the pattern
    long count;
    int digits;
    int watched;
};

static char block[BLOCK_BYTES];
static struct client *clients;  // by descriptor
static int capacity;
static long accepted, requests, bytes;
static int epoll, listener;

static void die(const char *call) {
    perror(call);
    exit(1);
}

static void watch(int op, int fd, int mask) {
    struct epoll_event event = {.events = mask, .data.u64 = fd};
    if (epoll_ctl(epoll, op, fd, &event) < 0) die("epoll_ctl");
}

static void obey(int fd, int mask) {
    if (clients[fd].watched != mask) {
        watch(EPOLL_CTL_MOD, fd, mask);
        clients[fd].watched = mask;
    }
}

static void on_accept(void) {
    for (int i = 0; i < MAX_ACCEPTS; i++) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        if (fd >= capacity) {
            capacity = 2 * fd;
            clients = realloc(clients, capacity * sizeof *clients);
            if (!clients) die("realloc");
        }
        clients[fd] = (struct client){.watched = EPOLLIN};
        watch(EPOLL_CTL_ADD, fd, EPOLLIN);
        accepted++;
    }
}

// Sends what the socket takes; answers 0 when all is gone, 1 when it took a part, -1 on an error.
static int send_answer(int fd, struct client *c) {
    while (c->unsent > 0) {
        long n = c->unsent < BLOCK_BYTES - c->sent % BLOCK_BYTES ? c->unsent
                                                                 : BLOCK_BYTES - c->sent % BLOCK_BYTES;
        long done = send(fd, block + c->sent % BLOCK_BYTES, n, MSG_NOSIGNAL);
        if (done < 0) return errno == EAGAIN ? 1 : -1;
        c->unsent -= done;
        c->sent += done;
        bytes += done;
        if (done < n) return 1;
    }
    return 0;
}

static void answer(struct client *c) {
    c->unsent = c->count;
    c->sent = 0;
    c->count = 0;
    c->digits = 0;
    requests++;
}

static void on_readable(int fd) {
    static char in[READ_BYTES];
    struct client *c = &clients[fd];
    long n = recv(fd, in, sizeof in, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
        close(fd);
        return;
    }
    int state = 0;
    for (long i = 0; i < n && state == 0; i++) {
        if (in[i] >= '0' && in[i] <= '9') {
            c->count = c->count * 10 + (in[i] - '0');
            c->digits++;
        }
        if (c->digits > 0 && (in[i] == '\n' || i == n - 1)) {
            answer(c);
            state = send_answer(fd, c);
        }
    }
    if (state < 0) {
        close(fd);
    } else {
        obey(fd, state ? EPOLLOUT : EPOLLIN);
    }
}

static void on_writable(int fd) {
    int state = send_answer(fd, &clients[fd]);
    if (state < 0) {
        close(fd);
    } else if (state == 0) {
        obey(fd, EPOLLIN);
    }
}

static void on_control(void) {
    char line[64];
    long n = read(0, line, sizeof line);
    if (n <= 0) exit(0);
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    printf("{\"connections\":%ld,\"requests\":%ld,\"bytes\":%ld,\"userMicros\":%ld,"
           "\"systemMicros\":%ld,\"voluntarySwitches\":%ld,\"involuntarySwitches\":%ld,"
           "\"peakRssKib\":%ld,\"allocatedBytes\":-1}\n",
           accepted, requests, bytes, u.ru_utime.tv_sec * 1000000 + u.ru_utime.tv_usec,
           u.ru_stime.tv_sec * 1000000 + u.ru_stime.tv_usec, u.ru_nvcsw, u.ru_nivcsw, u.ru_maxrss);
    fflush(stdout);
}

int main(int argc, char **argv) {
    for (int i = 0; i < BLOCK_BYTES; i += 64)
        memcpy(block + i, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+\n", 64);
    capacity = 1024;
    clients = calloc(capacity, sizeof *clients);
    int one = 1;
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_port = htons(argc > 1 ? atoi(argv[1]) : 2000),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof name;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&name, size) < 0) die("bind");
    if (listen(listener, 4096) < 0) die("listen");
    getsockname(listener, (struct sockaddr *)&name, &size);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    watch(EPOLL_CTL_ADD, listener, EPOLLIN);
    struct epoll_event control = {.events = EPOLLIN, .data.u64 = 0};
    epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &control);  // refused for a file or /dev/null: then no control
    printf("listening on 127.0.0.1:%d (c-epoll, pid %d)\n", ntohs(name.sin_port), getpid());
    fflush(stdout);

    static struct epoll_event events[MAX_EVENTS];
    for (;;) {
        int ready = epoll_wait(epoll, events, MAX_EVENTS, IDLE_MILLIS);
        for (int i = 0; i < ready; i++) {
            int fd = (int)events[i].data.u64;
            if (fd == listener) {
                on_accept();
            } else if (fd == 0) {
                on_control();
            } else if (clients[fd].watched == EPOLLOUT) {
                on_writable(fd);
            } else {
                on_readable(fd);
            }
        }
    }
}
