/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * By which names the controller is called
 * =======================================
 *
 *     STATE/names    one host name or address a line, as given by --name last; 0644
 *
 * So that a name is given once ('ringwalld --name ... init') and every later start knows it.
 */

#include <stddef.h>

#include "base/error.h"
#include "crypto/cert.h"

struct rw_server_names {
	size_t count;
	char text[RW_CERT_MAX_NAMES][256];
};

/* Reads the kept names; none when there is no such file.  -EINVAL when it holds something else. */
RW_NODISCARD int rw_server_names_load(const char *state, struct rw_server_names *ret_names,
				      struct rw_error *err);

/* Keeps names in a state folder that exists.  -EINVAL when there are too many or one is too long or not one word. */
RW_NODISCARD int rw_server_names_save(const char *state, const char *const *names, size_t count,
				      struct rw_error *err);
