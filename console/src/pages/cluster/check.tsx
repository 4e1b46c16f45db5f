// SPDX-License-Identifier: Apache-2.0
import { CheckCircleOutlined } from "@ant-design/icons";
import { Alert, Button, Checkbox, Flex, Modal, Typography } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import { $api, type Schemas } from "../../api/client";
import { useReview } from "../../change/review";
import { Loaded } from "../../components/loaded";
import { groupLink, tightenLink } from "../../components/links";
import { type Severity, SeverityTag } from "../../components/marks";
import { type Column, Rows } from "../../components/rows";
import type { Cluster } from "../../model/cluster";
import { pages } from "../index";
import { useMay } from "../../session/session";

type Finding = Schemas["Audit"]["findings"][number];

/** What is risky or missing in the cluster's rules, and the ways to mend it. */
export function Check({ cluster }: { cluster: Cluster }) {
  const { t } = useTranslation("cluster");
  const check = $api.useQuery("get", "/v1/clusters/{ref}/check", { params: { path: { ref: cluster.id } } });
  return (
    <Flex vertical gap="middle">
      <Typography.Text type="secondary">{t("check.what")}</Typography.Text>
      <Mending cluster={cluster} />
      <Loaded query={check}>{({ findings }) => <Findings findings={findings} />}</Loaded>
    </Flex>
  );
}

function Mending({ cluster }: { cluster: Cluster }) {
  const { t } = useTranslation("cluster");
  const review = useReview();
  const [rebinding, setRebinding] = useState(false);
  const may = useMay("operator");
  const hasTighten = pages.some(({ path }) => path === "/clusters/:ref/tighten");

  const fix = () =>
    review({
      title: t("check.fix-title", { name: cluster.name }),
      request: { method: "post", path: "/v1/clusters/{ref}/fix", params: { path: { ref: cluster.id } } },
    });
  return (
    <Flex gap="small" wrap>
      {may && (
        <>
          <Button type="primary" onClick={() => void fix()}>
            {t("check.fix")}
          </Button>
          <Button onClick={() => setRebinding(true)}>{t("check.rebind")}</Button>
        </>
      )}
      {hasTighten && (
        <Link to={tightenLink(cluster.id)}>
          <Button tabIndex={-1}>{t("check.tighten")}</Button>
        </Link>
      )}
      <Rebind cluster={cluster} open={rebinding} onClose={() => setRebinding(false)} />
    </Flex>
  );
}

/** Asks how the new group shall be born, then reviews the change. */
function Rebind({ cluster, open, onClose }: { cluster: Cluster; open: boolean; onClose: () => void }) {
  const { t } = useTranslation("cluster");
  const review = useReview();
  const [web, setWeb] = useState(true);
  const [ipv6, setIpv6] = useState(false);

  const goOn = () => {
    onClose();
    void review({
      title: t("check.rebind-title", { name: cluster.name }),
      destructive: t("check.rebind"),
      request: {
        method: "post",
        path: "/v1/clusters/{ref}/rebind",
        params: { path: { ref: cluster.id }, query: { no_web: !web, ipv6 } },
      },
    });
  };
  return (
    <Modal
      open={open}
      title={t("check.rebind-title", { name: cluster.name })}
      okText={t("check.go-on")}
      cancelText={t("common:cancel")}
      onOk={goOn}
      onCancel={onClose}
    >
      <Flex vertical gap="middle">
        <Alert type="warning" showIcon title={t("check.rebind-what", { count: cluster.rule_count })} />
        <Checkbox checked={web} onChange={({ target }) => setWeb(target.checked)}>
          {t("check.web")}
        </Checkbox>
        <Checkbox checked={ipv6} onChange={({ target }) => setIpv6(target.checked)}>
          {t("check.ipv6")}
        </Checkbox>
      </Flex>
    </Modal>
  );
}

function Findings({ findings }: { findings: Finding[] }) {
  const { t } = useTranslation("cluster");
  const columns: Column<Finding>[] = [
    { key: "severity", title: t("check.severity"), card: "head", render: ({ severity }) => <SeverityTag severity={severity as Severity} /> },
    {
      key: "title",
      title: t("check.finding"),
      render: ({ title, detail, default: isDefault }) => (
        <Flex vertical>
          <Typography.Text strong>{title}</Typography.Text>
          <Typography.Text type="secondary">
            {detail}
            {isDefault && ` · ${t("check.by-default")}`}
          </Typography.Text>
        </Flex>
      ),
    },
    {
      key: "mend",
      title: t("check.mend"),
      render: ({ reason, mend }) => (
        <div style={{ maxWidth: 480 }}>
          {reason} {mend}
        </div>
      ),
    },
    {
      key: "rules",
      title: t("check.rules"),
      render: ({ rules, group }) =>
        rules.length > 0 && <Link to={`${groupLink(group)}/rules`}>{t("rule-count", { count: rules.length })}</Link>,
    },
  ];
  return (
    <Rows
      rows={findings}
      rowKey={({ check }) => check}
      columns={columns}
      label={t("tabs.check")}
      empty={
        <Typography.Text type="success">
          <CheckCircleOutlined /> {t("check.none")}
        </Typography.Text>
      }
    />
  );
}
