// SPDX-License-Identifier: Apache-2.0
// What has to hold whatever the rules say: whether it does, and a packet that shows where it does not.
import { PlusOutlined } from "@ant-design/icons";
import { Button, Empty, Flex, Select, Typography } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router-dom";
import { $api } from "../../api/client";
import { useCollection } from "../../api/collect";
import { Loaded } from "../../components/loaded";
import { Page } from "../../components/page";
import { useMay } from "../../session/session";
import { CreatePromise } from "./create";
import { PromiseList } from "./list";
import { inOrder } from "./sentence";

export default function Promises() {
  const { t } = useTranslation("promises");
  const operator = useMay("operator");
  const [params, setParams] = useSearchParams();
  const [creating, setCreating] = useState(false);
  const network = params.get("network") ?? undefined;
  const networks = useCollection("/v1/networks");
  const promises = $api.useQuery("get", "/v1/promises/check", { params: { query: { network } } });

  return (
    <Page
      title={t("title")}
      actions={
        operator && (
          <Button type="primary" icon={<PlusOutlined />} onClick={() => setCreating(true)}>
            {t("create")}
          </Button>
        )
      }
    >
      <Typography.Paragraph type="secondary" style={{ margin: 0 }}>
        {t("meaning")}
      </Typography.Paragraph>
      {(networks.data?.length ?? 0) > 1 && (
        <Select
          allowClear
          showSearch={{ optionFilterProp: "label" }}
          aria-label={t("network")}
          placeholder={t("all-networks")}
          value={networks.data?.find(({ id, name }) => id === network || name === network)?.name ?? network}
          onChange={(next?: string) => setParams(next ? { network: next } : {}, { replace: true })}
          options={networks.data?.map(({ name }) => ({ value: name, label: name }))}
          style={{ maxWidth: 260 }}
        />
      )}
      <Loaded query={promises}>
        {(data) =>
          data.promises.length ? (
            <Flex vertical gap="small">
              <Typography.Text strong={data.broken > 0}>
                {data.broken > 0
                  ? t("broken-count", { count: data.broken, all: data.promises.length })
                  : t("none-broken", { count: data.promises.length })}
              </Typography.Text>
              <PromiseList items={inOrder(data.promises)} />
            </Flex>
          ) : (
            <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("none")} />
          )
        }
      </Loaded>
      <CreatePromise open={creating} onClose={() => setCreating(false)} />
    </Page>
  );
}
