// SPDX-License-Identifier: Apache-2.0
import { Button, Drawer, Flex } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router-dom";
import { $api } from "../../api/client";
import { useReview } from "../../change/review";
import { useAddressChange } from "../../components/address";
import { Loaded } from "../../components/loaded";
import type { Node } from "../../model/node";
import { useMay } from "../../session/session";
import { useNarrow } from "../../theme/theme";
import { COUNTERS_MS } from "./data";
import { NodeDetail } from "./detail";
import { NodeForm } from "./form";

/** One node, beside the list it was chosen in; the address says which ("node"). */
export function NodeDrawer() {
  const { t } = useTranslation("nodes");
  const narrow = useNarrow();
  const [params] = useSearchParams();
  const change = useAddressChange();
  const ref = params.get("node") ?? "";
  const node = $api.useQuery(
    "get",
    "/v1/nodes/{ref}",
    { params: { path: { ref } } },
    { enabled: ref !== "", refetchInterval: COUNTERS_MS },
  );
  const close = () => change({ node: undefined });
  return (
    <Drawer
      open={ref !== ""}
      onClose={close}
      size={narrow ? "100%" : 720}
      title={node.data?.name ?? t("node")}
      destroyOnHidden
      footer={node.data && <Actions node={node.data} onDeleted={close} />}
    >
      <Loaded query={node}>{(data) => <NodeDetail node={data} />}</Loaded>
    </Drawer>
  );
}

function Actions({ node, onDeleted }: { node: Node; onDeleted: () => void }) {
  const { t } = useTranslation("nodes");
  const review = useReview();
  const [editing, setEditing] = useState(false);
  if (!useMay("operator")) return null;
  const remove = async () => {
    const made = await review({
      title: t("delete.title", { name: node.name }),
      destructive: t("delete.button"),
      request: { method: "delete", path: "/v1/nodes/{ref}", params: { path: { ref: node.id } } },
    });
    if (made) onDeleted();
  };
  return (
    <Flex gap="small" justify="end">
      <Button danger onClick={() => void remove()}>
        {t("delete.button")}
      </Button>
      <Button onClick={() => setEditing(true)}>{t("edit")}</Button>
      <NodeForm node={node} open={editing} onClose={() => setEditing(false)} />
    </Flex>
  );
}
