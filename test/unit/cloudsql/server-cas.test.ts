import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { activeFirst } from '../../../src/cloudsql/server-cas.ts';

const ca = (sha1Fingerprint: string) => ({ sha1Fingerprint, pem: `pem of ${sha1Fingerprint}` });
const notAsked = () => Promise.reject(new Error('asked'));

describe('the server CAs', () => {
  it('the server CAs begin with the active one', async () => {
    const cas = await activeFirst({ serverCas: [ca('a'), ca('b'), ca('c')], activeVersion: 'b' }, notAsked);
    assert.deepEqual(cas, [ca('b'), ca('a'), ca('c')]);
  });

  it("the server CAs begin with the instance's own when the list does not say which one is active", async () => {
    assert.deepEqual(await activeFirst({ serverCas: [ca('a'), ca('b')] }, async () => ca('b')), [ca('b'), ca('a')]);
  });

  it("the server CAs begin with the instance's own when the active one is not listed", async () => {
    const cas = await activeFirst({ serverCas: [ca('a')], activeVersion: 'x' }, async () => ca('x'));
    assert.deepEqual(cas, [ca('x'), ca('a')]);
  });

  it("the server CAs are the instance's own alone when the list is empty", async () => {
    assert.deepEqual(await activeFirst({ serverCas: [] }, async () => ca('a')), [ca('a')]);
  });

  it('the server CAs are none where there are none', async () => {
    assert.deepEqual(await activeFirst({ serverCas: [] }, async () => undefined), []);
  });
});
