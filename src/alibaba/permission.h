/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Permissions
 * ===========
 *
 * A rule as this API's requests say it: "Permissions.N.IpProtocol=TCP", or the same names flat.  Words are of any case, an
 * empty value counts as absent, and so does "<nil>", which some clients send.  Of several objects a CIDR counts before a
 * group, and either before a prefix list; the CIDRs of the other side make a rule of five parts.
 *
 * Pure.  Names the parameter in each refusal, with the code that clients of the API know.
 */

#include "alibaba/fault.h"
#include "alibaba/parameters.h"
#include "group/model.h"

#define RW_ALIBABA_PERMISSIONS_MAX 100 /* of a request */

/* Where a permission stands, and what it is about; borrowed. */
struct rw_alibaba_permission {
	const struct rw_alibaba_parameters *parameters;
	unsigned int number; /* N; 0 = flat */
	enum rw_direction direction;
	const struct rw_model *model;
	const struct rw_group *group; /* of the model */
};

/* Gives the rule, with its meaning alone: no id.  -EINVAL or -ENOMEM with 'fault' filled. */
RW_NODISCARD int rw_alibaba_permission_read(const struct rw_alibaba_permission *permission,
					    struct rw_rule **ret_rule, struct rw_alibaba_fault *fault);

/*
 * Gives a copy of 'rule' changed by what is said; the kind of object and the NIC type cannot change.  As above.
 */
RW_NODISCARD int rw_alibaba_permission_change(const struct rw_alibaba_permission *permission,
					      const struct rw_rule *rule, struct rw_rule **ret_rule,
					      struct rw_alibaba_fault *fault);

/*
 * How many permissions a request has in its list.  Refuses a list beside flat fields, and one that is badly numbered.
 * 0 = they are flat.
 */
RW_NODISCARD int rw_alibaba_permission_count(const struct rw_alibaba_parameters *parameters,
					     unsigned int *ret_count, struct rw_alibaba_fault *fault);

/* Whether any field of a flat permission but a description is there. */
bool rw_alibaba_permission_is_flat(const struct rw_alibaba_parameters *parameters);
