import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutNote, eventName } from '../../../src/kubernetes/event-object.ts';

const subject = (name: string) => ({ apiVersion: 'v1', kind: 'Secret', namespace: 'n', name, uid: 'u' });

test('event names are unique', () => {
  const names = Array.from({ length: 1000 }, () => eventName(subject('a')));
  assert.equal(new Set(names).size, names.length);
});

test('event names are valid and bounded whatever the subject is called', () => {
  for (const name of ['a', 'a.b', `${'a'.repeat(199)}.${'b'.repeat(50)}`, `${'a'.repeat(199)}-${'b'.repeat(50)}`]) {
    assert.match(eventName(subject(name)), /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
    assert.ok(eventName(subject(name)).length <= 253);
  }
});

test('a note is cut by bytes, and never within a character', () => {
  assert.equal(cutNote('ü'.repeat(512)), 'ü'.repeat(512));
  const cut = cutNote(`${'€'.repeat(600)}`);
  assert.ok(Buffer.byteLength(cut) <= 1024);
  assert.match(cut, /^€+…$/u);
});
