// SPDX-License-Identifier: Apache-2.0
import { MinusOutlined, PlusOutlined } from "@ant-design/icons";
import { Flex, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Time } from "../../components/time";
import type { Step } from "./options";
import { Refusals } from "./refusals";

type Added = Step["add"][number];

/** What a step adds, each with its reason, what it revokes, and which flows it would refuse. */
export function StepDetail({ step }: { step: Step }) {
  const { t } = useTranslation("tighten");
  return (
    <Flex vertical gap="small">
      <ul className="plain-rows">
        {step.add.map((added) => (
          <li key={added.text} className="tighten-rule">
            <PlusOutlined aria-label={t("add")} className="tighten-good" />
            <div>
              <code className="mono">{added.text}</code>
              <Why added={added} />
            </div>
          </li>
        ))}
        {step.revoke.map(({ text }) => (
          <li key={text} className="tighten-rule">
            <MinusOutlined aria-label={t("revoke")} className="tighten-missing" />
            <div>
              <code className="mono">{text}</code>
            </div>
          </li>
        ))}
      </ul>
      {step.refused > 0 && (
        <>
          <Typography.Text strong>{t("would-refuse", { count: step.refused })}</Typography.Text>
          <Refusals items={step.refusals} />
        </>
      )}
    </Flex>
  );
}

function Why({ added }: { added: Added }) {
  const { t } = useTranslation("tighten");
  return (
    <Typography.Text type="secondary" style={{ display: "block" }}>
      {t(`reason.${added.reason}`)}
      {added.process && added.name ? ` ${t("listens", { process: added.process, node: added.name })}` : ""}
      {added.flows && added.clients ? ` ${t("flows-of", { flows: added.flows, count: added.clients })}` : ""}
      {added.last_client && added.last && (
        <>
          {" "}
          {t("last-of", { client: added.last_client })} <Time at={added.last} />
        </>
      )}
    </Typography.Text>
  );
}
