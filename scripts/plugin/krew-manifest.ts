/** What Krew must know of the plugin to install it. */
import { stringify } from 'yaml';

/** kubectl finds it by this name, as `kubectl sslreset`. */
export const PLUGIN = 'kubectl-sslreset';

export interface Archive {
  /** As on the page of the release. */
  readonly name: string;
  readonly sha256: string;
  /** The one platform that it is for; absent: it is the script. */
  readonly platform?: Platform;
}

export interface Platform {
  readonly os: string;
  readonly arch: string;
}

export interface PluginRelease {
  readonly version: string;
  readonly archives: readonly Archive[];
  /** Address of the repository. */
  readonly home: string;
}

/** Windows alone does not run a script by its first line. */
const RUN_SCRIPTS = ['darwin', 'linux'];

/** What the plugin is called in the archive for that platform. */
export const programOn = (os: string): string => (os === 'windows' ? `${PLUGIN}.exe` : PLUGIN);

/** Each platform finds one archive: that of its own, else the script. */
export function krewManifest({ version, archives, home }: PluginRelease): string {
  const own = archives.flatMap(({ platform }) => platform ?? []);
  return stringify({
    apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
    kind: 'Plugin',
    metadata: { name: PLUGIN.replace('kubectl-', '') },
    spec: {
      version: `v${version}`,
      homepage: home,
      shortDescription: 'Follow and steer resets of Cloud SQL SSL configurations',
      description:
        'Shows what cloudsql-ssl-operator says of its objects as a tree, follows them, waits for either end of a request, approves, retries, suspends and resumes it, rotates server CAs and rolls them back, and prints manifests that reset only while the server CA is still the one that is known.',
      caveats:
        'Where there is no archive with a Node of its own, as on macOS, it is a script for Node.js 20 or later, which must be on the PATH as node.',
      platforms: archives.flatMap(({ name, sha256, platform }) =>
        selectors(platform, own).map((selector) => ({
          selector,
          uri: `${home}/releases/download/v${version}/${name}`,
          sha256,
          bin: programOn(platform?.os ?? ''),
        })),
      ),
    },
  });
}

function selectors(platform: Platform | undefined, own: readonly Platform[]): readonly object[] {
  if (platform !== undefined) return [{ matchLabels: platform }];
  return RUN_SCRIPTS.map((os) => {
    const taken = own.filter((one) => one.os === os).map(({ arch }) => arch);
    const others = taken.length === 0 ? [] : [{ key: 'arch', operator: 'NotIn', values: taken }];
    return { matchExpressions: [{ key: 'os', operator: 'In', values: [os] }, ...others] };
  });
}
