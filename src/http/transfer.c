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
