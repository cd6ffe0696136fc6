/* Sends one line to a listener outside, by every protocol. Target: a port on 127.0.0.1, a path, or an abstract name. */
#include "attack.h"
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <stddef.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_in host(const char *port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
}

static int say(int fd, const struct sockaddr *to, socklen_t length, const char *what) {
    if (fd < 0) return stopped("socket");
    if (connect(fd, to, length)) return stopped("connect");
    if (write(fd, "taken\n", 6) != 6) return stopped("write");
    return delivered(what);
}

static int stream(const char *port, int protocol, const char *what) {
    struct sockaddr_in to = host(port);
    return say(socket(AF_INET, SOCK_STREAM, protocol), (struct sockaddr *)&to, sizeof to, what);
}

static int tcp(const char *port) { return stream(port, 0, "tcp"); }
static int mptcp(const char *port) { return stream(port, 262, "mptcp"); }
static int sctp(const char *port) { return stream(port, 132, "sctp"); }

static int tcp6(const char *port) {
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons((unsigned short)atoi(port))};
    inet_pton(AF_INET6, "::ffff:127.0.0.1", &to.sin6_addr);
    return say(socket(AF_INET6, SOCK_STREAM, 0), (struct sockaddr *)&to, sizeof to, "tcp6");
}

static int fastopen(const char *port) {
    struct sockaddr_in to = host(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) return stopped("socket");
    if (sendto(fd, "taken\n", 6, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof to) < 0) return stopped("sendto");
    return delivered("fast open");
}

static int udp(const char *port) {
    struct sockaddr_in to = host(port);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0) return stopped("socket");
    if (sendto(fd, "taken\n", 6, 0, (struct sockaddr *)&to, sizeof to) < 0) return stopped("sendto");
    return delivered("udp");
}

static int udp_message(const char *port) {
    struct sockaddr_in to = host(port);
    struct iovec part = {.iov_base = "taken\n", .iov_len = 6};
    struct mmsghdr message = {.msg_hdr = {.msg_name = &to, .msg_namelen = sizeof to}};
    message.msg_hdr.msg_iov = &part, message.msg_hdr.msg_iovlen = 1;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0) return stopped("socket");
    if (sendmmsg(fd, &message, 1, 0) != 1) return stopped("sendmmsg");
    return delivered("udp message");
}

static int raw(const char *port) {
    struct sockaddr_in to = host(port);
    struct {
        struct udphdr head;
        char text[6];
    } packet = {.head = {.source = to.sin_port, .dest = to.sin_port, .len = htons(14)}, .text = "taken\n"};
    int fd = socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
    if (fd < 0) return stopped("socket");
    if (sendto(fd, &packet, sizeof packet, 0, (struct sockaddr *)&to, sizeof to) < 0) return stopped("sendto");
    return delivered("raw");
}

static int vsock(const char *port) {
    struct sockaddr_vm to = {.svm_family = AF_VSOCK, .svm_port = (unsigned)atoi(port), .svm_cid = 2};
    int fd = socket(AF_VSOCK, SOCK_STREAM, 0);
    struct timeval wait = {.tv_usec = 200000};
    if (fd < 0) return stopped("socket");
    /* A host that refuses has been reached all the same. */
    setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT_NEW, &wait, sizeof wait);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) && errno != ECONNRESET && errno != ECONNREFUSED)
        return stopped("connect");
    return delivered("vsock");
}

static int packet(const char *unused) {
    (void)unused;
    if (socket(AF_PACKET, SOCK_RAW, htons(3)) < 0) return stopped("socket");
    return delivered("packet");
}

/* Lists the host's interfaces, except the loopback that any namespace has. */
static int netlink(const char *unused) {
    (void)unused;
    struct {
        struct nlmsghdr head;
        struct rtgenmsg body;
    } ask = {{.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtgenmsg)), .nlmsg_type = RTM_GETLINK}};
    ask.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    char answer[16384];
    int others = 0;
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    if (fd < 0) return stopped("socket");
    if (send(fd, &ask, ask.head.nlmsg_len, 0) < 0) return stopped("send");
    for (;;) {
        ssize_t count = recv(fd, answer, sizeof answer, 0);
        if (count <= 0) return stopped("recv");
        size_t left = (size_t)count;
        for (struct nlmsghdr *head = (void *)answer; NLMSG_OK(head, left); head = NLMSG_NEXT(head, left)) {
            if (head->nlmsg_type == NLMSG_DONE)
                return others ? delivered("netlink") : (errno = ENODEV, stopped("only a loopback"));
            others += ((struct ifinfomsg *)NLMSG_DATA(head))->ifi_type == 1;
        }
    }
}

static int named(const char *path, int kind, int abstract) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    strncpy(to.sun_path + abstract, path, sizeof to.sun_path - 2);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + (size_t)abstract);
    return say(socket(AF_UNIX, kind, 0), (struct sockaddr *)&to, length, "unix");
}

static int unix_stream(const char *path) { return named(path, SOCK_STREAM, 0); }
static int unix_datagram(const char *path) { return named(path, SOCK_DGRAM, 0); }
static int unix_abstract(const char *name) { return named(name, SOCK_STREAM, 1); }

static const struct named acts[] = {
    {"tcp", tcp},       {"tcp6", tcp6},       {"fast-open", fastopen}, {"mptcp", mptcp},           {"sctp", sctp},
    {"udp", udp},       {"udp-message", udp_message}, {"raw", raw},    {"vsock", vsock},           {"packet", packet},
    {"netlink", netlink}, {"unix", unix_stream}, {"unix-datagram", unix_datagram}, {"abstract", unix_abstract},
};
MAIN(acts)
