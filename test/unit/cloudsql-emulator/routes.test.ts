import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findRoute } from '../../cloudsql-emulator/routes.ts';

test('both versions of the API lead to the same method', () => {
  for (const version of ['/v1', '/sql/v1beta4']) {
    const route = findRoute('POST', `${version}/projects/p/instances/i/resetSslConfig`);
    assert.deepEqual([route?.api, route?.project, route?.instance], ['resetSslConfig', 'p', 'i']);
  }
});

test('both versions of the API have the methods that add, list and rotate server CAs and certificates', () => {
  const methods = [
    ['POST', 'addServerCa'],
    ['POST', 'rotateServerCa'],
    ['GET', 'listServerCas'],
    ['POST', 'addServerCertificate'],
    ['POST', 'rotateServerCertificate'],
    ['GET', 'listServerCertificates'],
  ] as const;
  for (const version of ['/v1', '/sql/v1beta4']) {
    for (const [verb, method] of methods) {
      assert.equal(findRoute(verb, `${version}/projects/p/instances/i/${method}`)?.api, method);
    }
  }
});

test('a project of a domain is one name', () => {
  assert.equal(findRoute('GET', '/v1/projects/example.com:p/instances/i')?.project, 'example.com:p');
});

test('a method after a colon belongs to the instance', () => {
  const route = findRoute('POST', '/sql/v1beta4/projects/p/instances/i:generateEphemeralCert');
  assert.deepEqual([route?.api, route?.instance], ['generateEphemeralCert', 'i']);
});

test('a path with the wrong verb, or with more behind it, leads nowhere', () => {
  assert.equal(findRoute('GET', '/v1/projects/p/instances/i/resetSslConfig'), undefined);
  assert.equal(findRoute('GET', '/v1/projects/p/instances/i/sslCerts/f/more'), undefined);
  assert.equal(findRoute('GET', '/v2/projects/p/instances/i'), undefined);
});
