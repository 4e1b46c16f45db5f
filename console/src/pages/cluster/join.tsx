// SPDX-License-Identifier: Apache-2.0
import { useMutation } from "@tanstack/react-query";
import { CopyOutlined } from "@ant-design/icons";
import { Alert, App, Button, Flex, Form, Modal, Select, Typography } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { Copyable } from "../../components/copyable";
import { ProblemAlert } from "../../components/problem";
import { Time } from "../../components/time";
import type { Cluster } from "../../model/cluster";

const HOUR = 3600;
const LIVES = [HOUR, 24 * HOUR, 7 * 24 * HOUR] as const;

/** Makes a token by which one machine joins, and shows the command to run there. It is shown this once. */
export function JoinCommand({ cluster, open, onClose }: { cluster: Cluster; open: boolean; onClose: () => void }) {
  const { t } = useTranslation("cluster");
  const [life, setLife] = useState<number>(HOUR);
  const token = useMutation({
    mutationFn: async () => (await api.POST("/v1/join-tokens", { body: { cluster: cluster.id, ttl_s: life } })).data,
  });
  const hours = (seconds: number) => t("join.hours", { count: seconds / HOUR });

  return (
    <Modal
      open={open}
      width={680}
      title={t("join.title", { name: cluster.name })}
      footer={<Button onClick={onClose}>{t("common:close")}</Button>}
      onCancel={onClose}
      afterClose={token.reset}
    >
      <Flex vertical gap="middle">
        <Typography.Text>{t("join.what")}</Typography.Text>
        {!token.data && (
          <Form layout="vertical" onFinish={() => token.mutate()}>
            <Form.Item label={t("join.life")} htmlFor="join-life">
              <Select id="join-life" value={life} onChange={setLife} options={LIVES.map((value) => ({ value, label: hours(value) }))} />
            </Form.Item>
            <Button type="primary" htmlType="submit" loading={token.isPending}>
              {t("join.make")}
            </Button>
          </Form>
        )}
        <ProblemAlert error={token.error} />
        {token.data && (
          <>
            <Alert type="info" showIcon title={t("join.once")} />
            <Command text={token.data.command} />
            <Labelled label={t("join.token")} text={token.data.token} />
            <Labelled label={t("join.fingerprint")} text={token.data.ca_fingerprint} />
            <Typography.Text type="secondary">
              {t("join.expires")} <Time at={token.data.expires} />
            </Typography.Text>
          </>
        )}
      </Flex>
    </Modal>
  );
}

function Command({ text }: { text: string }) {
  const { t } = useTranslation("cluster");
  const { message } = App.useApp();
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    void message.success(t("common:copied"));
  };
  return (
    <div>
      <Flex justify="space-between" align="end">
        <Typography.Text type="secondary">{t("join.command")}</Typography.Text>
        <Button type="primary" size="small" icon={<CopyOutlined />} onClick={() => void copy()}>
          {t("join.copy")}
        </Button>
      </Flex>
      <pre className="command mono" tabIndex={0}>
        {text}
      </pre>
    </div>
  );
}

function Labelled({ label, text }: { label: string; text: string }) {
  return (
    <div>
      <Typography.Text type="secondary">{label}</Typography.Text>
      <div>
        <Copyable text={text} code />
      </div>
    </div>
  );
}
