/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Addresses to listen on, as options give them. */

#include "net/packet.h"

struct rw_listen_address {
	char text[RW_ADDRESS_TEXT_SIZE];
	struct rw_address address;
	bool any; /* 0.0.0.0 or :: */
	uint16_t port;
};

/* Reads "ADDRESS:PORT" or "[ADDRESS]:PORT"; -EINVAL at the option's name. */
RW_NODISCARD int rw_listen_parse(const char *option, const char *text, struct rw_listen_address *ret_listen,
				 struct rw_error *err);
