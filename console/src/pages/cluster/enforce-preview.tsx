// SPDX-License-Identifier: Apache-2.0
import { Alert, Button, Collapse, Drawer, Flex } from "antd";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "../../api/client";
import { EmptyState } from "../../components/empty";
import { ForecastOf } from "../../components/forecast";
import { Loaded } from "../../components/loaded";
import { cutOf } from "../../model/forecast";
import type { Cluster } from "../../model/cluster";
import { useNarrow } from "../../theme/theme";

type Props = { cluster: Cluster; open: boolean; onClose: () => void; onEnforce: () => void };

/** Before anything is dropped: what enforcing would cut on each node, as its agent saw it. */
export function EnforcePreview({ cluster, open, onClose, onEnforce }: Props) {
  const { t } = useTranslation("cluster");
  const narrow = useNarrow();
  const preview = $api.useQuery(
    "get",
    "/v1/clusters/{ref}/preview",
    { params: { path: { ref: cluster.id } } },
    { enabled: open, staleTime: 0 },
  );
  return (
    <Drawer
      open={open}
      onClose={onClose}
      size={narrow ? "100%" : 760}
      title={t("enforcement.preview-title", { name: cluster.name })}
      destroyOnHidden
      footer={
        <Flex gap="small" justify="end">
          <Button onClick={onClose}>{t("common:cancel")}</Button>
          <Button type="primary" disabled={!preview.data} onClick={onEnforce}>
            {t("enforcement.go-on")}
          </Button>
        </Flex>
      }
    >
      <Loaded query={preview}>{(data) => <Preview preview={data} />}</Loaded>
    </Drawer>
  );
}

function Preview({ preview }: { preview: Schemas["ClusterPreview"] }) {
  const { t } = useTranslation("cluster");
  const cuts = preview.nodes.map(cutOf);
  const connections = cuts.reduce((sum, { connections }) => sum + connections, 0);
  const closed = cuts.reduce((sum, { listeners }) => sum + listeners, 0);
  if (preview.nodes.length === 0) return <EmptyState text={t("enforcement.no-nodes")} />;
  return (
    <Flex vertical gap="middle">
      <Alert
        type={connections + closed > 0 ? "warning" : "success"}
        showIcon
        title={t("enforcement.cut", { count: connections })}
        description={t("enforcement.closed", { count: closed })}
      />
      {preview.guards.map(({ id, node, detail, warning }) => (
        <Alert key={`${id} ${node}`} type={warning ? "warning" : "error"} showIcon title={detail} />
      ))}
      {preview.stay_monitored.length > 0 && (
        <Alert
          type="info"
          showIcon
          title={t("enforcement.stay", { names: preview.stay_monitored.join(", ") })}
        />
      )}
      <Collapse
        defaultActiveKey={preview.nodes.length <= 3 ? preview.nodes.map(({ id }) => id) : []}
        items={preview.nodes.map((node) => ({
          key: node.id,
          label: `${node.name} · ${t("enforcement.cut", { count: cutOf(node).connections })}`,
          children: <ForecastOf node={node} />,
        }))}
      />
    </Flex>
  );
}
