/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * From decisions to header maps
 * =============================
 *
 * The decisions of one or two views as a header map (analyze/set.h): exposure, differences and everything
 * else that is a function of "who decides this header, in each view" are one call each.
 */

#include "analyze/walk.h"

/*
 * Gives the map of value(...) over all headers of the space; 'value' must depend on the deciders of the
 * column (walk->first[view][column]) only, and 0 means "not in the map".  Services outside the space's
 * options are 0.  -ENOMEM, -E2BIG.  O(walk + columns with a value, summed over classes).
 */
RW_NODISCARD int rw_map_of_space(struct rw_sets *sets, const struct rw_space *space,
				 uint32_t (*value)(const struct rw_walk *walk, uint32_t column,
						   void *userdata),
				 void *userdata, rw_set *ret_map, struct rw_error *err);

/*
 * What an interface accepts in one direction: the set of headers whose opening packet passes.  At ingress
 * "remote x protocol x port x local", as clients see it.  'options' limits the services looked at (NULL =
 * all).
 */
RW_NODISCARD int rw_exposure(struct rw_sets *sets, const struct rw_view *view,
			     const struct rw_space_options *options, rw_set *ret_set, struct rw_error *err);

/*
 * Which decider decides: the map of rank + 1 in *ret_deciders, which the caller is done with by
 * rw_deciders_done.
 */
RW_NODISCARD int rw_decisions(struct rw_sets *sets, const struct rw_view *view,
			      const struct rw_space_options *options, rw_set *ret_map,
			      struct rw_deciders *ret_deciders, struct rw_error *err);
