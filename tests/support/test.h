/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The one place that knows in which order cmocka's headers must come. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
