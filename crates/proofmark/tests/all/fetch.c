// Does what its standard input says, a line for each thing, with nothing but sockets.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

extern char **environ;

static int dial(struct in_addr to, int port) {
    int s = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = to};
    if (s < 0) return -errno;
    return connect(s, (void *)&at, sizeof at) ? -errno : s;
}

static int resolve(const char *host, struct in_addr *to) {
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
    if (getaddrinfo(host, NULL, &hints, &found)) return 0;
    *to = ((struct sockaddr_in *)found->ai_addr)->sin_addr;
    return 1;
}

// METHOD HOST PORT TARGET: the whole answer as it came.
static void request(const char *method, const char *host, int port, const char *target) {
    struct in_addr to;
    if (!resolve(host, &to)) { printf("%s: no such host\n", host); return; }
    int s = dial(to, port);
    if (s < 0) { printf("%s:%d: errno %d\n", host, port, -s); return; }
    dprintf(s, "%s %s HTTP/1.1\r\nHost: %s:%d\r\nAuthorization: Bearer of-the-artifact\r\nConnection: close\r\n\r\n",
            method, target, host, port);
    char buffer[4096];
    long n;
    while ((n = read(s, buffer, sizeof buffer)) > 0) { fwrite(buffer, 1, n, stdout); fflush(stdout); }
    putchar('\n');
    close(s);
}

// What the name server says, asked without a library.
static void ask(const char *host) {
    unsigned char message[300] = {0, 7, 1, 0, 0, 1}, *end = message + 12;
    for (const char *label = host; *label; ) {
        size_t length = strcspn(label, ".");
        *end++ = length;
        memcpy(end, label, length);
        end += length;
        label += length + (label[length] == '.');
    }
    memcpy(end, "\0\0\1\0\1", 5);
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(0x7f000001)};
    if (s < 0 || connect(s, (void *)&at, sizeof at) || send(s, message, end + 5 - message, 0) < 0) {
        printf("%s: no name server\n", host);
        return;
    }
    long n = recv(s, message, sizeof message, 0);
    printf("%s: code %d", host, n < 12 ? -1 : message[3] & 15);
    if (n > 16 && message[7]) printf(" %u.%u.%u.%u", message[n - 4], message[n - 3], message[n - 2], message[n - 1]);
    putchar('\n');
    close(s);
}

int main(void) {
    char line[1024], word[32], host[256], target[512];
    int port;
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "ask %200s", host) == 1) ask(host);
        else if (sscanf(line, "dial %255s %d", host, &port) == 2) {
            struct in_addr to;
            int s = inet_aton(host, &to) ? dial(to, port) : 0;
            printf("%s:%d: %s %d\n", host, port, s < 0 ? "errno" : "connected", s < 0 ? -s : 0);
        } else if (!strcmp(line, "environment\n")) {
            for (char **one = environ; *one; one++) printf("%s\n", *one);
            puts("end of environment");
        } else if (!strcmp(line, "abort\n")) abort();
        else if (sscanf(line, "request %31s %255s %d %511s", word, host, &port, target) == 4)
            request(word, host, port, target);
        fflush(stdout);
    }
    return 0;
}
