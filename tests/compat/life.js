// SPDX-License-Identifier: Apache-2.0
'use strict';
// The life of a cluster's group through the official clients; test_life.py knocks at its nodes and joins them.
const assert = require('assert');
const readline = require('readline');
const cs = require('@alicloud/cs20151215');
const ecs = require('@alicloud/ecs20140526');
const openapi = require('@alicloud/openapi-core');
const clients = require('./client');

const { VPC } = process.env;
const { region, refused } = clients;
const cluster_client = new cs.default(clients.config());
const call = clients.caller(ecs, new ecs.default(clients.config()));
const rpc = clients.old_ecs();
const roa = clients.old_cs();

const answers = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();

// Something outside of the API: the answer is one line of JSON.
async function ask(what, fields) {
  process.stdout.write(`@${JSON.stringify({ ask: what, ...fields })}\n`);
  return JSON.parse((await answers.next()).value);
}

async function passes(who, node, port, more) {
  assert.strictEqual(await ask('knock', { who, node, port, ...more, wanted: true }), 'answered', `${who} to ${node}:${port}`);
}

async function is_refused(who, node, port, more) {
  assert.notStrictEqual(await ask('knock', { who, node, port, ...more, wanted: false }), 'answered', `${who} to ${node}:${port}`);
}

let cluster = '';
let group = '';
let tools = '';
let list = '';

const rules = async (filter = {}) =>
  (await call('describeSecurityGroupAttribute', { securityGroupId: group, ...filter })).body.permissions.permission;
const permit = (...permissions) => call('authorizeSecurityGroup', { securityGroupId: group,
  permissions: permissions.map((fields) => new ecs.AuthorizeSecurityGroupRequestPermissions({ ipProtocol: 'TCP', ...fields })) });
const take_back = (...permissions) => call('revokeSecurityGroup', { securityGroupId: group,
  permissions: permissions.map((fields) => new ecs.RevokeSecurityGroupRequestPermissions({ ipProtocol: 'TCP', ...fields })) });

const office = { portRange: '6379/6379', sourceCidrIp: '198.51.100.0/24' };
const office6 = { portRange: '6379/6379', ipv6SourceCidrIp: '2001:db8:51::/64' };

const tests = {
  async creates_a_cluster_and_nodes_join_it() {
    cluster = (await cluster_client.createCluster(new cs.CreateClusterRequest({ name: 'shop', regionId: region, vpcid: VPC,
      clusterType: 'Kubernetes', containerCidr: '172.20.0.0/16' }))).body.clusterId;
    assert.deepStrictEqual(await ask('join', { nodes: ['node-1', 'node-2'], cluster }), ['node-1', 'node-2']);
    const nodes = (await cluster_client.describeClusterNodes(cluster, new cs.DescribeClusterNodesRequest({}))).body;
    assert.deepStrictEqual(nodes.nodes.map((one) => [one.nodeName, one.nodeStatus]).sort(), [['node-1', 'Ready'], ['node-2', 'Ready']]);
    assert.strictEqual((await roa.request('GET', `/clusters/${cluster}`)).size, 2);
  },

  async finds_its_group_and_lists_its_rules() {
    group = (await cluster_client.describeClusterDetail(cluster)).body.securityGroupId;
    const managed = (await call('describeSecurityGroups', { serviceManaged: true, vpcId: VPC })).body.securityGroups.securityGroup;
    assert.deepStrictEqual(managed.map((one) => [one.securityGroupId, one.ecsCount]), [[group, 2]]);
    assert.strictEqual((await call('describeInstances', { securityGroupId: group })).body.totalCount, 2);
    const ports = (await rules()).map((one) => `${one.ipProtocol} ${one.portRange} ${one.sourceCidrIp}`).sort();
    assert.deepStrictEqual(ports, ['ALL -1/-1 172.20.0.0/16', 'ICMP -1/-1 0.0.0.0/0', 'TCP 22/22 0.0.0.0/0', 'TCP 443/443 0.0.0.0/0',
      'TCP 6443/6443 0.0.0.0/0', 'TCP 80/80 0.0.0.0/0']);
    await passes('internet', 'node-1', 80);
    await is_refused('internet', 'node-1', 6379);
    await is_refused('internet', 'node-1', 80, { family: 6 });
  },

  async authorises_a_cidr_and_an_ipv6_cidr() {
    await permit(office);
    await passes('office', 'node-1', 6379);
    await passes('office', 'node-2', 6379);
    await is_refused('internet', 'node-1', 6379);
    await is_refused('office', 'node-1', 6379, { family: 6 });
    await permit(office6);
    await passes('office', 'node-1', 6379, { family: 6 });
    await is_refused('internet', 'node-1', 6379, { family: 6 });
  },

  async authorises_a_group() {
    tools = (await call('createSecurityGroup', { vpcId: VPC, securityGroupName: 'tools' })).body.securityGroupId;
    await ask('join', { nodes: ['tools-1'], group: tools });
    await is_refused('tools-1', 'node-1', 8080);
    await permit({ portRange: '8080/8080', sourceGroupId: tools });
    await passes('tools-1', 'node-1', 8080);
    await is_refused('office', 'node-1', 8080);
  },

  async authorises_a_prefix_list_and_follows_it() {
    list = (await call('createPrefixList', { prefixListName: 'resolvers', addressFamily: 'IPv4', maxEntries: 5,
      entry: [new ecs.CreatePrefixListRequestEntry({ cidr: '203.0.113.9/32' })] })).body.prefixListId;
    await permit({ ipProtocol: 'UDP', portRange: '53/53', sourcePrefixListId: list });
    await passes('internet', 'node-2', 53, { protocol: 'udp' });
    await call('modifyPrefixList', { prefixListId: list, removeEntry: [new ecs.ModifyPrefixListRequestRemoveEntry({ cidr: '203.0.113.9/32' })] });
    await is_refused('internet', 'node-2', 53, { protocol: 'udp' });
  },

  async authorises_a_hundred_permissions_at_once() {
    const before = (await rules()).length;
    await permit(...Array.from({ length: 100 }, (_, i) => ({ portRange: `${9000 + i}/${9000 + i}`, sourceCidrIp: '203.0.113.9/32' })));
    assert.strictEqual((await rules()).length, before + 100);
    for (const port of [9000, 9050, 9099])
      await passes('internet', 'node-1', port);
    await is_refused('office', 'node-1', 9000);
  },

  async modifies_a_rule() {
    const id = (await rules()).find((one) => one.sourceCidrIp === office.sourceCidrIp).securityGroupRuleId;
    await call('modifySecurityGroupRule', { securityGroupId: group, securityGroupRuleId: id, sourceCidrIp: '203.0.113.0/24' });
    await passes('internet', 'node-1', 6379);
    await is_refused('office', 'node-1', 6379);
    await call('modifySecurityGroupRule', { securityGroupId: group, securityGroupRuleId: id, policy: 'drop', priority: '2' });
    await is_refused('internet', 'node-1', 6379);
  },

  async lets_drop_win_over_accept() {
    const drop = { portRange: '80/80', sourceCidrIp: '198.51.100.0/24', policy: 'drop' };
    await passes('office', 'node-1', 80);
    await permit(drop);
    await is_refused('office', 'node-1', 80);
    await passes('internet', 'node-1', 80);
    await take_back(drop);
    await passes('office', 'node-1', 80);
  },

  async restricts_what_nodes_send_with_the_older_client() {
    const rule = { RegionId: region, SecurityGroupId: group, 'Permissions.1.IpProtocol': 'tcp', 'Permissions.1.PortRange': '443/443',
      'Permissions.1.DestCidrIp': '10.80.0.21/32', 'Permissions.1.Policy': 'drop' };
    await ask('knock', { who: 'node-1', node: 'tools-1', port: 443, wanted: false });
    await call('authorizeSecurityGroup', { securityGroupId: tools, permissions: [
      new ecs.AuthorizeSecurityGroupRequestPermissions({ ipProtocol: 'TCP', portRange: '443/443', sourceCidrIp: '10.80.0.0/24' })] });
    await passes('node-1', 'tools-1', 443);
    await rpc.request('AuthorizeSecurityGroupEgress', rule, { method: 'POST' });
    await is_refused('node-1', 'tools-1', 443);
    await rpc.request('RevokeSecurityGroupEgress', rule, { method: 'POST' });
    await passes('node-1', 'tools-1', 443);
  },

  async revokes_by_permission_and_by_rule_id() {
    const ids = (await rules()).filter((one) => one.portRange.startsWith('90')).map((one) => one.securityGroupRuleId);
    assert.strictEqual(ids.length, 100);
    await call('revokeSecurityGroup', { securityGroupId: group, securityGroupRuleId: ids });
    for (const port of [9000, 9099])
      await is_refused('internet', 'node-1', port);
    await take_back(office6, { portRange: '8080/8080', sourceGroupId: tools });
    await is_refused('office', 'node-1', 6379, { family: 6 });
    await is_refused('tools-1', 'node-1', 8080);
    await passes('internet', 'node-1', 80);
  },

  async throws_the_typed_errors_of_the_clients() {
    const error = await refused(permit({ portRange: '80', sourceCidrIp: '0.0.0.0/0' }), 'InvalidParam.PortRange', 400);
    assert.ok(error instanceof openapi.ClientError);
    assert.match(error.message, /Permissions\.1\.PortRange/);
    await refused(cluster_client.describeClusterDetail('c0'), 'ErrorClusterNotFound', 404);
    await refused(roa.request('GET', '/clusters/c0'), 'ErrorClusterNotFound');
    const old = await refused(rpc.request('DescribeSecurityGroupAttribute', { RegionId: region, SecurityGroupId: 'sg-0' }),
      'InvalidSecurityGroupId.NotFound');
    assert.strictEqual(old.name, 'InvalidSecurityGroupId.NotFoundError');
  },

  async lets_a_guard_refuse_and_a_dry_run_tell_it() {
    const ssh = (await rules()).find((one) => one.portRange === '22/22').securityGroupRuleId;
    const revoke = { RegionId: region, SecurityGroupId: group, 'SecurityGroupRuleId.1': ssh };
    const error = await refused(rpc.request('RevokeSecurityGroup', revoke, { method: 'POST' }), 'InvalidOperation.Guarded');
    // Two nodes, a finding each.
    // In the order of their ids, which are random.
    assert.match(error.message, /this: node node-([12]): .*TCP 22 .*; node node-(?!\1)[12]: .*TCP 22 .*\. Nothing was changed\./);
    await refused(rpc.request('RevokeSecurityGroup', { ...revoke, DryRun: 'true' }, { method: 'POST' }), 'InvalidOperation.Guarded');
    await refused(rpc.request('AuthorizeSecurityGroup', { RegionId: region, SecurityGroupId: group, IpProtocol: 'tcp', PortRange: '8080/8080',
      SourceCidrIp: '198.51.100.0/24', DryRun: 'true' }, { method: 'POST' }), 'DryRunOperation');
    await is_refused('office', 'node-1', 8080);
    await passes('office', 'node-1', 22);
  },

  async answers_after_the_wait_when_a_node_does_not_follow() {
    await ask('agent', { node: 'node-2', stopped: true });
    const began = process.hrtime.bigint();
    await permit(office);
    const waited_ms = Number((process.hrtime.bigint() - began) / 1000000n);
    // No upper bound: that would be one for the machine.
    assert.ok(waited_ms >= 1500, `answered after ${waited_ms} ms, though a node had not followed`);
    await passes('office', 'node-1', 6379);
    await is_refused('office', 'node-2', 6379);
    await ask('agent', { node: 'node-2', stopped: false });
    await passes('office', 'node-2', 6379);
  },

  async rebinds_the_nodes_to_a_new_group() {
    const rebound = await clients.old_cs_rpc().request('ReBindSecurityGroup', { ClusterId: cluster }, { method: 'POST' });
    assert.notStrictEqual(rebound.security_group_id, group);
    group = rebound.security_group_id;
    await is_refused('office', 'node-1', 6379);
    await passes('internet', 'node-1', 80);
    assert.strictEqual((await call('describeInstances', { securityGroupId: group })).body.totalCount, 2);
  },

  async removes_a_node_and_deletes_the_cluster() {
    await cluster_client.removeClusterNodes(cluster, new cs.RemoveClusterNodesRequest({ nodes: ['node-2'] }));
    await passes('internet', 'node-2', 6379);
    await is_refused('internet', 'node-1', 6379);
    await refused(call('deleteSecurityGroup', { securityGroupId: group }), 'InvalidOperation.DeletionProtection', 403);
    await cluster_client.deleteCluster(cluster, new cs.DeleteClusterRequest({}));
    await passes('internet', 'node-1', 6379);
    await refused(cluster_client.describeClusterDetail(cluster), 'ErrorClusterNotFound', 404);
    assert.strictEqual((await call('describeSecurityGroups', { securityGroupId: group })).body.totalCount, 0);
    await call('deletePrefixList', { prefixListId: list });
  },
};

require('./run').run(tests);
