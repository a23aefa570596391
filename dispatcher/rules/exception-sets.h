/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "rules/steps.h"

/* What lock-table.c and lock-sets.c need for exceptions (ADR 42): rows of chains and of sets. */

/* Flows by UDP that wait for an answer. One that cannot be noted does not leave. */
#define FLOWS_MAX 16384u

#define EXCEPTION_CHAINS                                                                    \
    [KS_CHAIN_EXCEPTED] = { "excepted", .comment = "to where a person made an exception" }, \
    [KS_CHAIN_EXCEPTED_IN] = { "excepted_in", .comment = "what comes from there" },         \
    [KS_CHAIN_EXCEPTED_BACK] = { "excepted_back", .comment = "answers, and no more" }

/* In both tables the same fields. */
#define EXCEPTION_RANGES(size_of_address)          \
    .field_sizes = { (size_of_address), 1, 2, 0 }, \
    .flags = NFT_SET_INTERVAL | NFT_SET_CONCAT | NFT_SET_TIMEOUT

#define EXCEPTION_SETS \
    [KS_SET_EXCEPTIONS4] = {                                                               \
        .keys = KS_SET_EXCEPTIONS4,                                                        \
        .name = "exceptions4",                                                             \
        .comment = "where a person made an exception",                                     \
        .nft_type = "ipv4_addr . inet_proto . inet_service",                               \
        .key_type = CONCAT(CONCAT(TYPE_IPV4_ADDR, TYPE_INET_PROTO), TYPE_INET_SERVICE),    \
        .key_length = 12,                                                                  \
        EXCEPTION_RANGES(4),                                                               \
    },                                                                                     \
    [KS_SET_EXCEPTIONS6] = {                                                               \
        .keys = KS_SET_EXCEPTIONS6,                                                        \
        .name = "exceptions6",                                                             \
        .comment = "where a person made an exception",                                     \
        .nft_type = "ipv6_addr . inet_proto . inet_service",                               \
        .key_type = CONCAT(CONCAT(TYPE_IPV6_ADDR, TYPE_INET_PROTO), TYPE_INET_SERVICE),    \
        .key_length = 24,                                                                  \
        EXCEPTION_RANGES(16),                                                              \
    },                                                                                     \
    [KS_NFT_SET_FLOWS4] = {                                                                \
        .holds = KS_SET_HOLDS_FLOWS,                                                       \
        .name = "flows4",                                                                  \
        .comment = "UDP that was sent by an exception",                                    \
        .nft_type = "ipv4_addr . inet_service . inet_service",                             \
        .key_type = CONCAT(CONCAT(TYPE_IPV4_ADDR, TYPE_INET_SERVICE), TYPE_INET_SERVICE),  \
        .key_length = 12,                                                                  \
        .flags = NFT_SET_TIMEOUT | NFT_SET_EVAL,                                           \
        .size = FLOWS_MAX,                                                                 \
    },                                                                                     \
    [KS_NFT_SET_FLOWS6] = {                                                                \
        .holds = KS_SET_HOLDS_FLOWS,                                                       \
        .name = "flows6",                                                                  \
        .comment = "UDP that was sent by an exception",                                    \
        .nft_type = "ipv6_addr . inet_service . inet_service",                             \
        .key_type = CONCAT(CONCAT(TYPE_IPV6_ADDR, TYPE_INET_SERVICE), TYPE_INET_SERVICE),  \
        .key_length = 24,                                                                  \
        .flags = NFT_SET_TIMEOUT | NFT_SET_EVAL,                                           \
        .size = FLOWS_MAX,                                                                 \
    }
