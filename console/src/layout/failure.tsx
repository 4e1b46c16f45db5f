// SPDX-License-Identifier: Apache-2.0
import { Button, Result } from "antd";
import { useTranslation } from "react-i18next";
import { useRouteError } from "react-router-dom";

/** Where a page ends that could not be drawn or loaded, as after an update of the server. */
export default function Failure() {
  const { t } = useTranslation();
  const error = useRouteError();
  return (
    <Result
      status="error"
      title={t("failure")}
      subTitle={error instanceof Error ? error.message : String(error)}
      extra={<Button onClick={() => window.location.reload()}>{t("reload")}</Button>}
    />
  );
}
