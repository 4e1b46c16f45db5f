/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside src/group only: fills 'err' (nullable) at once with code, field, hint and text; returns 'code'. */

#include "base/error.h"

int rw_group_fail(struct rw_error *err, int code, const char *field, const char *hint, const char *format,
		  ...) RW_PRINTF(5, 6);
