// SPDX-License-Identifier: Apache-2.0
'use strict';
// Where a group goes whose request names no VPC, and that it is told so from then on.
const assert = require('assert');
const ecs = require('@alicloud/ecs20140526');
const clients = require('./client');

const { STEP, CODE, PLACE, REGION } = process.env;
const region = REGION || clients.region;
const client = new ecs.default(clients.config());
const call = clients.caller(ecs, client);

require('./run').run({
  async [`chooses_a_network_with_${STEP.replaceAll(' ', '_')}`]() {
    const make = call('createSecurityGroup', { regionId: region });
    if (CODE) {
      const error = await clients.refused(make, CODE);
      assert.match(error.message, CODE === 'MissingParameter' ? /VpcId/ : /gone/);
      return;
    }
    const id = (await make).body.securityGroupId;
    const shown = (await call('describeSecurityGroups', { regionId: region, securityGroupId: id })).body;
    assert.strictEqual(shown.regionId, region);
    assert.strictEqual(shown.securityGroups.securityGroup[0].vpcId, PLACE);
    await call('modifySecurityGroupAttribute', { regionId: region, securityGroupId: id, description: 'changed' });
    assert.strictEqual((await call('describeSecurityGroupAttribute', { regionId: region, securityGroupId: id })).body.vpcId, PLACE);
    // In a classic network the internet's table is meant where none is said.
    await call('authorizeSecurityGroup', { regionId: region, securityGroupId: id, permissions: [
      new ecs.AuthorizeSecurityGroupRequestPermissions({ ipProtocol: 'tcp', portRange: '80/80', sourceCidrIp: '192.0.2.0/24' })] });
    const rule = (await call('describeSecurityGroupAttribute', { regionId: region, securityGroupId: id })).body.permissions.permission[0];
    assert.strictEqual(rule.nicType, PLACE ? 'intranet' : 'internet');
    await call('deleteSecurityGroup', { regionId: region, securityGroupId: id });
  },
});
