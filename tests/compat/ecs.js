// SPDX-License-Identifier: Apache-2.0
'use strict';
// The official clients against a running ringwalld; test_sdk.py starts it and tells by the environment what is there.
const assert = require('assert');
const ecs = require('@alicloud/ecs20140526');
const clients = require('./client');

const { VPC, MANAGED, FIRST, NODE, KEY, SECRET, VIEWER_KEY, VIEWER_SECRET } = process.env;
const { region, refused } = clients;
const sdk = (key, secret) => new ecs.default(clients.config(key, secret));
const old = clients.old_ecs;

const client = sdk(KEY, SECRET);
const rpc = old(SECRET);
const call = clients.caller(ecs, client);
let group = '';
let other = '';

const rules = async (id, filter = {}) =>
  (await call('describeSecurityGroupAttribute', { securityGroupId: id, ...filter })).body.permissions.permission;
const permission = (fields) => new ecs.AuthorizeSecurityGroupRequestPermissions({ ipProtocol: 'tcp', ...fields });
const authorize = (permissions, more = {}) =>
  call('authorizeSecurityGroup', { securityGroupId: group, permissions: permissions.map(permission), ...more });

const tests = {
  async finds_the_region_and_the_vpc() {
    const regions = (await client.describeRegions(new ecs.DescribeRegionsRequest({}))).body.regions.region;
    assert.deepStrictEqual(regions.map((one) => one.regionId), [region]);
    const vpcs = await rpc.request('DescribeVpcs', { RegionId: region }, { method: 'POST' });
    assert.strictEqual(vpcs.Vpcs.Vpc[0].VpcId, VPC);
    assert.strictEqual(vpcs.Vpcs.Vpc[0].CidrBlock, '10.0.0.0/16');
    assert.ok(Date.parse(vpcs.Vpcs.Vpc[0].CreationTime) > 0);
    const switches = await rpc.request('DescribeVSwitches', { RegionId: region, VpcId: VPC }, { method: 'GET' });
    assert.strictEqual(switches.VSwitches.VSwitch[0].VSwitchId, vpcs.Vpcs.Vpc[0].VSwitchIds.VSwitchId[0]);
  },

  async creates_a_group_once_for_one_client_token() {
    const fields = { securityGroupName: 'web', description: 'web servers', vpcId: VPC, clientToken: 'token-1' };
    const body = (await call('createSecurityGroup', fields)).body;
    group = body.securityGroupId;
    assert.match(group, /^sg-[0-9a-f]{16}$/);
    assert.match(body.requestId, /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/);
    assert.strictEqual((await call('createSecurityGroup', fields)).body.securityGroupId, group);
    await refused(call('createSecurityGroup', { ...fields, securityGroupName: 'web2' }), 'IdempotentParameterMismatch', 400);
    other = (await call('createSecurityGroup', { vpcId: VPC })).body.securityGroupId;
    assert.notStrictEqual(other, group);
  },

  async shows_the_group_with_every_field() {
    const body = (await call('describeSecurityGroups', { securityGroupIds: JSON.stringify([group]) })).body;
    assert.strictEqual(body.totalCount, 1);
    const shown = body.securityGroups.securityGroup[0];
    assert.strictEqual(shown.securityGroupName, 'web');
    assert.strictEqual(shown.description, 'web servers');
    assert.strictEqual(shown.vpcId, VPC);
    assert.strictEqual(shown.securityGroupType, 'normal');
    assert.strictEqual(shown.serviceManaged, false);
    assert.strictEqual(shown.resourceGroupId, '');
    assert.match(shown.creationTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.ok(Math.abs(Date.parse(shown.creationTime) - Date.now()) < 3600e3, shown.creationTime);
    const unknown = (await call('describeSecurityGroups', { securityGroupId: 'sg-nothing' })).body;
    assert.deepStrictEqual([unknown.totalCount, unknown.securityGroups.securityGroup.length], [0, 0]);
  },

  async pages_by_number_and_by_token() {
    const all = (await call('describeSecurityGroups', { pageSize: 50 })).body;
    assert.strictEqual(all.totalCount, 4);
    const ids = all.securityGroups.securityGroup.map((one) => one.securityGroupId);
    const second = (await call('describeSecurityGroups', { pageSize: 3, pageNumber: 2 })).body;
    assert.deepStrictEqual(second.securityGroups.securityGroup.map((one) => one.securityGroupId), ids.slice(3));
    const seen = [];
    let token;
    do {
      const page = (await call('describeSecurityGroups', { maxResults: 1, nextToken: token })).body;
      seen.push(...page.securityGroups.securityGroup.map((one) => one.securityGroupId));
      token = page.nextToken;
    } while (token);
    assert.deepStrictEqual(seen, ids);
  },

  async authorises_cidr_ipv6_and_group() {
    await authorize([
      { portRange: '80/80', sourceCidrIp: '0.0.0.0/0', policy: 'accept', priority: '1', description: 'a b*c~d' },
      { portRange: '443/443', ipv6SourceCidrIp: '2001:db8::/32', policy: 'Drop', priority: '5', nicType: 'internet' },
      { ipProtocol: 'ALL', portRange: '-1/-1', sourceGroupId: other },
      { ipProtocol: 'udp', portRange: '53/53', sourceCidrIp: '10.0.0.0/8', destCidrIp: '10.0.0.0/16', sourcePortRange: '1024/65535' },
    ]);
    const shown = await rules(group);
    assert.strictEqual(shown.length, 4);
    const web = shown.find((one) => one.portRange === '80/80');
    assert.match(web.securityGroupRuleId, /^sgr-/);
    assert.match(web.createTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.deepStrictEqual(
      [web.ipProtocol, web.policy, web.priority, web.sourceCidrIp, web.description, web.direction, web.nicType],
      ['TCP', 'Accept', '1', '0.0.0.0/0', 'a b*c~d', 'ingress', 'intranet']);
    assert.deepStrictEqual([web.sourceGroupId, web.ipv6SourceCidrIp, web.destCidrIp, web.sourcePrefixListId, web.sourcePortRange],
      ['', '', '', '', '']);
    const six = shown.find((one) => one.portRange === '443/443');
    assert.deepStrictEqual([six.ipv6SourceCidrIp, six.policy, six.priority, six.nicType], ['2001:db8::/32', 'Drop', '5', 'intranet']);
    assert.strictEqual(shown.find((one) => one.ipProtocol === 'ALL').sourceGroupId, other);
    const five = shown.find((one) => one.ipProtocol === 'UDP');
    assert.deepStrictEqual([five.destCidrIp, five.sourcePortRange], ['10.0.0.0/16', '1024/65535']);
    await authorize([{ portRange: '80/80', sourceCidrIp: '0.0.0.0/0' }]);
    assert.strictEqual((await rules(group)).length, 4, 'a rule of the same meaning is not added again');
  },

  async tells_who_refers_to_a_group() {
    const body = (await call('describeSecurityGroupReferences', { securityGroupId: [other, group] })).body;
    const references = body.securityGroupReferences.securityGroupReference;
    assert.strictEqual(references.length, 1);
    assert.strictEqual(references[0].securityGroupId, other);
    assert.strictEqual(references[0].referencingSecurityGroups.referencingSecurityGroup[0].securityGroupId, group);
    await refused(call('deleteSecurityGroup', { securityGroupId: other }), 'DependencyViolation', 403);
  },

  async authorises_a_hundred_permissions_at_once() {
    const many = Array.from({ length: 100 }, (_, i) => ({ portRange: `${1000 + i}/${1000 + i}`, sourceCidrIp: '192.0.2.0/24',
      policy: 'accept', priority: '10', description: `${'long '.repeat(20)}${i}` }));
    await authorize(many);
    assert.strictEqual((await rules(group)).length, 104);
    const first = (await call('describeSecurityGroupAttribute', { securityGroupId: group, maxResults: 100 })).body;
    assert.strictEqual(first.permissions.permission.length, 100);
    const rest = await rules(group, { maxResults: 100, nextToken: first.nextToken });
    assert.strictEqual(rest.length, 4);
    await refused(authorize([...many, { portRange: '1/1', sourceCidrIp: '192.0.2.0/24' }]), 'InvalidParameter', 400);
    const ids = (await rules(group)).filter((one) => one.priority === '10').map((one) => one.securityGroupRuleId);
    await call('revokeSecurityGroup', { securityGroupId: group, securityGroupRuleId: ids });
    assert.strictEqual((await rules(group)).length, 4);
    await refused(call('revokeSecurityGroup', { securityGroupId: group, securityGroupRuleId: ids }),
      'InvalidSecurityGroupRule.RuleNotExist', 400);
  },

  async modifies_rules_and_groups() {
    const id = (await rules(group)).find((one) => one.portRange === '80/80').securityGroupRuleId;
    await call('modifySecurityGroupRule', { securityGroupId: group, securityGroupRuleId: id, portRange: '8080/8080', priority: '7' });
    const changed = (await rules(group)).find((one) => one.securityGroupRuleId === id);
    assert.deepStrictEqual([changed.portRange, changed.priority, changed.description, changed.sourceCidrIp],
      ['8080/8080', '7', 'a b*c~d', '0.0.0.0/0']);
    await refused(call('modifySecurityGroupRule', { securityGroupId: group, securityGroupRuleId: id, sourceGroupId: other }),
      'InvalidOperation.ModifySgRuleEntityType', 400);
    await refused(call('modifySecurityGroupRule', { securityGroupId: group, securityGroupRuleId: 'sgr-0', priority: '1' }),
      'InvalidSecurityGroupRuleId.NotFound', 404);
    await call('modifySecurityGroupAttribute', { securityGroupId: group, securityGroupName: 'web-new', description: 'changed' });
    await call('modifySecurityGroupPolicy', { securityGroupId: group, innerAccessPolicy: 'drop' });
    const body = (await call('describeSecurityGroupAttribute', { securityGroupId: group })).body;
    assert.deepStrictEqual([body.securityGroupName, body.description, body.innerAccessPolicy], ['web-new', 'changed', 'Drop']);
    await refused(call('modifySecurityGroupPolicy', { securityGroupId: group, innerAccessPolicy: 'maybe' }), 'InvalidPolicy.Malformed', 400);
  },

  async does_egress_with_the_old_client() {
    const rule = { RegionId: region, SecurityGroupId: group, IpProtocol: 'tcp', PortRange: '25/25', DestCidrIp: '0.0.0.0/0',
      Policy: 'drop', Priority: '3', NicType: 'intranet' };
    await rpc.request('AuthorizeSecurityGroupEgress', rule, { method: 'POST' });
    const shown = await rules(group, { direction: 'egress' });
    assert.deepStrictEqual(shown.map((one) => [one.destCidrIp, one.policy, one.direction]), [['0.0.0.0/0', 'Drop', 'egress']]);
    await rpc.request('ModifySecurityGroupEgressRule', { ...rule, Description: 'no mail' }, { method: 'POST' });
    assert.strictEqual((await rules(group, { direction: 'egress' }))[0].description, 'no mail');
    await rpc.request('RevokeSecurityGroupEgress', rule, { method: 'GET' });
    await rpc.request('RevokeSecurityGroupEgress', rule, { method: 'GET' });
    assert.strictEqual((await rules(group, { direction: 'egress' })).length, 0);
  },

  async joins_and_leaves() {
    const found = (await call('describeInstances', { instanceIds: JSON.stringify([NODE]) })).body.instances.instance;
    assert.strictEqual(found.length, 1);
    assert.deepStrictEqual(found[0].securityGroupIds.securityGroupId, [FIRST]);
    assert.deepStrictEqual(found[0].vpcAttributes.privateIpAddress.ipAddress, ['10.0.0.5']);
    const count = async (filter) => (await call('describeInstances', filter)).body.totalCount;
    assert.strictEqual(await count({ privateIpAddresses: '["10.0.0.5","10.0.0.77"]' }), 1);
    assert.strictEqual(await count({ privateIpAddresses: '["10.0.0.77"]' }), 0);
    assert.strictEqual(await count({ innerIpAddresses: '["10.0.0.5"]' }), 0, 'what is private in a VPC is not inner');
    assert.strictEqual(await count({ publicIpAddresses: '["10.0.0.5"]' }), 0);
    assert.strictEqual(await count({ eipAddresses: '["203.0.113.5"]' }), 1);
    assert.strictEqual(await count({ ipv6Address: ['2001:db8::5'] }), 1);
    assert.strictEqual(await count({ ipv6Address: ['2001:db8::6'] }), 0);
    assert.deepStrictEqual([found[0].cpu, found[0].OSType, found[0].eipAddress.ipAddress], [0, '', '203.0.113.5']);
    await call('joinSecurityGroup', { securityGroupId: group, instanceId: NODE });
    await refused(call('joinSecurityGroup', { securityGroupId: group, instanceId: NODE }), 'InvalidInstanceId.AlreadyExists', 403);
    const members = (await call('describeInstances', { securityGroupId: group })).body;
    assert.strictEqual(members.totalCount, 1);
    await refused(call('deleteSecurityGroup', { securityGroupId: group }), 'DependencyViolation', 403);
    await call('leaveSecurityGroup', { securityGroupId: group, instanceId: NODE });
    await refused(call('leaveSecurityGroup', { securityGroupId: group, instanceId: NODE }), 'InvalidSecurityGroupAssociation.NotFound', 400);
    await refused(call('leaveSecurityGroup', { securityGroupId: FIRST, instanceId: NODE }), 'InstanceLastSecurityGroup', 403);
    await refused(call('joinSecurityGroup', { securityGroupId: group, instanceId: 'n-0' }), 'InvalidInstanceId.NotFound', 404);
  },

  async sets_the_groups_of_an_instance() {
    const groups = async () => (await call('describeInstances', { instanceIds: JSON.stringify([NODE]) }))
      .body.instances.instance[0].securityGroupIds.securityGroupId;
    await client.modifyInstanceAttribute(new ecs.ModifyInstanceAttributeRequest({ instanceId: NODE, securityGroupIds: [FIRST, other] }));
    assert.deepStrictEqual((await groups()).sort(), [FIRST, other].sort());
    await refused(client.modifyInstanceAttribute(new ecs.ModifyInstanceAttributeRequest({ instanceId: NODE, securityGroupIds: ['sg-0'] })),
      'InvalidSecurityGroupId.NotFound', 404);
    await refused(client.modifyInstanceAttribute(new ecs.ModifyInstanceAttributeRequest({ instanceId: NODE, instanceName: 'x' })),
      'MissingParameter', 400);
    await client.modifyInstanceAttribute(new ecs.ModifyInstanceAttributeRequest({ instanceId: NODE, securityGroupIds: [FIRST] }));
    assert.deepStrictEqual(await groups(), [FIRST]);
  },

  async keeps_tags_and_resource_groups_and_finds_by_them() {
    const pair = (type) => (key, value) => new type({ key, value });
    const [made, set, asked] = [ecs.CreateSecurityGroupRequestTag, ecs.TagResourcesRequestTag, ecs.DescribeSecurityGroupsRequestTag].map(pair);
    const id = (await call('createSecurityGroup', { vpcId: VPC, securityGroupName: 'tagged', resourceGroupId: 'rg-ops',
      tag: [made('env', 'prod'), made('team', '')] })).body.securityGroupId;
    const show = async () => (await call('describeSecurityGroups', { securityGroupId: id })).body.securityGroups.securityGroup[0];
    const tags = (shown) => shown.tags.tag.map((one) => `${one.tagKey}=${one.tagValue}`).sort();
    assert.deepStrictEqual([tags(await show()), (await show()).resourceGroupId], [['env=prod', 'team='], 'rg-ops']);
    const resource = { resourceType: 'securitygroup', resourceId: [id] };
    await call('tagResources', { ...resource, tag: [set('env', 'test'), set('数据', '库')] });
    assert.deepStrictEqual(tags(await show()), ['env=test', 'team=', '数据=库']);
    const found = async (filter) => (await call('describeSecurityGroups', filter)).body.securityGroups.securityGroup.map((one) => one.securityGroupId);
    assert.deepStrictEqual(await found({ tag: [asked('env', 'test'), asked('team')] }), [id]);
    assert.deepStrictEqual(await found({ tag: [asked('env', 'prod')] }), []);
    assert.deepStrictEqual(await found({ resourceGroupId: 'rg-ops' }), [id]);
    const list = async (fields) => (await call('listTagResources', { resourceType: 'securitygroup', ...fields })).body.tagResources.tagResource
      .map((one) => `${one.resourceId === id} ${one.resourceType} ${one.tagKey}=${one.tagValue}`).sort();
    assert.deepStrictEqual(await list({}), ['true securitygroup env=test', 'true securitygroup team=', 'true securitygroup 数据=库']);
    assert.deepStrictEqual(await list({ tag: [new ecs.ListTagResourcesRequestTag({ key: 'env', value: 'prod' })] }), []);
    await call('untagResources', { ...resource, tagKey: ['team', 'nothing'] });
    await call('joinResourceGroup', { resourceType: 'securitygroup', resourceId: id, resourceGroupId: 'rg-web' });
    assert.deepStrictEqual([tags(await show()), (await show()).resourceGroupId], [['env=test', '数据=库'], 'rg-web']);
    await call('untagResources', { ...resource, all: true });
    assert.deepStrictEqual([tags(await show()), (await show()).resourceGroupId], [[], 'rg-web']);
    await call('tagResources', { resourceType: 'instance', resourceId: [NODE], tag: [set('rack', '7')] });
    const instances = (await call('describeInstances', { tag: [new ecs.DescribeInstancesRequestTag({ key: 'rack', value: '7' })] })).body.instances.instance;
    assert.deepStrictEqual(instances.map((one) => [one.instanceId, one.tags.tag[0].tagKey]), [[NODE, 'rack']]);
    assert.ok(Date.parse(instances[0].creationTime) > 0);
    await call('deleteSecurityGroup', { securityGroupId: id });
    assert.deepStrictEqual(await list({}), []);
  },

  async keeps_prefix_lists_and_takes_them_as_objects() {
    const entry = ecs.CreatePrefixListRequestEntry;
    const make = { prefixListName: 'offices', addressFamily: 'IPv4', maxEntries: 10, clientToken: 'list-1',
      description: 'all offices',
      entry: ['198.51.100.0/24', '192.0.2.0/24'].map((cidr) => new entry({ cidr, description: 'main office' })) };
    const id = (await call('createPrefixList', make)).body.prefixListId;
    assert.strictEqual((await call('createPrefixList', make)).body.prefixListId, id);
    const cidrs = async () => (await call('describePrefixListAttributes', { prefixListId: id })).body.entries.entry.map((one) => one.cidr);
    assert.deepStrictEqual(await cidrs(), ['192.0.2.0/24', '198.51.100.0/24']);
    const first = (await call('describePrefixListAttributes', { prefixListId: id })).body;
    assert.deepStrictEqual([first.maxEntries, first.description, first.entries.entry.map((one) => one.description)],
      [10, 'all offices', ['main office', 'main office']]);
    assert.match(first.creationTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    await call('modifyPrefixList', { prefixListId: id, addEntry: [new ecs.ModifyPrefixListRequestAddEntry({ cidr: '203.0.113.0/24' })],
      removeEntry: [new ecs.ModifyPrefixListRequestRemoveEntry({ cidr: '192.0.2.0/24' })] });
    assert.deepStrictEqual(await cidrs(), ['198.51.100.0/24', '203.0.113.0/24']);
    const from_offices = permission({ portRange: '22/22', sourcePrefixListId: id });
    await authorize([from_offices]);
    const shown = (await rules(group)).find((one) => one.sourcePrefixListId === id);
    assert.deepStrictEqual([shown.sourcePrefixListName, shown.sourceCidrIp], ['offices', '']);
    const lists = (await call('describePrefixLists', { prefixListName: 'offices' })).body.prefixLists.prefixList;
    assert.deepStrictEqual(lists.map((one) => [one.prefixListId, one.addressFamily, one.associationCount]), [[id, 'IPv4', 1]]);
    const uses = (await call('describePrefixListAssociations', { prefixListId: id })).body.prefixListAssociations.prefixListAssociation;
    assert.deepStrictEqual(uses.map((one) => one.resourceId), [group]);
    await refused(call('deletePrefixList', { prefixListId: id }), 'DependencyViolation', 403);
    await refused(authorize([{ ipProtocol: 'icmpv6', portRange: '-1/-1', sourcePrefixListId: id }]),
      'InvalidParam.PrefixListAddressFamilyMismatch', 400);
    await refused(call('modifyPrefixList', { prefixListId: id,
      addEntry: Array.from({ length: 9 }, (_, i) => new ecs.ModifyPrefixListRequestAddEntry({ cidr: `10.${i}.0.0/16` })) }), 'LimitExceed.MaxEntries', 403);
    await refused(call('modifyPrefixList', { prefixListId: id, addEntry: [new ecs.ModifyPrefixListRequestAddEntry({ cidr: '::/0' })] }),
      'InvalidParam.PrefixListAddressFamilyMismatch', 400);
    await call('revokeSecurityGroup', { securityGroupId: group, securityGroupRuleId: [shown.securityGroupRuleId] });
    await call('deletePrefixList', { prefixListId: id });
    await refused(call('describePrefixListAttributes', { prefixListId: id }), 'InvalidPrefixListId.NotFound', 404);
  },

  async names_every_mistake_in_a_rule() {
    const cidr = { sourceCidrIp: '192.0.2.0/24' };
    const cases = [
      [{ portRange: '80', ...cidr }, 'InvalidParam.PortRange'],
      [{ portRange: '200/1', ...cidr }, 'InvalidParam.PortRange'],
      [{ ...cidr }, 'InvalidPortRange.Malformed'],
      [{ portRange: '-1/-1', ...cidr }, 'InvalidParam.ProtocolAndPortRangeMismatch'],
      [{ ipProtocol: 'icmp', portRange: '1/1', ...cidr }, 'InvalidParam.ProtocolAndPortRangeMismatch'],
      [{ ipProtocol: 'tcpp', portRange: '1/1', ...cidr }, 'InvalidIpProtocol.ValueNotSupported'],
      [{ portRange: '1/1', sourcePortRange: 'x', ...cidr }, 'InvalidSourcePortRange.Malformed'],
      [{ portRange: '1/1', portRangeListId: '' }, 'MissingParameter.Source'],
      [{ portRangeListId: 'prl-1', ...cidr }, 'InvalidPortRangeListId.NotFound'],
      [{ portRange: '1/1', sourceCidrIp: '300.0.0.0/8' }, 'InvalidParam.SourceCidrIp'],
      [{ portRange: '1/1', ipv6SourceCidrIp: '10.0.0.0/8' }, 'InvalidParam.Ipv6SourceCidrIp'],
      [{ portRange: '1/1', ...cidr, destCidrIp: 'x' }, 'InvalidParam.DestCidrIp'],
      [{ portRange: '1/1', ...cidr, ipv6SourceCidrIp: '2001:db8::/32' }, 'InvalidParam.SourceIp'],
      [{ portRange: '1/1', ...cidr, ipv6DestCidrIp: '2001:db8::/32' }, 'InvalidParameter.Conflict'],
      [{ ipProtocol: 'icmp', portRange: '-1/-1', ipv6SourceCidrIp: '::/0' }, 'InvalidParam.Ipv4ProtocolConflictWithIpv6Address'],
      [{ ipProtocol: 'icmpv6', portRange: '-1/-1', ...cidr }, 'InvalidParam.Ipv6ProtocolConflictWithIpv4Address'],
      [{ portRange: '1/1', policy: 'allow', ...cidr }, 'InvalidPolicy.Malformed'],
      [{ portRange: '1/1', priority: 'x', ...cidr }, 'InvalidPriority.Malformed'],
      [{ portRange: '1/1', priority: '101', ...cidr }, 'InvalidPriority.ValueNotSupported'],
      [{ portRange: '1/1', nicType: 'wire', ...cidr }, 'InvalidNicType.ValueNotSupported'],
      [{ portRange: '1/1', description: 'x'.repeat(513), ...cidr }, 'InvalidSecurityGroupDiscription.Malformed'],
      [{ portRange: '1/1', sourceGroupId: 'sg-0' }, 'InvalidSourceGroupId.NotFound', 404],
      [{ portRange: '1/1', sourceGroupId: group }, 'InvalidParamter.Conflict', 403],
      [{ portRange: '1/1', sourcePrefixListId: 'pl-0' }, 'InvalidPrefixListId.NotFound', 404],
    ];
    const before = (await rules(group)).length;
    for (const [fields, code, status] of cases) {
      const error = await refused(authorize([{ portRange: '9/9', ...cidr }, fields]), code, status || 400);
      assert.match(error.message, /Permissions\.2\./);
    }
    const twice = { portRange: '9/9', ...cidr };
    await refused(authorize([twice, { ...twice, ipProtocol: 'TCP', description: 'other' }]), 'InvalidParam.DuplicatePermissions', 400);
    await refused(authorize([twice], { ipProtocol: 'tcp' }), 'InvalidParam.Permissions', 400);
    assert.strictEqual((await rules(group)).length, before, 'a refused request adds nothing');
  },

  async names_every_mistake_around_a_group() {
    const make = (fields) => call('createSecurityGroup', { vpcId: VPC, ...fields });
    await refused(make({ securityGroupName: '1web' }), 'InvalidSecurityGroupName.Malformed', 400);
    await refused(make({ securityGroupName: 'http://x' }), 'InvalidSecurityGroupName.Malformed', 400);
    await refused(make({ description: 'http://x' }), 'InvalidDescription.Malformed', 400);
    await refused(make({ securityGroupName: 'web-new' }), 'InvalidSecurityGroupName.Duplicate', 400);
    await refused(make({ vpcId: 'vpc-0' }), 'InvalidVpcId.NotFound', 404);
    await refused(make({ vpcId: undefined }), 'MissingParameter', 400);
    await refused(make({ regionId: 'cn-hangzhou' }), 'InvalidRegionId.NotFound', 404);
    await refused(make({ regionId: undefined }), 'MissingParameter.RegionId', 400);
    await refused(make({ resourceGroupId: 'group 1' }), 'InvalidResourceGroup.NotFound', 404);
    await refused(call('describeSecurityGroupAttribute', { securityGroupId: 'sg-0' }), 'InvalidSecurityGroupId.NotFound', 404);
    await refused(call('describeSecurityGroupAttribute', {}), 'MissingParameter', 400);
    await refused(call('deleteSecurityGroup', { securityGroupId: MANAGED }), 'InvalidOperation.DeletionProtection', 403);
    const dry = { RegionId: region, VpcId: VPC, SecurityGroupName: 'dry', DryRun: 'true' };
    await refused(rpc.request('CreateSecurityGroup', dry, { method: 'POST' }), 'DryRunOperation');
    assert.strictEqual((await call('describeSecurityGroups', { securityGroupName: 'dry' })).body.totalCount, 0);
  },

  async takes_an_enterprise_group_apart() {
    const id = (await call('createSecurityGroup', { vpcId: VPC, securityGroupType: 'enterprise' })).body.securityGroupId;
    await refused(call('modifySecurityGroupPolicy', { securityGroupId: id, innerAccessPolicy: 'Accept' }),
      'InvalidGroupParameter.OperationDenied', 400);
    await refused(authorize([{ portRange: '1/1', sourceGroupId: id }]), 'InvalidGroupAuthParameter.OperationDenied', 400);
    await call('deleteSecurityGroup', { securityGroupId: id });
  },

  async knows_who_calls() {
    const mismatch = await refused(call('describeSecurityGroups', {}, sdk(KEY, 'wrong')), 'SignatureDoesNotMatch', 400);
    assert.match(mismatch.message, /server string to sign is:ACS3-HMAC-SHA256/);
    assert.ok(!mismatch.message.includes(SECRET));
    const old_mismatch = await refused(old('wrong').request('DescribeRegions', {}, { method: 'GET' }), 'SignatureDoesNotMatch');
    assert.match(old_mismatch.message, /server string to sign is:GET&%2F&/);
    await refused(call('describeSecurityGroups', {}, sdk('k-0', SECRET)), 'InvalidAccessKeyId.NotFound', 404);
    const viewer = sdk(VIEWER_KEY, VIEWER_SECRET);
    assert.ok((await call('describeSecurityGroups', {}, viewer)).body.totalCount > 0);
    await refused(call('deleteSecurityGroup', { securityGroupId: other }, viewer), 'Forbidden.RAM', 403);
    await refused(rpc.request('RunInstances', { RegionId: region }, { method: 'POST' }), 'InvalidAction.NotFound');
  },

  async takes_a_request_once() {
    const nonce = { SignatureNonce: `once-${Date.now()}` };
    await rpc.request('DescribeRegions', nonce, { method: 'GET' });
    await refused(rpc.request('DescribeRegions', nonce, { method: 'GET' }), 'SignatureNonceUsed');
    await refused(rpc.request('DescribeRegions', { Timestamp: '2020-01-01T00:00:00Z' }, { method: 'GET' }), 'IllegalTimestamp');
  },

  async lets_a_guard_refuse_what_would_lock_people_out() {
    const ssh = (await rules(MANAGED)).find((one) => one.portRange === '22/22');
    const revoke = { securityGroupId: MANAGED, securityGroupRuleId: [ssh.securityGroupRuleId] };
    const error = await refused(call('revokeSecurityGroup', revoke), 'InvalidOperation.Guarded', 403);
    assert.match(error.message, /node-1/);
    await refused(rpc.request('RevokeSecurityGroup', { RegionId: region, SecurityGroupId: MANAGED, DryRun: 'true',
      'SecurityGroupRuleId.1': ssh.securityGroupRuleId }, { method: 'POST' }), 'InvalidOperation.Guarded');
    assert.ok((await rules(MANAGED)).some((one) => one.portRange === '22/22'));
  },

  async revokes_and_deletes() {
    await call('revokeSecurityGroup', { securityGroupId: group, permissions: [
      new ecs.RevokeSecurityGroupRequestPermissions({ ipProtocol: 'all', portRange: '-1/-1', sourceGroupId: other })] });
    assert.strictEqual((await rules(group)).length, 3);
    await call('deleteSecurityGroup', { securityGroupId: other });
    await call('deleteSecurityGroup', { securityGroupId: group });
    await refused(call('deleteSecurityGroup', { securityGroupId: group }), 'InvalidSecurityGroupId.NotFound', 404);
    assert.strictEqual((await call('describeSecurityGroups', {})).body.totalCount, 2);
  },
};

require('./run').run(tests);
