/** What makes a release one whole: its tag, package.json, the chart and the changelog speak of one version. */

/** `1.2.3` or `1.2.3-rc.1`. */
export const VERSION = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/;

/** @throws Error where the tag, package.json and Chart.yaml do not speak of one version */
export function versionOf(tag: string, sources: { readonly package: string; readonly chart: string }): string {
  const version = tag.replace(/^v/, '');
  if (version === tag || !VERSION.test(version))
    throw new Error(`${tag} is no version: a tag is v1.2.3 or v1.2.3-rc.1`);
  const said = {
    'version of package.json': /^ {2}"version": "(.*)"/m.exec(sources.package)?.[1],
    'version of Chart.yaml': /^version: "?([^"\n]*)"?$/m.exec(sources.chart)?.[1],
    'appVersion of Chart.yaml': /^appVersion: "?([^"\n]*)"?$/m.exec(sources.chart)?.[1],
  };
  const wrong = Object.entries(said).filter(([, value]) => value !== version);
  if (wrong.length > 0) {
    const list = wrong.map(([name, value]) => `the ${name} is ${value}`).join(', ');
    throw new Error(`The tag is ${tag}, but ${list}: set all to ${version}, and tag that commit`);
  }
  return version;
}

/** @throws Error where the changelog says nothing of it */
export function changesOf(version: string, changelog: string): string {
  const text = sectionOf(version, changelog);
  if (text === '') throw new Error(`CHANGELOG.md has no section [${version}]: rename [Unreleased] to it`);
  return text;
}

/** What stands below the heading of this name, without links; empty where there is none. */
export function sectionOf(name: string, changelog: string): string {
  const section = changelog.split(/^## /m).find((one) => one.startsWith(`[${name}]`)) ?? '\n';
  return section
    .slice(section.indexOf('\n'))
    .replaceAll(/^\[.*\]: .*$/gm, '')
    .trim();
}
