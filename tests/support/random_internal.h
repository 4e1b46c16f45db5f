/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What random policies and random packets draw from in common (private to both). */

#include "random_policy.h"

#define PICK(dice, array) ((array)[rw_dice_below((dice), RW_ARRAY_COUNT(array))])

struct rw_address rw_random_pick_address(struct rw_dice *dice, uint8_t family);
uint8_t rw_random_pick_family(struct rw_dice *dice);
uint16_t rw_random_pick_port(struct rw_dice *dice);     /* never 0 */
uint16_t rw_random_pick_protocol(struct rw_dice *dice); /* or RW_PROTOCOL_ALL */
