/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Tells the service manager that this program is ready, as sd_notify(3) describes it: a datagram "READY=1" to the
 * socket that NOTIFY_SOCKET names.  Nothing happens when no manager asked.  A manager that cannot be told waits in
 * vain and ends the program; that is its business, so failures are not reported.
 */
void rw_notify_ready(void);
