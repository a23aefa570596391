/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "rules/steps.h"

/* What lock-table.c and lock-sets.c need for exceptions (ADR 42): rows of chains and of sets. */

/* Flows by UDP that wait for an answer. One that cannot be noted does not leave. */
#define FLOWS_MAX 16384u

/* Clients of services, also those that have ended in the last two minutes. More begin nothing. */
#define CLIENTS_MAX 65536u

#define EXCEPTION_CHAINS                                                                    \
    [KS_CHAIN_EXCEPTED] = { "excepted", .comment = "to where a person made an exception" }, \
    [KS_CHAIN_EXCEPTED_IN] = { "excepted_in", .comment = "what comes from there" },         \
    [KS_CHAIN_EXCEPTED_BACK] = { "excepted_back", .comment = "answers, and no more" },      \
    [KS_CHAIN_SERVICE_IN] = { "service_in", .comment = "from clients to a service here" },  \
    [KS_CHAIN_SERVICE_GOES_ON] = { "service_goes_on",                                       \
                                   .comment = "of a connection that a client began" },      \
    [KS_CHAIN_SERVICE_NOTED] = { "service_noted", .comment = "who may be answered" },       \
    [KS_CHAIN_SERVICE_OUT] = { "service_out", .comment = "answers to clients, and no more" }

/* In both tables the same fields. */
#define EXCEPTION_RANGES(size_of_address)          \
    .field_sizes = { (size_of_address), 1, 2, 0 }, \
    .flags = NFT_SET_INTERVAL | NFT_SET_CONCAT | NFT_SET_TIMEOUT

#define RANGES4(id, called, text)                                                       \
    [id] = {                                                                            \
        .keys = (id),                                                                   \
        .name = (called),                                                               \
        .comment = (text),                                                              \
        .nft_type = "ipv4_addr . inet_proto . inet_service",                            \
        .key_type = CONCAT(CONCAT(TYPE_IPV4_ADDR, TYPE_INET_PROTO), TYPE_INET_SERVICE), \
        .key_length = 12,                                                               \
        EXCEPTION_RANGES(4),                                                            \
    }

#define RANGES6(id, called, text)                                                       \
    [id] = {                                                                            \
        .keys = (id),                                                                   \
        .name = (called),                                                               \
        .comment = (text),                                                              \
        .nft_type = "ipv6_addr . inet_proto . inet_service",                            \
        .key_type = CONCAT(CONCAT(TYPE_IPV6_ADDR, TYPE_INET_PROTO), TYPE_INET_SERVICE), \
        .key_length = 24,                                                               \
        EXCEPTION_RANGES(16),                                                           \
    }

/* The other end's address and port, and this one's; of UDP that was sent the other way about. */
#define NOTES4(id, contents, called, most, text)                                          \
    [id] = {                                                                              \
        .holds = (contents),                                                              \
        .name = (called),                                                                 \
        .comment = (text),                                                                \
        .nft_type = "ipv4_addr . inet_service . inet_service",                            \
        .key_type = CONCAT(CONCAT(TYPE_IPV4_ADDR, TYPE_INET_SERVICE), TYPE_INET_SERVICE), \
        .key_length = 12,                                                                 \
        .flags = NFT_SET_TIMEOUT | NFT_SET_EVAL,                                          \
        .size = (most),                                                                   \
    }

#define NOTES6(id, contents, called, most, text)                                          \
    [id] = {                                                                              \
        .holds = (contents),                                                              \
        .name = (called),                                                                 \
        .comment = (text),                                                                \
        .nft_type = "ipv6_addr . inet_service . inet_service",                            \
        .key_type = CONCAT(CONCAT(TYPE_IPV6_ADDR, TYPE_INET_SERVICE), TYPE_INET_SERVICE), \
        .key_length = 24,                                                                 \
        .flags = NFT_SET_TIMEOUT | NFT_SET_EVAL,                                          \
        .size = (most),                                                                   \
    }

#define EXCEPTION_SETS                                                                  \
    RANGES4(KS_SET_EXCEPTIONS4, "exceptions4", "where a person made an exception"),     \
        RANGES6(KS_SET_EXCEPTIONS6, "exceptions6", "where a person made an exception"), \
        RANGES4(KS_SET_SERVICES4, "services4", "who may reach a service here"),         \
        RANGES6(KS_SET_SERVICES6, "services6", "who may reach a service here"),         \
        NOTES4(KS_NFT_SET_FLOWS4, KS_SET_HOLDS_FLOWS, "flows4", FLOWS_MAX,              \
               "UDP that was sent by an exception"),                                    \
        NOTES6(KS_NFT_SET_FLOWS6, KS_SET_HOLDS_FLOWS, "flows6", FLOWS_MAX,              \
               "UDP that was sent by an exception"),                                    \
        NOTES4(KS_NFT_SET_CLIENTS4, KS_SET_HOLDS_CLIENTS, "clients4", CLIENTS_MAX,      \
               "who reached a service here"),                                           \
        NOTES6(KS_NFT_SET_CLIENTS6, KS_SET_HOLDS_CLIENTS, "clients6", CLIENTS_MAX,      \
               "who reached a service here")
