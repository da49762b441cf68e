/* SPDX-License-Identifier: MIT */
/*
 * The order of a load whose value is a pointer that is then followed.
 *
 * All our machines order a load before the loads whose address was computed
 * from it, so a lock-free reader needs no fence after it. C's name for that
 * is memory_order_consume, of which compilers make a full acquire; relaxed
 * gives the one plain load. Only for pointers (and values inside what they
 * point at), never for flags. The race checker does not know dependencies
 * and gets the acquire.
 */
#pragma once

#include <stdatomic.h>

#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define ORDER_DEPENDENT memory_order_acquire
#endif
#endif

#ifdef __SANITIZE_THREAD__
#define ORDER_DEPENDENT memory_order_acquire
#endif

#ifndef ORDER_DEPENDENT
#define ORDER_DEPENDENT memory_order_relaxed
#endif
