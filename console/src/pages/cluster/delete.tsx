// SPDX-License-Identifier: Apache-2.0
import { Alert, Checkbox, Flex, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useReview } from "../../change/review";
import type { Cluster } from "../../model/cluster";

type Props = { cluster: Cluster; open: boolean; onClose: () => void; onDone: () => void };

/** Names what goes with the cluster before the change itself is reviewed. */
export function DeleteCluster({ cluster, open, onClose, onDone }: Props) {
  const { t } = useTranslation("cluster");
  const review = useReview();
  const [withNodes, setWithNodes] = useState(false);
  const { total } = cluster.nodes;

  const goOn = async () => {
    onClose();
    const made = await review({
      title: t("delete.title", { name: cluster.name }),
      destructive: t("delete.button"),
      request: {
        method: "delete",
        path: "/v1/clusters/{ref}",
        params: { path: { ref: cluster.id }, query: { with_nodes: total > 0 } },
      },
    });
    if (made) onDone();
  };

  return (
    <Modal
      open={open}
      title={t("delete.title", { name: cluster.name })}
      okText={t("delete.go-on")}
      cancelText={t("common:cancel")}
      okButtonProps={{ danger: true, disabled: total > 0 && !withNodes }}
      onOk={() => void goOn()}
      onCancel={onClose}
      afterClose={() => setWithNodes(false)}
    >
      <Flex vertical gap="middle">
        <Alert
          type="warning"
          showIcon
          title={t("delete.rules", { count: cluster.rule_count })}
          description={t("delete.nodes", { count: total })}
        />
        {total > 0 && (
          <Checkbox checked={withNodes} onChange={({ target }) => setWithNodes(target.checked)}>
            {t("delete.with-nodes", { count: total })}
          </Checkbox>
        )}
      </Flex>
    </Modal>
  );
}
