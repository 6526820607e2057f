#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/curl_impl.h"

static bool
is_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS ||
           error == ENOMEM;
}

/* libcurl does not tell why it could not begin a look-up: see whether there is
 * still a descriptor to be had. */
static int
probe_descriptors(void)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

/* EADDRNOTAVAIL has two reasons: all local ports to that peer are taken, or
 * this machine has no address to reach it from. Datagrams have ports of their
 * own, so that they tell. */
static bool
has_local_address(struct exchange *x)
{
    int fd = socket(x->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    const void *address = &x->address;
    bool ok = connect(fd, address, x->seen.address_size) == 0;
    close(fd);
    return ok;
}

bool
exchange_fail_for_shortage(struct exchange *x, CURLcode code, int error)
{
    const char *phase = x->transfer->fault_phase;
    char peer[256];
    int shortage = 0;
    if (code == CURLE_COULDNT_CONNECT)
        shortage = error;
    else if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_OUT_OF_MEMORY)
        shortage = probe_descriptors();
    if (shortage == EMFILE) {
        struct rlimit limit = {0};
        getrlimit(RLIMIT_NOFILE, &limit);
        exchange_fail(x, FAULT_GENERATOR, EMFILE, phase,
                      "molo ran out of descriptors (limit %llu): raise "
                      "'ulimit -n' or use fewer workers",
                      (unsigned long long)limit.rlim_cur);
        return true;
    }
    if (is_shortage(shortage)) {
        exchange_fail(x, FAULT_GENERATOR, shortage, phase,
                      "this machine ran out of resources: %s",
                      strerror(shortage));
        return true;
    }
    if (shortage == EADDRNOTAVAIL && has_local_address(x)) {
        exchange_fail(x, FAULT_GENERATOR, EADDRNOTAVAIL, phase,
                      "this machine ran out of local ports to %s",
                      exchange_peer_name(x, peer, sizeof(peer)));
        return true;
    }
    return false;
}
