import type { Node } from '@heddle/shared/xds/api';

/** Name and version of the program, as `envoy 1.40.0`. */
export function userAgentOf({ userAgentName, userAgentVersion, userAgentBuildVersion }: Node): string {
  const build = userAgentBuildVersion?.version;
  const version =
    userAgentVersion ??
    (build === undefined ? '' : `${build.majorNumber}.${build.minorNumber}.${build.patch}`);
  return `${userAgentName} ${version}`.trim();
}
