/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "main/daemon.h"

/*
 * Looks at the values of options before anything is done, so that a mistyped one leaves nothing behind, and is not met
 * only when a controller that stood by takes over.  -EINVAL at the option, "--listen".  What etcd is asked by is checked
 * where it is opened (store/etcd/etcd.h), in the same way.
 */
RW_NODISCARD int rw_option_values_check(const struct rw_daemon_options *options, struct rw_error *err);
