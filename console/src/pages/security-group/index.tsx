// SPDX-License-Identifier: Apache-2.0
import { useParams, useSearchParams } from "react-router-dom";
import { GROUP_TABS, GroupFrame, type GroupTab } from "../../components/group-frame";
import { Loaded } from "../../components/loaded";
import { useGroup, type Group } from "../../model/group";
import { Facts } from "./facts";
import { GroupActions } from "./actions";
import { History } from "./history";
import { Members } from "./members";
import { GroupReferrers } from "./referrers";

const contents: Record<Exclude<GroupTab, "rules">, React.ComponentType<{ group: Group }>> = {
  facts: Facts,
  members: Members,
  referrers: GroupReferrers,
  history: History,
};

export default function SecurityGroup() {
  const { ref = "" } = useParams();
  const [params] = useSearchParams();
  const group = useGroup(ref);
  const wanted = GROUP_TABS.find((tab) => tab === params.get("tab"));
  const tab = !wanted || wanted === "rules" ? "facts" : wanted;
  const Content = contents[tab];

  return (
    <Loaded query={group}>
      {(data) => (
        <GroupFrame group={data} tab={tab} actions={<GroupActions group={data} />}>
          <Content key={data.head.id} group={data} />
        </GroupFrame>
      )}
    </Loaded>
  );
}
