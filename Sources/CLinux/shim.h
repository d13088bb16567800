#pragma once
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <fcntl.h>
#include <unistd.h>
#include <errno.h>
#include <signal.h>
#include <pthread.h>
#include <time.h>

// What Glibc's Swift module hides behind _GNU_SOURCE, and calls that take a `struct sockaddr *` for what is really a
// run of bytes. Same meaning, own prefix, no logic.
int accept4(int, struct sockaddr *__restrict, socklen_t *__restrict, int);
int pthread_setname_np(pthread_t, const char *);
int fallocate(int, int, off_t, off_t);
int renameat2(int, const char *, int, const char *, unsigned int);
struct mmsghdr;
int recvmmsg(int, struct mmsghdr *, unsigned int, int, struct timespec *);
int sendmmsg(int, struct mmsghdr *, unsigned int, int);

// The kernel's `struct mmsghdr`.
struct linux_mmsghdr {
    struct msghdr msg_hdr;
    unsigned int msg_len;
};

static inline int linux_accept4(int fd, void *address, socklen_t *length, int flags) {
    return accept4(fd, (struct sockaddr *)address, length, flags);
}
static inline int linux_bind(int fd, const void *address, socklen_t length) {
    return bind(fd, (const struct sockaddr *)address, length);
}
static inline int linux_connect(int fd, const void *address, socklen_t length) {
    return connect(fd, (const struct sockaddr *)address, length);
}
static inline int linux_getsockname(int fd, void *address, socklen_t *length) {
    return getsockname(fd, (struct sockaddr *)address, length);
}
static inline int linux_getpeername(int fd, void *address, socklen_t *length) {
    return getpeername(fd, (struct sockaddr *)address, length);
}
static inline int linux_recvmmsg(int fd, struct linux_mmsghdr *messages, unsigned int count, int flags) {
    return recvmmsg(fd, (struct mmsghdr *)messages, count, flags, 0);
}
static inline int linux_sendmmsg(int fd, struct linux_mmsghdr *messages, unsigned int count, int flags) {
    return sendmmsg(fd, (struct mmsghdr *)messages, count, flags);
}
static inline int linux_pthread_setname_np(pthread_t thread, const char *name) {
    return pthread_setname_np(thread, name);
}
// FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE
static inline int linux_fallocate_hole(int fd, off_t offset, off_t length) {
    return fallocate(fd, 0x01 | 0x02, offset, length);
}
// RENAME_EXCHANGE
static inline int linux_rename_exchange(const char *first, const char *second) {
    return renameat2(AT_FDCWD, first, AT_FDCWD, second, 1 << 1);
}
static inline int linux_socket(int domain, int type, int protocol) { return socket(domain, type, protocol); }
static inline int linux_SOCK_STREAM(void) { return SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC; }
static inline int linux_SOCK_DGRAM(void) { return SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC; }
static inline int linux_accept_flags(void) { return SOCK_NONBLOCK | SOCK_CLOEXEC; }
static inline int linux_blocking_eventfd_flags(void) { return EFD_CLOEXEC; }
static inline int linux_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }
static inline int linux_eventfd_flags(void) { return EFD_NONBLOCK | EFD_CLOEXEC; }
static inline int linux_signalfd_flags(void) { return SFD_NONBLOCK | SFD_CLOEXEC; }
