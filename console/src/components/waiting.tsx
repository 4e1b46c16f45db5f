// SPDX-License-Identifier: Apache-2.0
import { Flex, Spin } from "antd";
import { useTranslation } from "react-i18next";

/** While a page or its data is on its way. */
export function Waiting() {
  const { t } = useTranslation();
  return (
    <Flex justify="center" align="center" style={{ minHeight: 240 }} role="status" aria-label={t("loading")}>
      <Spin delay={150} />
    </Flex>
  );
}
