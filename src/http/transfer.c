#include "http/transfer.h"

#include <stdio.h>
#include <string.h>

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

void
transfer_vfail(struct transfer *transfer, enum transfer_fault fault,
               const char *phase, const char *fmt, va_list args)
{
    transfer->fault = fault;
    transfer->fault_phase = phase;
    vsnprintf(transfer->fault_message, sizeof(transfer->fault_message), fmt,
              args);
}

void
transfer_fail(struct transfer *transfer, enum transfer_fault fault,
              const char *phase, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    transfer_vfail(transfer, fault, phase, fmt, args);
    va_end(args);
}

nsec_t
transfer_time_left(const struct transfer *transfer)
{
    return transfer->deadline == NSEC_NEVER
               ? NSEC_NEVER
               : transfer->deadline - transfer->started_at;
}

const char *
transfer_phase_words(const char *phase)
{
    static const char *const words[][2] = {
        {"dns", "looking up the host name"},    {"connect", "connecting"},
        {"tls", "in the TLS handshake"},        {"send", "sending the request"},
        {"wait", "waiting for the first byte"},
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(words[i][0], phase) == 0)
            return words[i][1];
    return "receiving the answer";
}
