// SPDX-License-Identifier: Apache-2.0
import { Button, Flex, Select } from "antd";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "../../api/client";
import { useReview } from "../../change/review";
import type { Group } from "../../model/group";
import { candidates } from "../../model/members";

/** Puts nodes of the network into a free-standing group. */
export function AddMembers({ group, nodes }: { group: Group; nodes: Schemas["Node"][] }) {
  const { t } = useTranslation("security-group");
  const [chosen, setChosen] = useState<string[]>([]);
  const review = useReview();
  const options = useMemo(
    () => candidates(group.head, nodes).map(({ id, name }) => ({ value: id, label: name })),
    [group.head, nodes],
  );

  const add = async () => {
    const made = await review({
      title: t("add-title", { count: chosen.length, name: group.name }),
      request: {
        method: "post",
        path: "/v1/security-groups/{ref}/members",
        params: { path: { ref: group.head.id } },
        body: { nodes: chosen },
      },
    });
    if (made) setChosen([]);
  };

  return (
    <Flex gap="small" wrap>
      <Select
        mode="multiple"
        aria-label={t("add-choose")}
        placeholder={options.length ? t("add-choose") : t("add-nobody")}
        disabled={options.length === 0}
        value={chosen}
        onChange={setChosen}
        options={options}
        optionFilterProp="label"
        style={{ flex: "1 1 260px", maxWidth: 480 }}
      />
      <Button type="primary" disabled={chosen.length === 0} onClick={() => void add()}>
        {t("add")}
      </Button>
    </Flex>
  );
}
