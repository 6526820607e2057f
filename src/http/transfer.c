#include "http/transfer.h"

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
    size_t value_size;
    return http_header_find(response->headers.data, response->headers.size,
                            "Location", &value_size) != NULL;
}
