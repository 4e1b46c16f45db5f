// SPDX-License-Identifier: Apache-2.0
import { Button, Flex } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useReview } from "../../change/review";
import type { Cluster } from "../../model/cluster";
import { useMay } from "../../session/session";
import { EnforcePreview } from "./enforce-preview";

/** Whether the cluster's rules drop or only count, and how to change that. */
export function Enforcement({ cluster }: { cluster: Cluster }) {
  const { t } = useTranslation("cluster");
  const review = useReview();
  const [open, setOpen] = useState(false);
  const may = useMay("operator");
  const monitored = cluster.enforcement === "monitor";

  const change = async (enforcement: Cluster["enforcement"]) => {
    const made = await review({
      title: t(`enforcement.${enforcement}-title`, { name: cluster.name }),
      request: {
        method: "patch",
        path: "/v1/clusters/{ref}",
        params: { path: { ref: cluster.id } },
        body: { enforcement },
      },
    });
    if (made) setOpen(false);
  };

  return (
    <Flex gap="small" align="center" wrap>
      <span>{t(`enforcement.is-${cluster.enforcement}`)}</span>
      {may && (
        <Button size="small" onClick={() => (monitored ? setOpen(true) : void change("monitor"))}>
          {t(monitored ? "enforcement.enforce" : "enforcement.monitor")}
        </Button>
      )}
      <EnforcePreview
        cluster={cluster}
        open={open}
        onClose={() => setOpen(false)}
        onEnforce={() => void change("enforce")}
      />
    </Flex>
  );
}
