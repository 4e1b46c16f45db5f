/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The files of tests/support/site as tools/embed-files makes them: a page, a script with a hash in its name, a picture. */

#include "assets/assets.h"

extern const struct rw_assets site;
