/** All profiles, in the order in which they are shown. */
import { alibabaSlb } from './alibaba-slb.js';
import { huaweiElb, huaweiElbClassic, huaweiElbDedicated, huaweiElbShared } from './huawei-elb.js';
import { native } from './native.js';
import type { Profile } from './profile.js';
import { tencentClb } from './tencent-clb.js';

export const profiles: readonly Profile[] = [
  native,
  tencentClb,
  huaweiElbShared,
  huaweiElbDedicated,
  huaweiElbClassic,
  huaweiElb,
  alibabaSlb,
];

/** The profile of a configuration that names none. */
export const defaultProfile = native;

export const profileNames: readonly string[] = profiles.map((profile) => profile.name);

/** Undefined where there is no such profile. */
export function profileNamed(name: string): Profile | undefined {
  return profiles.find((profile) => profile.name === name);
}
