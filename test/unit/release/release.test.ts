import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { changesOf, versionOf } from '../../../scripts/release.ts';

const sources = (version: string, appVersion = version) => ({
  package: `{\n  "name": "x",\n  "version": "${version}"\n}\n`,
  chart: `apiVersion: v2\nversion: ${version}\nappVersion: ${appVersion}\n`,
});

describe('a release', () => {
  test('a release is of the version that tag, package and chart agree on', () => {
    assert.equal(versionOf('v1.2.3', sources('1.2.3')), '1.2.3');
    assert.equal(versionOf('v1.2.3-rc.1', sources('1.2.3-rc.1')), '1.2.3-rc.1');
  });

  test('a release is refused where one of them differs, and named with what to do', () => {
    assert.throws(() => versionOf('v1.2.4', sources('1.2.4', '1.2.3')), {
      message: 'The tag is v1.2.4, but the appVersion of Chart.yaml is 1.2.3: set all to 1.2.4, and tag that commit',
    });
    assert.throws(() => versionOf('v2.0.0', sources('1.2.3')), /package\.json is 1\.2\.3, the version of Chart\.yaml/);
  });

  test('a release is refused for a tag that is no version', () => {
    for (const tag of ['', 'v1.2', '1.2.3', 'v1.2.3; rm x'])
      assert.throws(() => versionOf(tag, sources('1.2.3')), /no version/);
  });

  test('a release gives its section of the changelog, and is refused without one', () => {
    const changelog =
      '# Changelog\n\n## [Unreleased]\n\n- c\n\n## [1.2.3] - 2026-11-24\n\n### Added\n\n- b\n\n## [1.2.2]\n\n- a\n';
    assert.equal(changesOf('1.2.3', changelog), '### Added\n\n- b');
    assert.equal(changesOf('1.2.2', changelog), '- a');
    assert.throws(() => changesOf('1.3.0', changelog), /no section \[1\.3\.0\].*rename \[Unreleased\]/);
  });
});
