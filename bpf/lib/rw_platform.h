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
 * Orders loads that the compiler and, where it may, the processor would swap.  x86 never swaps loads with
 * loads; elsewhere an atomic with a result is the one full barrier that every supported kernel has.
 */
#if !defined(__bpf__)
#define rw_read_barrier() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define rw_full_barrier() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#else
#define rw_full_barrier()                                                                                    \
	({                                                                                                   \
		__u64 fence_ = 0;                                                                            \
		__sync_fetch_and_add(&fence_, 1);                                                            \
		__asm__ volatile("" ::"r"(&fence_) : "memory");                                              \
	})
#ifdef RW_TARGET_X86
#define rw_read_barrier() __asm__ volatile("" ::: "memory")
#else
#define rw_read_barrier() rw_full_barrier()
#endif
#endif

#define rw_load(variable)          (*(const volatile __typeof__(variable) *)&(variable))
#define rw_store(variable, stored) (*(volatile __typeof__(variable) *)&(variable) = (stored))
