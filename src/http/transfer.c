#include "http/transfer.h"

#include <strings.h>

static const char *const fault_names[] = {
    [FAULT_NONE] = "",
    [FAULT_DNS] = "dns",
    [FAULT_CONNECT] = "connect",
    [FAULT_TLS] = "tls",
    [FAULT_TIMEOUT] = "timeout",
    [FAULT_RESET] = "reset",
    [FAULT_PROTOCOL] = "protocol",
    [FAULT_DECODE] = "decode",
    [FAULT_TOO_LARGE] = "too_large",
    [FAULT_REDIRECT] = "redirect",
    [FAULT_GENERATOR] = "generator",
};

const char *
transfer_fault_name(enum transfer_fault fault)
{
    return fault_names[fault];
}

bool
transfer_is_hop(const struct transfer *transfer)
{
    const struct http_response *response = &transfer->response;
    int status = response->status;
    if (transfer->request.max_redirects == 0 ||
        (status != 301 && status != 302 && status != 303 && status != 307 &&
         status != 308))
        return false;
    static const char location[] = "Location";
    size_t pos = 0, name_size, value_size;
    const char *name, *value;
    while (http_header_next(response->headers.data, response->headers.size,
                            &pos, &name, &name_size, &value, &value_size))
        if (name_size == sizeof(location) - 1 &&
            strncasecmp(name, location, name_size) == 0)
            return true;
    return false;
}
