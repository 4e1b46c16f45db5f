/* SPDX-License-Identifier: Apache-2.0 */
#include "assets/assets.h"

/* Built without the console. */
const struct rw_assets rw_assets_console = {0};
