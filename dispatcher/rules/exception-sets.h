/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "rules/steps.h"

/* What lock-table.c and lock-sets.c need for exceptions (ADR 42): rows of chains and of sets. */

/* Flows by UDP that wait for an answer. One that cannot be noted does not leave. */
#define FLOWS_MAX 16384u

/* Clients of services, also those that have ended in the last two minutes. More begin nothing. */
#define CLIENTS_MAX 65536u

#define EXCEPTION_CHAINS                                                                     \
    [KS_CHAIN_EXCEPTED] = { "excepted", .comment = "to where a person made an exception" },  \
    [KS_CHAIN_EXCEPTED_IN] = { "excepted_in", .comment = "what comes from there" },          \
    [KS_CHAIN_EXCEPTED_BACK] = { "excepted_back", .comment = "answers, and no more" },       \
    [KS_CHAIN_SERVICE_IN] = { "service_in", .comment = "from clients to a service here" },   \
    [KS_CHAIN_SERVICE_GOES_ON] = { "service_goes_on",                                        \
                                   .comment = "of a connection that a client began" },       \
    [KS_CHAIN_SERVICE_NOTED] = { "service_noted", .comment = "who may be answered" },        \
    [KS_CHAIN_SERVICE_PIECES] = { "service_pieces", .comment = "of TCP, none may come in" }, \
    [KS_CHAIN_SERVICE_ENDS] = { "service_ends", .comment = "this end has ended it" },        \
    [KS_CHAIN_SERVICE_OUT] = { "service_out", .comment = "answers to clients, and no more" }

/* In both tables the same fields. */
#define EXCEPTION_RANGES(size_of_address)             \
    .field_sizes = { (size_of_address), 1, 2, 4, 0 }, \
    .flags = NFT_SET_INTERVAL | NFT_SET_CONCAT | NFT_SET_TIMEOUT

#define RANGES(id, called, text, address, bits, bytes)                                          \
    [id] = {                                                                                    \
        .keys = (id),                                                                           \
        .name = (called),                                                                       \
        .comment = (text),                                                                      \
        .nft_type = address " . inet_proto . inet_service . iface_index",                       \
        .key_type =                                                                             \
            CONCAT(CONCAT(CONCAT(bits, TYPE_INET_PROTO), TYPE_INET_SERVICE), TYPE_IFACE_INDEX), \
        .key_length = (bytes) + 12,                                                             \
        EXCEPTION_RANGES(bytes),                                                                \
    }
#define RANGES4(id, called, text) RANGES(id, called, text, "ipv4_addr", TYPE_IPV4_ADDR, 4)
#define RANGES6(id, called, text) RANGES(id, called, text, "ipv6_addr", TYPE_IPV6_ADDR, 16)

/* What packets leave behind, for answers or for more of them. */
#define NOTES(id, contents, called, most, text, words, bits, bytes) \
    [id] = {                                                        \
        .holds = (contents),                                        \
        .name = (called),                                           \
        .comment = (text),                                          \
        .nft_type = words,                                          \
        .key_type = (bits),                                         \
        .key_length = (bytes),                                      \
        .flags = NFT_SET_TIMEOUT | NFT_SET_EVAL,                    \
        .size = (most),                                             \
    }

/* A flow of UDP: this end's port, and the other's. */
#define FLOWS(id, called, address, bits, bytes)                                           \
    NOTES(id, KS_SET_HOLDS_FLOWS, called, FLOWS_MAX, "UDP that was sent by an exception", \
          address " . inet_service . inet_service",                                       \
          CONCAT(CONCAT(bits, TYPE_INET_SERVICE), TYPE_INET_SERVICE), (bytes) + 8)

/* A client: the protocol, for one of UDP is none of TCP, its port, and this end's. */
#define CLIENTS(id, called, address, bits, bytes)                                              \
    NOTES(id, KS_SET_HOLDS_CLIENTS, called, CLIENTS_MAX, "who reached a service here",         \
          address " . inet_proto . inet_service . inet_service",                               \
          CONCAT(CONCAT(CONCAT(bits, TYPE_INET_PROTO), TYPE_INET_SERVICE), TYPE_INET_SERVICE), \
          (bytes) + 12)

#define EXCEPTION_SETS                                                                  \
    RANGES4(KS_SET_EXCEPTIONS4, "allowed_to4", "where a person made an exception"),     \
        RANGES6(KS_SET_EXCEPTIONS6, "allowed_to6", "where a person made an exception"), \
        RANGES4(KS_SET_SERVICES4, "allowed_from4", "who may reach a service here"),     \
        RANGES6(KS_SET_SERVICES6, "allowed_from6", "who may reach a service here"),     \
        FLOWS(KS_NFT_SET_FLOWS4, "flows4", "ipv4_addr", TYPE_IPV4_ADDR, 4),             \
        FLOWS(KS_NFT_SET_FLOWS6, "flows6", "ipv6_addr", TYPE_IPV6_ADDR, 16),            \
        CLIENTS(KS_NFT_SET_CLIENTS4, "clients4", "ipv4_addr", TYPE_IPV4_ADDR, 4),       \
        CLIENTS(KS_NFT_SET_CLIENTS6, "clients6", "ipv6_addr", TYPE_IPV6_ADDR, 16)
