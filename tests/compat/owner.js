// SPDX-License-Identifier: Apache-2.0
'use strict';
// Prints the account that owns the first VPC.
const clients = require('./client');

clients.old_ecs().request('DescribeVpcs', { RegionId: clients.region })
  .then((body) => { console.log(body.Vpcs.Vpc[0].OwnerId); process.exit(0); });
