// SPDX-License-Identifier: Apache-2.0
import { CheckCircleFilled, QuestionCircleOutlined, WarningFilled } from "@ant-design/icons";
import { Flex, Tag, Tooltip } from "antd";
import { useTranslation } from "react-i18next";
import { enforcedInterfaces, isWhole, type Node } from "../../model/node";

/** Interfaces with the hooks at which their packets are judged; "shared" and "lost" stand out. */
export function Hooks({ node }: { node: Node }) {
  const { t } = useTranslation("nodes");
  if (!node.state) return <>{node.interfaces.map(({ name }) => name).join(", ")}</>;
  return (
    <Flex gap={4} wrap>
      {enforcedInterfaces(node).map(({ name, hooks }) => {
        const whole = isWhole(hooks);
        // What an offline node reported last is no promise that it is so.
        const sure = node.state !== "offline" && hooks.length > 0;
        const text = hooks
          .map(({ hook, device, state, detail }) =>
            [hook, device === name ? "" : device, t(`hook-states.${state}`, { defaultValue: state }), detail]
              .filter(Boolean)
              .join(" · "),
          )
          .join("\n");
        return (
          <Tooltip key={name} title={<span style={{ whiteSpace: "pre-line" }}>{text || t("no-hook")}</span>}>
            <Tag
              tabIndex={0}
              color={!sure ? "default" : whole ? "success" : "warning"}
              icon={!sure ? <QuestionCircleOutlined /> : whole ? <CheckCircleFilled /> : <WarningFilled />}
            >
              {name} · {hooks[0]?.hook ?? t("no-hook-short")}
              {!whole && hooks.length > 0 && ` · ${t(`hook-states.${worst(hooks)}`, { defaultValue: worst(hooks) })}`}
            </Tag>
          </Tooltip>
        );
      })}
    </Flex>
  );
}

const worst = (hooks: { state: string }[]) => hooks.find(({ state }) => state !== "enforced")?.state ?? "enforced";
