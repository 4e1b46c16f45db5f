// SPDX-License-Identifier: Apache-2.0
import { Alert, Button, Drawer, Flex } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "../../api/client";
import { useReview } from "../../change/review";
import { ForecastOf } from "../../components/forecast";
import { Loaded } from "../../components/loaded";
import type { Node } from "../../model/node";
import { useMay } from "../../session/session";
import { useNarrow } from "../../theme/theme";

/** Whether the node drops, of itself or as its cluster says, and how to change that. */
export function NodeEnforcement({ node }: { node: Node }) {
  const { t } = useTranslation("nodes");
  const review = useReview();
  const narrow = useNarrow();
  const may = useMay("operator");
  const [open, setOpen] = useState(false);
  const own = node.enforcement;
  const watches = own === "monitor" || node.state === "monitored";
  const preview = $api.useQuery(
    "get",
    "/v1/nodes/{ref}/preview",
    { params: { path: { ref: node.id } } },
    { enabled: open, staleTime: 0 },
  );

  const change = async (enforcement: "enforce" | "monitor") => {
    const made = await review({
      title: t(`enforcement.${enforcement}-title`, { name: node.name }),
      request: {
        method: "patch",
        path: "/v1/nodes/{ref}",
        params: { path: { ref: node.id } },
        body: { enforcement },
      },
    });
    if (made) setOpen(false);
  };
  return (
    <Flex gap="small" align="center" wrap>
      <span>{t(own ? `enforcement.own-${own}` : "enforcement.inherited")}</span>
      {may && (
        <Button size="small" onClick={() => (watches ? setOpen(true) : void change("monitor"))}>
          {t(watches ? "enforcement.enforce" : "enforcement.monitor")}
        </Button>
      )}
      <Drawer
        open={open}
        onClose={() => setOpen(false)}
        size={narrow ? "100%" : 720}
        title={t("enforcement.preview-title", { name: node.name })}
        destroyOnHidden
        footer={
          <Flex gap="small" justify="end">
            <Button onClick={() => setOpen(false)}>{t("common:cancel")}</Button>
            <Button type="primary" disabled={!preview.data} onClick={() => void change("enforce")}>
              {t("enforcement.go-on")}
            </Button>
          </Flex>
        }
      >
        <Loaded query={preview}>{(data) => <Preview preview={data} />}</Loaded>
      </Drawer>
    </Flex>
  );
}

function Preview({ preview }: { preview: Schemas["NodePreview"] }) {
  return (
    <Flex vertical gap="middle">
      {preview.guards.map(({ id, detail, warning }) => (
        <Alert key={id} type={warning ? "warning" : "error"} showIcon title={detail} />
      ))}
      <ForecastOf node={preview} />
    </Flex>
  );
}
