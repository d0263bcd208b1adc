/** What makes a release one whole: its tag, package.json, the chart and the changelog speak of one version. */

/** @throws Error where the tag, package.json and Chart.yaml do not speak of one version */
export function versionOf(tag: string, sources: { readonly package: string; readonly chart: string }): string {
  const version = /^v(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)$/.exec(tag)?.[1];
  if (version === undefined) throw new Error(`${tag} is no version: a tag is v1.2.3 or v1.2.3-rc.1`);
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
  const sections = changelog.split(/^## /m);
  const section = sections.find((one) => one.startsWith(`[${version}]`));
  const text = section
    ?.slice(section.indexOf('\n'))
    .replaceAll(/^\[.*\]: .*$/gm, '')
    .trim();
  if (!text) throw new Error(`CHANGELOG.md has no section [${version}]: rename [Unreleased] to it`);
  return text;
}
