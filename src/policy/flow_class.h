/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Classes of flows, weakest first: a full flow table gives up the former for the latter. */
enum rw_flow_class {
	RW_FLOW_HALF_OPEN,   /* TCP SYN seen, or a packet of another protocol never answered */
	RW_FLOW_PICKED_UP,   /* TCP joined in the middle, one direction seen */
	RW_FLOW_EXCHANGE,    /* one question, one answer */
	RW_FLOW_TOMBSTONE,   /* cut: nothing of the tuple passes */
	RW_FLOW_CLOSING,     /* TCP after both FINs or RST */
	RW_FLOW_ONE_WAY,     /* TCP of which only one direction is seen */
	RW_FLOW_ASSURED,     /* other protocols with a lasting conversation */
	RW_FLOW_ESTABLISHED, /* TCP; never evicted */
	RW_FLOW_CLASS_COUNT_,
};
