// SPDX-License-Identifier: Apache-2.0
import { Button, Empty, Flex } from "antd";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { Loaded } from "../../components/loaded";
import type { Group } from "../../model/group";
import { HistoryEntry } from "./history-entry";

const PAGE = 20;

/** The group's change log, newest first. A search ends early in a long log: then "older" goes on. */
function useHistory(group: string) {
  return useInfiniteQuery({
    queryKey: ["get", "/v1/log", { object: group }],
    queryFn: async ({ pageParam }) => {
      const query = { object: group, limit: PAGE, ...(pageParam ? { after: pageParam } : {}) };
      return (await api.GET("/v1/log", { params: { query } })).data!;
    },
    initialPageParam: "",
    getNextPageParam: ({ next }) => next ?? undefined,
  });
}

export function History({ group }: { group: Group }) {
  const { t } = useTranslation("security-group");
  const history = useHistory(group.head.id);
  const older = history.hasNextPage && (
    <Button
      loading={history.isFetchingNextPage}
      onClick={() => void history.fetchNextPage()}
      style={{ alignSelf: "start" }}
    >
      {t("older")}
    </Button>
  );

  return (
    <Loaded query={history}>
      {({ pages }) => {
        const items = pages.flatMap((page) => page.items);
        return (
          <Flex vertical gap="middle">
            {items.length === 0 ? (
              <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t(older ? "no-history-here" : "no-history")} />
            ) : (
              <ol className="plain-rows">
                {items.map((item, index) => (
                  <li key={item.sequence}>
                    <HistoryEntry group={group} item={item} isNewest={index === 0} />
                  </li>
                ))}
              </ol>
            )}
            {older}
          </Flex>
        );
      }}
    </Loaded>
  );
}
