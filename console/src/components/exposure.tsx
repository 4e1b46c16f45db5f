// SPDX-License-Identifier: Apache-2.0
import { GlobalOutlined, SafetyOutlined, WarningFilled } from "@ant-design/icons";
import { Flex, Tooltip, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { exposureOf, type OpenService } from "../model/exposure";

/** Services that are named before the rest is counted. */
const NAMED = 8;

/** What the internet can reach: "22, 80, 443". */
export function ExposureText({ open }: { open: OpenService[] }) {
  const { t } = useTranslation();
  const { everything, services, ping } = exposureOf(open);

  if (everything)
    return (
      <Typography.Text type="danger" strong>
        <WarningFilled /> {t("exposure.everything")}
      </Typography.Text>
    );
  if (services.length === 0 && !ping)
    return (
      <Typography.Text type="secondary">
        <SafetyOutlined /> {t("exposure.nothing")}
      </Typography.Text>
    );
  const shown = services.slice(0, NAMED);
  const rest = services.length - shown.length;
  return (
    <Tooltip title={rest > 0 ? services.join(", ") : undefined}>
      <Flex component="span" gap={6} align="baseline" tabIndex={rest > 0 ? 0 : undefined}>
        <GlobalOutlined aria-hidden />
        <span className="tabular" style={shown.length > 3 ? { minWidth: 96 } : { whiteSpace: "nowrap" }}>
          {shown.join(", ")}
          {rest > 0 && ` ${t("exposure.more", { count: rest })}`}
        </span>
        {ping && (
          <Typography.Text type="secondary" style={{ whiteSpace: "nowrap" }}>
            {t("exposure.ping")}
          </Typography.Text>
        )}
      </Flex>
    </Tooltip>
  );
}
