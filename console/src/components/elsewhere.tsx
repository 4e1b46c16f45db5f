// SPDX-License-Identifier: Apache-2.0
// While this controller does not serve: why, and where one goes on.
import { Alert, Flex } from "antd";
import { useTranslation } from "react-i18next";
import { useStandby } from "../api/standby";

/** The page that is shown now, at another controller; null for what is no URL of one. */
export function pageAt(controller: string, { pathname, search }: Pick<Location, "pathname" | "search">): string | null {
  if (!/^https?:\/\/[^/?#]+$/.test(controller)) return null;
  return controller + pathname + search;
}

/** Links to the same page of other controllers. */
export function Elsewhere({ controllers }: { controllers: readonly string[] }) {
  const { t } = useTranslation();
  const links = controllers.flatMap((url) => {
    const href = pageAt(url, window.location);
    return href ? [{ url, href }] : [];
  });
  if (links.length === 0) return null;
  return (
    <Flex vertical>
      {links.map(({ url, href }) => (
        <a key={url} href={href}>
          {t("elsewhere", { url })}
        </a>
      ))}
    </Flex>
  );
}

/** Above a page whose controller is gone or stands by. 'others' are controllers that may be active instead. */
export function Disconnected({ others }: { others: readonly string[] }) {
  const { t } = useTranslation();
  const standby = useStandby();
  const active = standby?.active;
  return (
    <Alert
      type="warning"
      showIcon
      banner
      title={standby ? t(active ? "standby.other" : "standby.none") : t("disconnected")}
      description={
        <>
          {standby && t("standby.stays")}
          <Elsewhere controllers={active ? [active] : others} />
        </>
      }
    />
  );
}
