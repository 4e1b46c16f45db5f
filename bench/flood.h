/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* Ends of the packets that the flood sends, in host order; shared with the program in the kernel. */

#define FLOOD_SAMPLES 16384

struct flood_sample {
	unsigned int address; /* source */
	unsigned int port;    /* destination */
};
