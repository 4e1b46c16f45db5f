// SPDX-License-Identifier: Apache-2.0
// The rules of a security group: the tables of its network, with everything that decides, and all that changes them.
import { useParams } from "react-router-dom";
import { Loaded } from "../../components/loaded";
import { useGroup } from "../../model/group";
import { RulesOf } from "./rules-of";

export default function Rules() {
  const { ref = "" } = useParams();
  const group = useGroup(ref);
  return <Loaded query={group}>{(data) => <RulesOf key={data.head.id} group={data} />}</Loaded>;
}
