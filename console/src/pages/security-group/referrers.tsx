// SPDX-License-Identifier: Apache-2.0
import { Typography } from "antd";
import { useTranslation } from "react-i18next";
import { $api } from "../../api/client";
import { Loaded } from "../../components/loaded";
import { Referrers } from "../../components/referrers";
import type { Group } from "../../model/group";

/** Rules of other groups, load balancers and promises that name the group. Members have a tab of their own. */
export function GroupReferrers({ group }: { group: Group }) {
  const { t } = useTranslation("security-group");
  const query = $api.useQuery("get", "/v1/security-groups/{ref}/referrers", {
    params: { path: { ref: group.head.id } },
  });
  return (
    <>
      <Typography.Text type="secondary">{t("referrers-hint")}</Typography.Text>
      <Loaded query={query}>
        {({ items, complete }) => (
          <Referrers
            referrers={{ items: items.filter(({ kind }) => kind !== "node"), complete }}
            empty={t("no-referrers")}
          />
        )}
      </Loaded>
    </>
  );
}
