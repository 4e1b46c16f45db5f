// SPDX-License-Identifier: Apache-2.0
// Common services, as the form offers them.

export type Preset = { key: string; protocol: string; ports: string[] };

export const presets: Preset[] = [
  { key: "SSH", protocol: "tcp", ports: ["22"] },
  { key: "HTTP", protocol: "tcp", ports: ["80"] },
  { key: "HTTPS", protocol: "tcp", ports: ["443"] },
  { key: "HTTP + HTTPS", protocol: "tcp", ports: ["80", "443"] },
  { key: "RDP", protocol: "tcp", ports: ["3389"] },
  { key: "DNS (UDP)", protocol: "udp", ports: ["53"] },
  { key: "DNS (TCP)", protocol: "tcp", ports: ["53"] },
  { key: "NTP", protocol: "udp", ports: ["123"] },
  { key: "MySQL", protocol: "tcp", ports: ["3306"] },
  { key: "PostgreSQL", protocol: "tcp", ports: ["5432"] },
  { key: "SQL Server", protocol: "tcp", ports: ["1433"] },
  { key: "Redis", protocol: "tcp", ports: ["6379"] },
  { key: "MongoDB", protocol: "tcp", ports: ["27017"] },
  { key: "Kubernetes API", protocol: "tcp", ports: ["6443"] },
  { key: "Kubernetes NodePort", protocol: "tcp", ports: ["30000-32767"] },
  { key: "kubelet", protocol: "tcp", ports: ["10250"] },
  { key: "etcd", protocol: "tcp", ports: ["2379-2380"] },
  { key: "Docker Swarm", protocol: "tcp", ports: ["2377", "7946"] },
  { key: "VXLAN", protocol: "udp", ports: ["4789", "8472"] },
  { key: "WireGuard", protocol: "udp", ports: ["51820"] },
  { key: "ICMP", protocol: "icmp", ports: [] },
  { key: "ICMPv6", protocol: "icmpv6", ports: [] },
];

/** The preset that says this, so that the form can name it. */
export function presetOf(protocol: string, ports: readonly string[]): string | undefined {
  const wanted = [...ports].sort().join();
  return presets.find((preset) => preset.protocol === protocol && [...preset.ports].sort().join() === wanted)?.key;
}
