// SPDX-License-Identifier: Apache-2.0
// Before and after: how much is open, to anybody and to the internet.
import { Flex, Table, Tag, Tooltip } from "antd";
import { useTranslation } from "react-i18next";
import { serviceText } from "../../change/traffic";
import { useNarrow } from "../../theme/theme";
import type { Exposure, Plan } from "./options";
import { barLength, magnitudeText, type Stage, stagesOf } from "./scale";

const WIDTH = 160;
const HEIGHT = 12;

export function ExposurePicture({ plan }: { plan: Plan }) {
  const { t } = useTranslation("tighten");
  const narrow = useNarrow();
  const stages = stagesOf(plan);
  const first = stages[0]?.exposure;
  if (!first) return null;

  return (
    <Table<Stage>
      size="small"
      rowKey="name"
      dataSource={stages}
      pagination={false}
      scroll={narrow ? { x: "max-content" } : undefined}
      caption={<span className="tighten-caption">{t("exposure-meaning")}</span>}
      columns={[
        {
          title: t("when"),
          render: (_, { name }) => <strong>{name === "now" ? t("now") : t("after", { step: t(`steps.${name}`) })}</strong>,
        },
        { title: "IPv4", render: (_, { exposure }) => <Bar value={exposure.ipv4} largest={first.ipv4} /> },
        { title: "IPv6", render: (_, { exposure }) => <Bar value={exposure.ipv6} largest={first.ipv6} /> },
        { title: t("to-internet"), render: (_, { exposure }) => <Services exposure={exposure} /> },
      ]}
    />
  );
}

/** A bar by orders of magnitude, with its number. */
function Bar({ value, largest }: { value: number; largest: number }) {
  const { i18n } = useTranslation();
  return (
    <Flex vertical gap={2}>
      <svg width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden className="tighten-bar">
        <rect className="track" width={WIDTH} height={HEIGHT} rx={3} />
        <rect className="open" width={WIDTH * barLength(value, largest)} height={HEIGHT} rx={3} />
      </svg>
      <span className="mono">{magnitudeText(value, i18n.language)}</span>
    </Flex>
  );
}

function Services({ exposure }: { exposure: Exposure }) {
  const { t } = useTranslation("tighten");
  if (exposure.to_internet.length === 0) return <span>{t("none")}</span>;
  return (
    <Flex gap={4} wrap style={{ minWidth: 180 }}>
      {exposure.to_internet.map(({ protocol, ports, service, ipv4, ipv6 }) => {
        const text = serviceText(protocol, [ports]);
        const families = ipv4 && ipv6 ? "IPv4, IPv6" : ipv4 ? "IPv4" : "IPv6";
        return (
          <Tooltip key={`${protocol} ${ports}`} title={families}>
            <Tag tabIndex={0} color={protocol === "all" ? "error" : undefined}>
              {protocol === "all" ? t("everything") : text}
              {service ? ` (${service})` : ""}
            </Tag>
          </Tooltip>
        );
      })}
    </Flex>
  );
}
