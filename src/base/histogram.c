/* SPDX-License-Identifier: Apache-2.0 */
#include "base/histogram.h"

#define US(us) (UINT64_C(1000) * (us))
#define MS(ms) (UINT64_C(1000000) * (ms))

const uint64_t rw_histogram_bounds_ns[RW_HISTOGRAM_BOUNDS] = {
	US(100), US(250), US(500), MS(1),    MS(2) + US(500), MS(5),    MS(10),    MS(25),    MS(50),
	MS(100), MS(250), MS(500), MS(1000), MS(2500),        MS(5000), MS(10000), MS(30000), MS(60000),
};

void rw_histogram_observe(struct rw_histogram *histogram, uint64_t duration_ns)
{
	int i = 0;

	while (i < RW_HISTOGRAM_BOUNDS && duration_ns > rw_histogram_bounds_ns[i])
		i++;
	histogram->counts[i]++;
	histogram->sum_ns += duration_ns;
}

uint64_t rw_histogram_count(const struct rw_histogram *histogram)
{
	uint64_t count = 0;

	for (int i = 0; i <= RW_HISTOGRAM_BOUNDS; i++)
		count += histogram->counts[i];
	return count;
}
