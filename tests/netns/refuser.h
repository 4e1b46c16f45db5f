/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A kernel that refuses programs at hooks
 * =======================================
 *
 * Stands between an enforcer in this process and the kernel (the linker's --wrap; see meson.build), and passes everything
 * on until it is told to refuse.  A refusal is -ENOMEM.
 */

enum refuser_kind {
	REFUSER_EXCHANGE, /* of the program of a link or a filter; a filter is made by the same call */
	REFUSER_ATTACH,   /* of a link */
};

/* Lets so many more exchanges through, and then refuses both kinds until that is lifted. */
void refuser_begin(unsigned int exchanges);
void refuser_lift(enum refuser_kind kind);
