/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which interfaces are to have the early stage
 * ============================================
 *
 * Said by the operator: with --early-drop when the agent starts, or by 'ringwall-agent early-drop' while it runs.
 * What was said by the command is kept in STATE/early-drop and goes before the option of the next start.  The
 * file has a line for each interface, "eth0 native"; the words are native, generic, native-idle, generic-idle (there,
 * but passes everything) and none.
 *
 * An interface is named as the kernel does; it need not be there, or be enforced, now.
 */

#include "agent/state.h"
#include "enforce/enforcer.h"

#define RW_EARLY_WISHES_MAX 64

struct rw_early_wish {
	char name[16];
	enum rw_enforcer_early early;
	bool idle;
};

struct rw_early_wishes {
	struct rw_early_wish items[RW_EARLY_WISHES_MAX];
	size_t count;
};

/* Of --early-drop: "eth0", or "eth0:generic" where the driver has no place for it.  -EINVAL. */
RW_NODISCARD int rw_early_wish_parse(const char *text, struct rw_early_wish *ret_wish, struct rw_error *err);

/*
 * Of the command: "on eth0", "on eth0 generic", "off eth0" (it stays attached, and passes everything),
 * "remove eth0".  What is not said is as in 'wishes'.  -EINVAL.
 */
RW_NODISCARD int rw_early_wish_change(const struct rw_early_wishes *wishes, const char *words,
				      struct rw_early_wish *ret_wish, struct rw_error *err);

/* The wish for an interface, or NULL. */
const struct rw_early_wish *rw_early_find(const struct rw_early_wishes *wishes, const char *name);

/* Puts a wish in the place of that for the same interface; -E2BIG. */
RW_NODISCARD int rw_early_set(struct rw_early_wishes *wishes, const struct rw_early_wish *wish,
			      struct rw_error *err);

/* Adds what the file says; nothing without a file.  -EINVAL with the line for a file that is none of ours. */
RW_NODISCARD int rw_early_load(const struct rw_agent_place *place, struct rw_early_wishes *wishes,
			       struct rw_error *err);
RW_NODISCARD int rw_early_save(const struct rw_agent_place *place, const struct rw_early_wishes *wishes,
			       struct rw_error *err);

/* How the early stage of a device does, for people and programs: dropping, idle, absent; NULL = none is wanted. */
const char *rw_early_state_word(const struct rw_enforcer_device_status *device);

/* xdp, or xdp-generic. */
const char *rw_early_hook_word(const struct rw_enforcer_device_status *device);
