/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * What decision code needs from where it runs: the kernel (clang -target bpf) or the host, where the same
 * code runs under sanitizers, in exhaustive tests and in fuzzers.
 */

#include <linux/types.h>

#ifdef __bpf__
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include <linux/bpf.h>

#define rw_be16_to_host(value) bpf_ntohs(value)
#define rw_be32_to_host(value) bpf_ntohl(value)
#else
#include <stdbool.h>
#include <string.h>

#include <arpa/inet.h>

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#define rw_be16_to_host(value) ntohs(value)
#define rw_be32_to_host(value) ntohl(value)
#endif

#define RW_INLINE static __always_inline __attribute__((unused))

/*
 * A function that the verifier checks once for all callers, knowing nothing of its arguments but their types;
 * so its pointers are to whole structs without pointers in them, and may be NULL as far as it knows.  This
 * keeps the verifier's work at the sum of the parts, not their product.
 */
#ifdef __bpf__
#define RW_SUBPROGRAM __attribute__((noinline, unused))
#else
#define RW_SUBPROGRAM static inline __attribute__((unused))
#endif

/*
 * Which way most packets go.  What is rare is put behind everything else, so that the usual way is one piece: a
 * packet finds little of it in the first cache, and then costs by the line.
 */
#define rw_likely(condition)   __builtin_expect(!!(condition), 1)
#define rw_unlikely(condition) __builtin_expect(!!(condition), 0)

/* Keeps the compiler from making branches, which the verifier would follow one by one, of arithmetic. */
#define rw_opaque(variable) __asm__ volatile("" : "+r"(variable))

/* 1 when 'value' (below 2^63) is zero, without a branch. */
RW_INLINE __u64 rw_is_zero(__u64 value)
{
	rw_opaque(value);
	return (value - 1) >> 63;
}

/* 1 when a < b, without a branch (Warren, "Hacker's Delight", 2-12). */
RW_INLINE __u64 rw_is_less(__u64 a, __u64 b)
{
	rw_opaque(a);
	return ((~a & b) | (~(a ^ b) & (a - b))) >> 63;
}

/* 1 when a and b are equal, without a branch. */
RW_INLINE __u64 rw_is_equal(__u64 a, __u64 b)
{
	__u64 difference = a ^ b;

	rw_opaque(difference);
	return ~(difference | (0 - difference)) >> 63;
}

RW_INLINE __u32 rw_bits_set8(__u64 byte)
{
	byte -= byte >> 1 & 0x55;
	byte = (byte & 0x33) + (byte >> 2 & 0x33);
	return (__u32)((byte + (byte >> 4)) & 0x0f);
}

/* The number of the lowest bit set in a byte that is not zero. */
RW_INLINE __u32 rw_lowest_bit8(__u64 byte)
{
	return rw_bits_set8((byte & (~byte + 1)) - 1) & 7;
}

/*
 * Reads and writes of memory that others use at the same time, and the order of reads.  x86 never swaps loads
 * with loads; on other processors an atomic with a result is the one barrier that every supported kernel
 * has.  On the host they are atomics, which is what ThreadSanitizer understands.  rw_store_in_order is seen by others
 * behind what was stored before and ahead of what is stored after it, as every store is on x86.
 */
#if defined(__bpf__) && !defined(RW_TARGET_X86)
#define rw_store_in_order(variable, stored) (void)__sync_lock_test_and_set(&(variable), (stored))
#else
#define rw_store_in_order(variable, stored) rw_store(variable, stored)
#endif
#if !defined(__bpf__)
#define rw_read_barrier()          __asm__ volatile("" ::: "memory") /* rw_load acquires */
#define rw_load(variable)          __atomic_load_n(&(variable), __ATOMIC_ACQUIRE)
#define rw_store(variable, stored) __atomic_store_n(&(variable), (stored), __ATOMIC_RELEASE)
#else
#ifdef RW_TARGET_X86
#define rw_read_barrier() __asm__ volatile("" ::: "memory")
#else
#define rw_read_barrier()                                                                                    \
	({                                                                                                   \
		__u64 fence_ = 0;                                                                            \
		(void)__sync_lock_test_and_set(&fence_, 1);                                                  \
		__asm__ volatile("" ::"r"(&fence_) : "memory");                                              \
	})
#endif
#define rw_load(variable)          (*(const volatile __typeof__(variable) *)&(variable))
#define rw_store(variable, stored) (*(volatile __typeof__(variable) *)&(variable) = (stored))
#endif
