// SPDX-License-Identifier: Apache-2.0
'use strict';
// Every error code that a client can provoke, each with its status; what ecs.js and cs.js meet on their way is here again.
const assert = require('assert');
const ecs = require('@alicloud/ecs20140526');
const clients = require('./client');

const { SHOP, OLD, SHOP_GROUP, OTHER_GROUP, OLD_GROUP, CLUSTER, MANAGED, NODE, NODE_2, NODE_3, OTHER_NODE, KEY } = process.env;
const { region, refused } = clients;
const client = new ecs.default(clients.config());
const call = clients.caller(ecs, client);
const rpc = clients.old_ecs();

const authorize = (fields, group = SHOP_GROUP, egress = false) => {
  const method = egress ? 'authorizeSecurityGroupEgress' : 'authorizeSecurityGroup';
  const type = egress ? ecs.AuthorizeSecurityGroupEgressRequestPermissions : ecs.AuthorizeSecurityGroupRequestPermissions;
  return call(method, { securityGroupId: group, permissions: [new type({ ipProtocol: 'tcp', portRange: '80/80', ...fields })] });
};
const from = { sourceCidrIp: '192.0.2.0/24' };
const to = { destCidrIp: '192.0.2.0/24' };
const make = (fields) => call('createSecurityGroup', { vpcId: SHOP, ...fields });
const rules = async (group) => (await call('describeSecurityGroupAttribute', { securityGroupId: group })).body.permissions.permission;
let other = '';
let enterprise = '';
let six = '';

const tests = {
  async prepares() {
    other = (await make({ securityGroupName: 'other' })).body.securityGroupId;
    enterprise = (await make({ securityGroupName: 'closed', securityGroupType: 'enterprise' })).body.securityGroupId;
    six = (await call('createPrefixList', { prefixListName: 'six', addressFamily: 'IPv6', maxEntries: 1,
      entry: [new ecs.CreatePrefixListRequestEntry({ cidr: '2001:db8::/32' })] })).body.prefixListId;
  },

  async of_authorising() {
    const cases = [
      [{ ...from }, 'sg-0', 'InvalidSecurityGroupId.NotFound', 404],
      [{ sourceGroupId: 'sg-0' }, SHOP_GROUP, 'InvalidSourceGroupId.NotFound', 404],
      [{ sourcePrefixListId: 'pl-0' }, SHOP_GROUP, 'InvalidPrefixListId.NotFound', 404],
      [{ ...from, portRange: undefined, portRangeListId: 'prl-0' }, SHOP_GROUP, 'InvalidPortRangeListId.NotFound', 400],
      [{ ...from, ipProtocol: 'icmp', portRange: undefined, portRangeListId: 'prl-0' }, SHOP_GROUP, 'InvalidParam.ProtocolNotSupportPortRangeList', 400],
      [{ ...from, ipProtocol: 'sctp' }, SHOP_GROUP, 'InvalidIpProtocol.ValueNotSupported', 400],
      [{ ...from, ipProtocol: undefined }, SHOP_GROUP, 'MissingParameter', 400],
      [{ ...from, portRange: '80' }, SHOP_GROUP, 'InvalidParam.PortRange', 400],
      [{ ...from, portRange: '0/65536' }, SHOP_GROUP, 'InvalidParam.PortRange', 400],
      [{ ...from, portRange: undefined }, SHOP_GROUP, 'InvalidPortRange.Malformed', 400],
      [{ ...from, portRange: '-1/-1' }, SHOP_GROUP, 'InvalidParam.ProtocolAndPortRangeMismatch', 400],
      [{ ...from, sourcePortRange: '1' }, SHOP_GROUP, 'InvalidSourcePortRange.Malformed', 400],
      [{ ...from, ipProtocol: 'gre', portRange: '-1/-1', sourcePortRange: '1/2' }, SHOP_GROUP, 'InvalidSourcePortRange.Malformed', 400],
      [{ sourceCidrIp: '10.0.0.1/8' }, SHOP_GROUP, 'InvalidParam.SourceCidrIp', 400],
      [{ ...from, destCidrIp: '10' }, SHOP_GROUP, 'InvalidParam.DestCidrIp', 400],
      [{ ipv6SourceCidrIp: '::1/129' }, SHOP_GROUP, 'InvalidParam.Ipv6SourceCidrIp', 400],
      [{ ipv6SourceCidrIp: '::/0', ipv6DestCidrIp: 'x' }, SHOP_GROUP, 'InvalidParam.Ipv6DestCidrIp', 400],
      [{ ...from, ipv6SourceCidrIp: '::/0' }, SHOP_GROUP, 'InvalidParam.SourceIp', 400],
      [{ ...from, destCidrIp: '10.0.0.0/8', ipv6DestCidrIp: '::/0' }, SHOP_GROUP, 'InvalidParam.DestIp', 400],
      [{ ...from, ipv6DestCidrIp: '2001:db8::/32' }, SHOP_GROUP, 'InvalidParameter.Conflict', 400],
      [{ ...from, destCidrIp: from.sourceCidrIp }, SHOP_GROUP, 'InvalidParamter.Conflict', 400],
      [{ ipProtocol: 'icmp', portRange: '-1/-1', ipv6SourceCidrIp: '::/0' }, SHOP_GROUP, 'InvalidParam.Ipv4ProtocolConflictWithIpv6Address', 400],
      [{ ipProtocol: 'icmpv6', portRange: '-1/-1', ...from }, SHOP_GROUP, 'InvalidParam.Ipv6ProtocolConflictWithIpv4Address', 400],
      [{ ipProtocol: 'icmp', portRange: '-1/-1', sourcePrefixListId: () => six }, SHOP_GROUP, 'InvalidParam.PrefixListAddressFamilyMismatch', 400],
      [{ sourcePrefixListId: () => six, destCidrIp: '10.0.0.0/8' }, SHOP_GROUP, 'InvalidParam.PrefixListAddressFamilyMismatch', 400],
      [{ ...from, policy: 'deny' }, SHOP_GROUP, 'InvalidPolicy.Malformed', 400],
      [{ ...from, priority: 'high' }, SHOP_GROUP, 'InvalidPriority.Malformed', 400],
      [{ ...from, priority: '0' }, SHOP_GROUP, 'InvalidPriority.ValueNotSupported', 400],
      [{ ...from, nicType: 'both' }, SHOP_GROUP, 'InvalidNicType.ValueNotSupported', 400],
      [{ ...from, description: 'x'.repeat(513) }, SHOP_GROUP, 'InvalidSecurityGroupDiscription.Malformed', 400],
      [{}, SHOP_GROUP, 'MissingParameter.Source', 400],
      [{ sourceGroupId: OTHER_GROUP }, SHOP_GROUP, 'InvalidSourceGroupId.Mismatch', 400],
      [{ sourceGroupId: SHOP_GROUP }, SHOP_GROUP, 'InvalidParamter.Conflict', 403],
      [{ sourceGroupId: () => enterprise }, SHOP_GROUP, 'InvalidGroupAuthParameter.OperationDenied', 400],
    ];
    for (const [fields, group, code, status] of cases) {
      const ready = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, typeof value === 'function' ? value() : value]));
      await refused(authorize(ready, group), code, status);
    }
    assert.strictEqual((await rules(SHOP_GROUP)).length, 0, 'a refused request adds nothing');
  },

  async of_authorising_in_a_classic_network() {
    const second = (await call('createSecurityGroup', { securityGroupName: 'old-2' })).body.securityGroupId;
    await refused(authorize({ sourceGroupId: second }, OLD_GROUP), 'InvalidSourceGroupId.Mismatch', 403);
    await authorize({ sourceGroupId: second, nicType: 'intranet' }, OLD_GROUP);
    await refused(authorize({ sourcePrefixListId: six }, OLD_GROUP), 'NotSupported.ClassicNetworkPrefixList', 400);
    await refused(call('createSecurityGroup', { securityGroupType: 'enterprise' }), 'InvalidSecurityGroup.InvalidNetworkType', 400);
    await refused(call('createSecurityGroup', { vpcId: OLD }), 'InvalidVpcId.NotFound', 404);
    const [rule] = await rules(OLD_GROUP);
    const modify = (fields) => call('modifySecurityGroupRule', { securityGroupId: OLD_GROUP, securityGroupRuleId: rule.securityGroupRuleId, ...fields });
    await refused(modify({ nicType: 'internet' }), 'InvalidOperation.ModifyNicType', 400);
    await call('revokeSecurityGroup', { securityGroupId: OLD_GROUP, securityGroupRuleId: [rule.securityGroupRuleId] });
    await call('deleteSecurityGroup', { securityGroupId: second });
  },

  async of_authorising_egress() {
    await refused(authorize({ destGroupId: 'sg-0' }, SHOP_GROUP, true), 'InvalidDestGroupId.NotFound', 404);
    await refused(authorize({}, SHOP_GROUP, true), 'MissingParameter.Dest', 400);
    await refused(authorize({ destGroupId: OTHER_GROUP }, SHOP_GROUP, true), 'InvalidDestGroupId.Mismatch', 400);
    await refused(authorize({ destGroupId: SHOP_GROUP }, SHOP_GROUP, true), 'InvalidSecurityGroup.IsSame', 403);
    await refused(authorize({ destCidrIp: 'x' }, SHOP_GROUP, true), 'InvalidParam.DestCidrIp', 400);
    await refused(authorize({ ...to, ipv6DestCidrIp: '::/0' }, SHOP_GROUP, true), 'InvalidParam.DestIp', 400);
    await refused(authorize({ ...to, ...from, ipv6SourceCidrIp: '::/0' }, SHOP_GROUP, true), 'InvalidParam.SourceIp', 400);
  },

  async of_lists_of_permissions() {
    const permission = (port) => new ecs.AuthorizeSecurityGroupRequestPermissions({ ipProtocol: 'tcp', portRange: `${port}/${port}`, ...from });
    const many = (count, first = 1000) => call('authorizeSecurityGroup', { securityGroupId: SHOP_GROUP,
      permissions: Array.from({ length: count }, (_, i) => permission(first + i)) });
    await refused(many(101), 'InvalidParameter', 400);
    await refused(call('authorizeSecurityGroup', { securityGroupId: SHOP_GROUP, permissions: [permission(1), permission(1)] }),
      'InvalidParam.DuplicatePermissions', 400);
    await refused(call('authorizeSecurityGroup', { securityGroupId: SHOP_GROUP, permissions: [permission(1)], portRange: '1/1' }),
      'InvalidParam.Permissions', 400);
    await refused(rpc.request('AuthorizeSecurityGroup', { RegionId: region, SecurityGroupId: SHOP_GROUP, 'Permissions.2.IpProtocol': 'tcp' }),
      'InvalidParameter');
    // The other end of a rule is the group's members; to ignore another would open more than was said.
    const one_way = { RegionId: region, SecurityGroupId: SHOP_GROUP, IpProtocol: 'tcp', PortRange: '80/80' };
    for (const field of ['DestGroupId', 'DestPrefixListId'])
      await refused(rpc.request('AuthorizeSecurityGroup', { ...one_way, SourceCidrIp: '192.0.2.0/24', [field]: other }), 'InvalidParameter');
    for (const field of ['SourceGroupId', 'SourcePrefixListId'])
      await refused(rpc.request('AuthorizeSecurityGroupEgress', { ...one_way, DestCidrIp: '192.0.2.0/24', [field]: other }), 'InvalidParameter');
    await refused(many(41), 'AuthorizationLimitExceed', 403);
    for (let i = 0; i < 20; i++)
      await authorize({ portRange: `${i + 1}/${i + 1}`, sourceGroupId: other });
    await refused(authorize({ portRange: '21/21', sourceGroupId: other }), 'AuthorizedGroupRule.LimitExceed', 400);
  },

  async of_revoking_and_modifying() {
    const [first, second] = await rules(SHOP_GROUP);
    const revoke = (fields, egress) => call(egress ? 'revokeSecurityGroupEgress' : 'revokeSecurityGroup', { securityGroupId: SHOP_GROUP, ...fields });
    await refused(revoke({ securityGroupRuleId: ['sgr-0'] }), 'InvalidSecurityGroupRule.RuleNotExist', 400);
    await refused(revoke({ securityGroupRuleId: [first.securityGroupRuleId] }, true), 'InvalidSecurityGroupRule.RuleNotExist', 400);
    await refused(revoke({ securityGroupRuleId: [first.securityGroupRuleId, first.securityGroupRuleId] }),
      'InvalidParam.SecurityGroupRuleIdRepeated', 400);
    await refused(revoke({ securityGroupRuleId: [first.securityGroupRuleId], portRange: '1/1' }), 'InvalidParam.SecurityGroupRuleId', 400);
    await refused(rpc.request('RevokeSecurityGroup', { RegionId: region, SecurityGroupId: SHOP_GROUP,
      'SecurityGroupRuleId.1': first.securityGroupRuleId, 'Permissions.1.Policy': 'accept' }), 'InvalidParam.SecurityGroupRuleId');
    const modify = (fields) => call('modifySecurityGroupRule', { securityGroupId: SHOP_GROUP, securityGroupRuleId: first.securityGroupRuleId, ...fields });
    await refused(modify({ portRange: second.portRange }), 'InvalidOperation.RuleDuplicate', 400);
    await refused(modify({ ...from }), 'InvalidOperation.ModifySgRuleEntityType', 400);
    await refused(modify({ portRangeListId: 'prl-0' }), 'InvalidOperation.ModifyPortRangeType', 400);
    await refused(modify({ securityGroupRuleId: 'sgr-0', priority: '2' }), 'InvalidSecurityGroupRuleId.NotFound', 404);
    await refused(modify({ securityGroupRuleId: undefined, ipProtocol: 'tcp', portRange: '9/9', ...from, description: 'x' }),
      'SecurityGroupRule.NotFound', 404);
    await refused(call('modifySecurityGroupPolicy', { securityGroupId: SHOP_GROUP, innerAccessPolicy: 'x' }), 'InvalidPolicy.Malformed', 400);
    await refused(call('modifySecurityGroupPolicy', { securityGroupId: enterprise, innerAccessPolicy: 'Accept' }),
      'InvalidGroupParameter.OperationDenied', 400);
  },

  async of_groups() {
    await refused(make({ securityGroupName: 'x' }), 'InvalidSecurityGroupName.Malformed', 400);
    await refused(make({ securityGroupName: '中' }), 'InvalidSecurityGroupName.Malformed', 400);
    await refused(make({ securityGroupName: 'x'.repeat(129) }), 'InvalidSecurityGroupName.Malformed', 400);
    await refused(make({ securityGroupName: 'other' }), 'InvalidSecurityGroupName.Duplicate', 400);
    await refused(make({ description: '中' }), 'InvalidDescription.Malformed', 400);
    await refused(make({ description: 'x'.repeat(257) }), 'InvalidDescription.Malformed', 400);
    await refused(make({ description: 'https://x' }), 'InvalidDescription.Malformed', 400);
    await refused(make({ vpcId: 'vpc-0' }), 'InvalidVpcId.NotFound', 404);
    await refused(make({ regionId: 'cn-hangzhou' }), 'InvalidRegionId.NotFound', 404);
    await refused(make({ regionId: undefined }), 'MissingParameter.RegionId', 400);
    await refused(make({ resourceGroupId: 'x' }), 'InvalidResourceGroup.NotFound', 404);
    await refused(make({ serviceManaged: true }), 'InvalidOperation.ResourceManagedByCloudProduct', 403);
    await refused(make({ clientToken: 'x'.repeat(65) }), 'InvalidParameter', 400);
    await make({ securityGroupName: 'once', clientToken: 'a' });
    await refused(make({ securityGroupName: 'twice', clientToken: 'a' }), 'IdempotentParameterMismatch', 400);
    const tag = (key, value) => new ecs.CreateSecurityGroupRequestTag({ key, value });
    await refused(make({ tag: [tag('acs:x', '')] }), 'InvalidTagKey.Malformed', 400);
    await refused(make({ tag: [tag('', 'x')] }), 'InvalidTagKey.Malformed', 400);
    await refused(make({ tag: [tag('x', 'http://x')] }), 'InvalidTagValue.Malformed', 400);
    await refused(make({ tag: [tag('x', '1'), tag('x', '2')] }), 'Duplicate.TagKey', 400);
    await refused(call('deleteSecurityGroup', { securityGroupId: SHOP_GROUP }), 'DependencyViolation', 403);
    await refused(call('deleteSecurityGroup', { securityGroupId: other }), 'DependencyViolation', 403);
    await refused(call('deleteSecurityGroup', { securityGroupId: 'sg-0' }), 'InvalidSecurityGroupId.NotFound', 404);
    await refused(call('deleteSecurityGroup', { securityGroupId: MANAGED }), 'InvalidOperation.DeletionProtection', 403);
    await refused((async () => { for (;;) await make({}); })(), 'QuotaExceed.SecurityGroup', 403);
  },

  async of_members() {
    const join = (fields) => call('joinSecurityGroup', { securityGroupId: other, instanceId: NODE, ...fields });
    const leave = (fields) => call('leaveSecurityGroup', { securityGroupId: SHOP_GROUP, instanceId: NODE, ...fields });
    await refused(join({ instanceId: 'i-0' }), 'InvalidInstanceId.NotFound', 404);
    await refused(join({ instanceId: undefined }), 'MissingParameter', 400);
    await refused(join({ securityGroupId: SHOP_GROUP }), 'InvalidInstanceId.AlreadyExists', 403);
    await refused(join({ instanceId: OTHER_NODE }), 'InvalidInstanceId.Mismatch', 400);
    await refused(join({ networkInterfaceId: 'eni-0' }), 'InvalidParam.EniIdAndInstanceId.Conflict', 403);
    await refused(join({ instanceId: undefined, networkInterfaceId: 'eni-0' }), 'InvalidEniId.NotFound', 404);
    await refused(join({ securityGroupId: MANAGED }), 'InvalidOperation.ResourceManagedByCloudProduct', 403);
    await refused(join({ securityGroupId: enterprise }), 'InvalidOperation.MultiGroupType', 403);
    await refused(leave({ securityGroupId: other }), 'InvalidSecurityGroupAssociation.NotFound', 400);
    await refused(leave(), 'InstanceLastSecurityGroup', 403);
    await refused(leave({ securityGroupId: 'sg-0' }), 'InvalidSecurityGroupId.NotFound', 404);
    await join();
    await join({ instanceId: NODE_2 });
    // Two members are the limit here.
    await refused(join({ instanceId: NODE_3 }), 'SecurityGroupInstanceLimitExceed', 403);
    await refused(client.modifyInstanceAttribute(new ecs.ModifyInstanceAttributeRequest({ instanceId: NODE, securityGroupIds: [MANAGED] })),
      'InvalidOperation.ResourceManagedByCloudProduct', 403);
    const third = (await call('describeSecurityGroups', { maxResults: 100 })).body.securityGroups.securityGroup
      .filter((one) => one.vpcId === SHOP && one.ecsCount === 0 && !one.serviceManaged && one.securityGroupType === 'normal')
      .map((one) => one.securityGroupId);
    assert.ok(third.length >= 10);
    for (const group of third.slice(0, 8))
      await join({ securityGroupId: group });
    await refused(join({ securityGroupId: third[8] }), 'InstanceSecurityGroupLimitExceeded', 400);
  },

  async of_tags() {
    const tag = (fields, tags = [['env', 'prod']]) => call('tagResources', { resourceType: 'securitygroup', resourceId: [other],
      tag: tags.map(([key, value]) => new ecs.TagResourcesRequestTag({ key, value })), ...fields });
    await refused(tag({ resourceType: 'disk' }), 'InvalidResourceType.NotSupported', 400);
    await refused(tag({ resourceType: undefined }), 'MissingParameter', 400);
    await refused(tag({ resourceId: undefined }), 'MissingParameter.ResourceIds', 400);
    await refused(tag({ resourceId: ['sg-0'] }), 'InvalidResourceId.NotFound', 404);
    await refused(tag({ resourceId: [other, other] }), 'Duplicate.ResourceId', 400);
    await refused(tag({ resourceId: Array.from({ length: 51 }, (_, i) => `sg-${i}`) }), 'NumberExceed.ResourceIds', 400);
    await refused(tag({}, []), 'MissingParameter.Tags', 400);
    await refused(tag({}, Array.from({ length: 21 }, (_, i) => [`k${i}`, ''])), 'NumberExceed.Tags', 400);
    await refused(tag({}, [['aliyunx', '']]), 'InvalidTagKey.Malformed', 400);
    await refused(tag({}, [['k', 'v'.repeat(129)]]), 'InvalidTagValue.Malformed', 400);
    await refused(tag({}, [['k', '1'], ['k', '2']]), 'Duplicate.TagKey', 400);
    await tag({}, Array.from({ length: 20 }, (_, i) => [`k${i}`, '']));
    await refused(tag({}, [['one-more', '']]), 'NumberExceed.Tags', 400);
    const untag = (fields) => call('untagResources', { resourceType: 'securitygroup', resourceId: [other], ...fields });
    await refused(untag({}), 'MissingParameter.Tags', 400);
    await untag({ all: true });
    const move = (fields) => call('joinResourceGroup', { resourceType: 'securitygroup', resourceId: other, ...fields });
    await refused(move({}), 'MissingParameter', 400);
    await refused(move({ resourceGroupId: 'x' }), 'InvalidResourceGroup.NotFound', 404);
    await refused(move({ resourceGroupId: 'rg-1', resourceId: 'sg-0' }), 'InvalidResourceId.NotFound', 404);
    await refused(rpc.request('DescribeSecurityGroups', { RegionId: region, 'Tag.1.Value': 'x' }), 'InvalidParameter.TagValue');
  },

  async of_prefix_lists() {
    await refused(call('createPrefixList', { prefixListName: 'six', addressFamily: 'IPv4', maxEntries: 1 }), 'InvalidPrefixListName.Duplicate', 400);
    await refused(call('createPrefixList', { prefixListName: 'five', addressFamily: 'IPv5', maxEntries: 1 }), 'InvalidParameter', 400);
    await refused(call('createPrefixList', { prefixListName: 'http://x', addressFamily: 'IPv4', maxEntries: 1 }), 'InvalidPrefixListName.Malformed', 400);
    const twice = ['10.0.0.1', '10.0.0.1/32'].map((cidr) => new ecs.CreatePrefixListRequestEntry({ cidr, description: cidr }));
    await refused(call('createPrefixList', { prefixListName: 'twice', addressFamily: 'IPv4', maxEntries: 2, entry: twice }), 'InvalidParameter', 400);
    const long = [new ecs.CreatePrefixListRequestEntry({ cidr: '10.0.0.1', description: 'x'.repeat(257) })];
    await refused(call('createPrefixList', { prefixListName: 'long', addressFamily: 'IPv4', maxEntries: 2, entry: long }), 'InvalidDescription.Malformed', 400);
    await refused(call('createPrefixList', { prefixListName: 'full', addressFamily: 'IPv4', maxEntries: 201 }), 'InvalidParameter', 400);
    await refused(call('deletePrefixList', { prefixListId: 'pl-0' }), 'InvalidPrefixListId.NotFound', 404);
    await authorize({ sourcePrefixListId: six }, OTHER_GROUP);
    await refused(call('deletePrefixList', { prefixListId: six }), 'DependencyViolation', 403);
  },

  async of_pages_and_filters() {
    const describe = (fields) => call('describeSecurityGroups', fields);
    await refused(describe({ pageSize: 51 }), 'InvalidParameter', 400);
    await refused(describe({ pageNumber: 0 }), 'InvalidParameter', 400);
    await refused(describe({ maxResults: 101 }), 'InvalidParameter', 400);
    await refused(describe({ securityGroupIds: 'sg-1' }), 'InvalidParameter', 400);
    // What is no token of this list would look like the end of it.
    await refused(describe({ nextToken: 'sgr-0' }), 'InvalidParameter', 400);
    await refused(call('describeSecurityGroupAttribute', { securityGroupId: other, nextToken: 'sg-0' }), 'InvalidParameter', 400);
    await refused(call('listTagResources', { resourceType: 'securitygroup', nextToken: 'n-0' }), 'InvalidParameter', 400);
    await refused(rpc.request('DescribeSecurityGroups', { RegionId: region, 'Tag.2.Key': 'x' }), 'InvalidParameter');
    await refused(rpc.request('DescribeSecurityGroupAttribute', { RegionId: region, SecurityGroupId: other, Direction: 'up' }), 'InvalidParameter');
    await refused(rpc.request('DescribeSecurityGroupAttribute', { RegionId: region, SecurityGroupId: other, NicType: 'x' }),
      'InvalidNicType.ValueNotSupported');
    await refused(rpc.request('DescribeSecurityGroupReferences', { RegionId: region }), 'MissingParameter');
  },

  async of_all_requests() {
    await refused(rpc.request('RunInstances', { RegionId: region }), 'InvalidAction.NotFound');
    await refused(rpc.request('DescribeRegions', { Timestamp: '2020-01-01T00:00:00Z' }), 'IllegalTimestamp');
    await refused(rpc.request('DescribeRegions', { SignatureNonce: 'n' }).then(() => rpc.request('DescribeRegions', { SignatureNonce: 'n' })),
      'SignatureNonceUsed');
    await refused(rpc.request('DescribeRegions', { SignatureMethod: 'HMAC-SHA256' }), 'InvalidParameter');
    const unknown = new (require('@alicloud/pop-core').RPCClient)({ accessKeyId: 'k-0', accessKeySecret: 'x', apiVersion: '2014-05-26',
      endpoint: `https://127.0.0.1:${process.env.PORT}` });
    await refused(unknown.request('DescribeRegions', {}), 'InvalidAccessKeyId.NotFound');
    await refused(clients.old_ecs('wrong').request('DescribeRegions', {}), 'SignatureDoesNotMatch');
    assert.ok(KEY && CLUSTER);
  },

  // Last: from then on this address is refused unseen for a minute.
  async of_guessing() {
    await refused((async () => {
      for (let i = 0; i < 40; i++)
        await clients.old_ecs('wrong').request('DescribeRegions', {}).catch((error) => {
          if (error.code !== 'SignatureDoesNotMatch')
            throw error;
        });
    })(), 'Throttling.User');
  },
};

require('./run').run(tests);
