// SPDX-License-Identifier: Apache-2.0
import { Table } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import { useCollection } from "../../api/collect";
import { Loaded } from "../../components/loaded";
import { Page } from "../../components/page";

export default function Clusters() {
  const { t } = useTranslation("clusters");
  const clusters = useCollection("/v1/clusters");
  return (
    <Page title={t("title")}>
      <Loaded query={clusters}>
        {(items) => (
          <Table
            rowKey="id"
            dataSource={items}
            columns={[
              { title: t("name"), dataIndex: "name", render: (name: string, { id }) => <Link to={`/clusters/${id}`}>{name}</Link> },
              { title: t("type"), dataIndex: "type" },
            ]}
          />
        )}
      </Loaded>
    </Page>
  );
}
