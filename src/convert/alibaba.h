/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside src/convert only: the parts of Alibaba's translation. */

#include "convert/documents.h"

/* Adds the nodes of all DescribeInstances answers; the groups and clusters are there already. */
RW_NODISCARD int rw_alibaba_read_instances(struct rw_answers *answers, struct rw_error *err);

/* Adds the load balancers of all answers; the nodes are there already. */
RW_NODISCARD int rw_alibaba_read_load_balancers(struct rw_answers *answers, struct rw_error *err);
