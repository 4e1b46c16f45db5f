// SPDX-License-Identifier: Apache-2.0
import { Result } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";

export default function NotFound() {
  const { t } = useTranslation();
  return <Result status="info" title={t("not-found")} extra={<Link to="/clusters">{t("to-clusters")}</Link>} />;
}
