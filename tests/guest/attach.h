/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Devices of a namespace put under control as the agent does: by what the kernel says of its links. */

#include "enforce/enforcer.h"

/*
 * Reads the links of 'ns' and attaches every one that the agent would enforce when 'interfaces' (a comma list) are
 * named, with that early stage; again to follow links that came or went.  Fails the test unless it attaches
 * these and no others.
 */
void attach_named(struct rw_enforcer *enforcer, int ns, const char *interfaces, enum rw_enforcer_early early);
