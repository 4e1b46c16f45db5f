// SPDX-License-Identifier: Apache-2.0
// Zones, what they reach, and clusters, as a picture with a table beside it.  Everything in it can be reached by
// Tab and opened by Enter.
import {
  Controls,
  type Edge as FlowEdge,
  Handle,
  type Node as FlowNode,
  type NodeProps,
  Position,
  ReactFlow,
} from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { Flex, Typography } from "antd";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router-dom";
import { clusterLink } from "../../components/links";
import { useNarrow, useScheme } from "../../theme/theme";
import { EdgeTable } from "./edge-table";
import { type Graph, graphOf, layOut } from "./graph";
import { isInternet, type OwnGroups, type Row, serviceQuery, type Zone } from "./matrix";
import { type Selection, useAddress } from "./use-reach";
import { useZoneName, ZoneIcon } from "./zone";

type Box = FlowNode<{ text: string; kind: "zone" | "bundle" | "cluster"; zone?: string }>;

/** The question behind an edge: all services of the bundle, or of what was merged into too many, everything. */
export function selectionOf({ zone, bundle }: Graph["edges"][number]): Selection {
  const services = bundle.rows.map(serviceQuery).filter((service) => service !== undefined);
  const few = services.length === bundle.rows.length && services.length <= 12;
  return { from: zone, to: bundle.cluster, services: few ? services : [] };
}

export default function Picture({ rows, zones, own }: { rows: Row[]; zones: Zone[]; own: OwnGroups }) {
  const { t } = useTranslation("reach");
  const { scheme } = useScheme();
  const narrow = useNarrow();
  const { filter, select, selection } = useAddress();
  const navigate = useNavigate();
  const zoneName = useZoneName();
  const graph = useMemo(() => graphOf(rows, zones, filter, own), [rows, zones, filter, own]);
  const nodes = useMemo(() => boxesOf(graph, zoneName), [graph, zoneName]);
  const edges = useMemo(
    () => linesOf(graph, selection, zoneName, (edge) => t(`extent.${edge.extent}`)),
    [graph, selection, zoneName, t],
  );

  const open = (id: string) => {
    const edge = graph.edges.find((one) => one.id === id);
    if (edge) select(selectionOf(edge));
  };

  return (
    <Flex vertical gap="middle">
      <div className="reach-picture">
        <ReactFlow
          // What is drawn, and on what: another picture is fitted anew.
          key={`${narrow} ${nodes.map(({ id }) => id).join()}`}
          colorMode={scheme}
          nodes={nodes}
          edges={edges}
          nodeTypes={types}
          nodesDraggable={false}
          nodesConnectable={false}
          edgesFocusable
          fitView
          fitViewOptions={{ maxZoom: 1, padding: 0.05 }}
          minZoom={0.1}
          preventScrolling={false}
          zoomOnScroll={false}
          proOptions={{ hideAttribution: true }}
          aria-label={t("picture")}
          onEdgeClick={(_, edge) => open(edge.id)}
          onEdgesChange={(changes) => {
            // By the keyboard an edge is only ever selected.
            for (const change of changes) if (change.type === "select" && change.selected) open(change.id);
          }}
          onNodesChange={(changes) => {
            for (const change of changes)
              if (change.type === "select" && change.selected && change.id.startsWith("cluster "))
                void navigate(clusterLink(change.id.slice("cluster ".length)));
          }}
        >
          <Controls showInteractive={false} />
        </ReactFlow>
      </div>
      <Typography.Text type="secondary">{t("legend")}</Typography.Text>
      <EdgeTable graph={graph} onOpen={(edge) => select(selectionOf(edge))} />
    </Flex>
  );
}

function BoxNode({ data }: NodeProps<Box>) {
  const tone = data.zone && isInternet(data.zone) ? "internet" : data.kind;
  return (
    <div className={`reach-box ${tone}`}>
      {data.kind !== "zone" && <Handle type="target" position={Position.Left} isConnectable={false} />}
      {data.zone && <ZoneIcon zone={data.zone} />}
      <span>{data.text}</span>
      {data.kind !== "cluster" && <Handle type="source" position={Position.Right} isConnectable={false} />}
    </div>
  );
}

const types = { box: BoxNode };

function boxesOf(graph: Graph, zoneName: (zone: Zone) => string): Box[] {
  const places = layOut(graph);
  const box = (id: string, data: Box["data"]): Box => {
    const { x, y, width, height } = places.get(id)!;
    return { id, type: "box", position: { x, y }, width, height, data, ariaLabel: data.text };
  };
  return [
    ...graph.zones.map((zone) => box(zone.id, { kind: "zone", zone: zone.id, text: zoneName(zone) })),
    ...graph.bundles.map(({ id, text }) => box(id, { kind: "bundle", text })),
    ...graph.clusters.map((name) => box(`cluster ${name}`, { kind: "cluster", text: name })),
  ];
}

function linesOf(
  graph: Graph,
  selection: Selection | null,
  zoneName: (zone: Zone) => string,
  word: (edge: Graph["edges"][number]) => string,
): FlowEdge[] {
  const names = new Map(graph.zones.map((zone) => [zone.id, zoneName(zone)]));
  const reaching = graph.edges.map((edge): FlowEdge => {
    const services = selectionOf(edge).services.join();
    return {
      id: edge.id,
      source: edge.zone,
      target: edge.bundle.id,
      ariaLabel: `${names.get(edge.zone)} → ${edge.bundle.cluster}, ${edge.bundle.text}: ${word(edge)}`,
      interactionWidth: 16,
      selected:
        selection !== null &&
        selection.from === edge.zone &&
        selection.to === edge.bundle.cluster &&
        selection.services.join() === services,
      style: {
        stroke: isInternet(edge.zone) ? "var(--ant-color-warning)" : "var(--ant-color-text-quaternary)",
        strokeWidth: 1.5,
        strokeDasharray: edge.extent === "some" ? "5 4" : undefined,
      },
    };
  });
  const belonging = graph.bundles.map(
    ({ id, cluster }): FlowEdge => ({
      id: `of ${id}`,
      source: id,
      target: `cluster ${cluster}`,
      focusable: false,
      selectable: false,
      style: { stroke: "var(--ant-color-border)" },
    }),
  );
  return [...reaching, ...belonging];
}
