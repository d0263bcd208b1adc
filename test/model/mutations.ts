/** The guards of the protocol, and how each is broken: one or more replacements of text that must occur once. */
import type { Stories } from './search.ts';

export interface Mutation {
  readonly guard: string;
  readonly broken: string;
  readonly patches: readonly Patch[];
  /** Why no scenario shows a difference from the protocol as it is: another guard alone holds what it holds. */
  readonly heldBy?: string;
  /** In which it is looked for. Absent: those of resets. */
  readonly stories?: Stories;
}

export interface Patch {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const RESOLVE = 'src/domain/call/resolve.ts';
const EVIDENCE = 'src/domain/call/evidence.ts';
const REQUEST = 'src/reconcile/steps/request-reset.ts';
const CALL = 'src/reconcile/steps/call-reset.ts';
const SETTLE = 'src/reconcile/settle.ts';
const WRITE_AHEAD = 'src/reconcile/write-ahead.ts';
const PREFLIGHT = 'src/reconcile/steps/preflight.ts';
const DECIDE = 'src/domain/reset/decide.ts';
const REQUEST_RECORD = 'src/domain/reset/request-record.ts';
const ISSUE = 'src/reconcile/steps/issue-certificate.ts';
const CERTIFICATE = 'src/domain/trust/client-certificate.ts';
const WINDOW = 'src/lib/two-clock-window.ts';
const OPEN = 'return monotonic < this.#lengthMs && wall < this.#lengthMs && wall > -this.#lengthMs;';

/** Where the record that is written is one of these, and else the object that was judged. */
const overWhateverIsThere = (ofThese: string): string =>
  `${ofThese} ? ((await resets.get(reset.metadata)) ?? reset) : reset`;

export const MUTATIONS: readonly Mutation[] = [
  {
    guard: 'call window',
    broken: 'never closes',
    patches: [{ file: WINDOW, find: OPEN, replace: 'return true;' }],
  },
  {
    guard: 'call window',
    broken: 'by the monotonic clock alone',
    patches: [{ file: WINDOW, find: OPEN, replace: 'return monotonic < this.#lengthMs;' }],
  },
  {
    guard: 'call window',
    broken: 'by the wall clock alone',
    patches: [{ file: WINDOW, find: OPEN, replace: 'return wall < this.#lengthMs && wall > -this.#lengthMs;' }],
  },
  {
    guard: 'record before the call',
    broken: 'the call is sent first',
    patches: [
      {
        file: CALL,
        find: '  return writeAhead<CallResult>(',
        replace: '  const early = await send();\n  return writeAhead<CallResult>(',
      },
      { file: CALL, find: 'export function callReset(', replace: 'export async function callReset(' },
      { file: CALL, find: '        send,', replace: '        send: async () => early,' },
    ],
  },
  {
    guard: 'resourceVersion of the record',
    broken: 'the record is written over whatever is there',
    patches: [
      {
        file: WRITE_AHEAD,
        find: 'await resets.updateStatus(reset, summarize(',
        replace: `await resets.updateStatus(${overWhateverIsThere("'request' in changes")}, summarize(`,
      },
    ],
  },
  {
    guard: 'rewriting of the outcome',
    broken: 'the outcome is written once; a conflict loses it',
    patches: [
      {
        file: 'src/reconcile/conclude.ts',
        find: ': await writeOutcome(call, conclusion, context)',
        replace:
          ': await write(call.recorded, summarize(call.recorded, changes, verdict, context.clock.now()), context)',
      },
    ],
  },
  {
    guard: 'the outcome belongs to its record',
    broken: 'the outcome is written over whatever record is there',
    patches: [
      {
        file: 'src/reconcile/outcome-write.ts',
        find: 'isUnresolved(request) && request?.time === status.request?.time && request?.attempt === status.request?.attempt',
        replace: '(isUnresolved(request) || request !== status.request)',
      },
    ],
  },
  {
    guard: 'grace',
    broken: 'none',
    patches: [
      { file: RESOLVE, find: 'if (seen.sinceSeenMs < resolveGraceMs) {', replace: 'if (seen.sinceSeenMs < 0) {' },
    ],
  },
  {
    guard: 'grace on one clock',
    broken: 'from the time in the record to the own wall clock',
    patches: [
      {
        file: 'src/reconcile/steps/resolve.ts',
        find: 'const sinceSeenMs = memory.sinceSeenMs(metadata.uid, call);',
        replace: 'const sinceSeenMs = context.clock.now().getTime() - Date.parse(request.time ?? call);',
      },
    ],
  },
  {
    guard: 'baseline of operations',
    broken: 'every operation counts as new',
    patches: [
      {
        file: RESOLVE,
        find: 'operations: [...unlisted, ...newest.map(({ name }) => name)],\n    ...(oldest !== undefined && { operationsSince: oldest }),',
        replace: 'operations: [],',
      },
    ],
  },
  {
    guard: 'evidence of a candidate',
    broken: 'any operation of our account is taken for the reset',
    patches: [
      { file: RESOLVE, find: 'candidate.error !== undefined || (evidenceAgrees && !isOfRotation)', replace: 'true' },
    ],
  },
  {
    guard: 'evidence without an operation',
    broken: 'a CA that changed says nothing',
    patches: [{ file: RESOLVE, find: 'if (seen.evidenceAgrees) {', replace: 'if (false) {' }],
  },
  {
    guard: 'evidence with a CA service',
    broken: 'the CA alone tells',
    patches: [{ file: EVIDENCE, find: ' || hasNewServerCertificate(before, now)', replace: '' }],
  },
  {
    guard: 'evidence of the First Generation',
    broken: 'the active CA tells, which changes with a restart',
    patches: [{ file: EVIDENCE, find: 'if (before.serverCas !== undefined) return', replace: 'if (false) return' }],
  },
  {
    guard: 'several candidates',
    broken: 'the first one is taken',
    patches: [{ file: RESOLVE, find: 'only !== undefined && found.length === 1', replace: 'only !== undefined' }],
  },
  {
    guard: 'our account must be known',
    broken: 'an operation of any account is adopted',
    patches: [
      {
        file: RESOLVE,
        find: ' && user !== undefined && isSameAccount(user, seen.user)',
        replace: '',
      },
    ],
  },
  {
    guard: 'operations of client certificates are claimed',
    broken: 'no object keeps their names',
    heldBy: 'the evidence is not that of another reset',
    patches: [
      {
        file: REQUEST_RECORD,
        find: 'if (name === undefined) return request;',
        replace: 'if (true) return request;',
      },
    ],
  },
  {
    guard: 'the evidence is not that of another reset',
    broken: 'a candidate is judged as if no other object had reset the instance',
    patches: [{ file: RESOLVE, find: 'if (other !== undefined) {', replace: 'if (false) {' }],
  },
  {
    guard: 'the evidence is not that of another reset',
    broken: 'a reset that is listed no more is none',
    patches: [
      {
        file: 'src/reconcile/steps/resolve.ts',
        find: 'siblings.operations.resetSince(request)',
        replace: 'undefined',
      },
    ],
  },
  {
    guard: '409 → resolve',
    broken: 'a busy answer is a refusal',
    patches: [{ file: 'src/domain/call/classification.ts', find: 'if (inDoubt)', replace: 'if (false)' }],
  },
  {
    guard: 'a refusal may be the answer to a copy',
    broken: 'it says that nothing was executed',
    patches: [
      {
        file: 'src/domain/reset/request.ts',
        find: "outcome === 'Refused' || refused === true",
        replace: 'false',
      },
    ],
  },
  {
    guard: 'a refusal may be the answer to a copy',
    broken: 'only a listed operation tells otherwise',
    patches: [
      {
        file: 'src/reconcile/steps/earlier-call.ts',
        find: 'return !hasUpdates(before, others);',
        replace: 'return false;',
      },
    ],
  },
  {
    guard: 'a refusal may be the answer to a copy',
    broken: 'a retry forgets it',
    patches: [
      {
        file: REQUEST_RECORD,
        find: 'mayCallAgain(reset) && !mayHaveRun(request)',
        replace: 'mayCallAgain(reset) && !(request.inDoubt === true && mayHaveRun(request))',
      },
    ],
  },
  {
    guard: 'no request is given up unseen',
    broken: 'a deadline that is over asks nothing',
    patches: [
      {
        file: REQUEST,
        find: 'if (await hasRunAfterAll(reset, request, context)) return',
        replace: 'if (false) return',
      },
    ],
  },
  {
    guard: 'no request is given up unseen',
    broken: 'a deadline that passes while the call is made asks nothing',
    patches: [{ file: SETTLE, find: 'if (isLookedForFirst(seen, { step, began })) return conclusion;', replace: '' }],
  },
  {
    guard: 'no request is given up unseen',
    broken: 'a deadline ends the wait for a sibling in doubt',
    patches: [{ file: SETTLE, find: ' || conclusion.outlastsDeadline', replace: '' }],
  },
  {
    guard: 'no request is given up unseen',
    broken: 'an answer of 400 asks nothing',
    patches: [
      {
        file: CALL,
        find: "if (classification.kind !== 'Invalid') return classification;",
        replace: 'if (true) return classification;',
      },
    ],
  },
  {
    guard: 'no request is given up unseen',
    broken: 'an answer of 400 ends it where nothing can be read',
    patches: [{ file: CALL, find: 'if (hasRun === undefined) {', replace: 'if (false) {' }],
  },
  {
    guard: 'no request is given up unseen',
    broken: 'the certificates are not looked at',
    patches: [
      {
        file: 'src/reconcile/steps/earlier-call.ts',
        find: 'return hasTraces(reset, request, { operations, certificates }, context);',
        replace: 'return false && hasTraces(reset, request, { operations, certificates }, context);',
      },
    ],
  },
  {
    guard: 'the operation of a request that is over is its own',
    broken: 'the history is not asked',
    patches: [
      {
        file: 'src/domain/reset/executed.ts',
        find: 'const { all, answered } = pastOperations(status);',
        replace: 'const { all, answered } = pastOperations({ ...status, history: [] });',
      },
    ],
  },
  {
    guard: 'the object that is finding out a call comes first',
    broken: 'an object that was refused looks for its own meanwhile',
    patches: [
      {
        file: 'src/reconcile/steps/earlier-call.ts',
        find: 'if (obstacle !== undefined) return',
        replace: 'if (false && obstacle !== undefined) return',
      },
    ],
  },
  {
    guard: 'late operation in preflight',
    broken: 'not looked for',
    patches: [
      {
        file: PREFLIGHT,
        find: 'if (hasLateOperation(reset, request, operations, context)) return',
        replace: 'if (false) return',
      },
    ],
  },
  {
    guard: 'other CA in preflight',
    broken: 'not looked at',
    patches: [
      {
        file: PREFLIGHT,
        find: 'if (hasTraces(reset, request, seen, context)) return',
        replace: 'if (false) return',
      },
    ],
  },
  {
    guard: '`before` while in doubt',
    broken: 'taken again for each attempt',
    heldBy: 'the two guards above resolve first whatever a new `before` would hide',
    patches: [
      {
        file: PREFLIGHT,
        find: 'if (request.inDoubt === true && request.before !== undefined)',
        replace: 'if (false)',
      },
    ],
  },
  {
    guard: 'in doubt until the end',
    broken: 'forgotten when the grace is over',
    patches: [
      {
        file: 'src/reconcile/steps/resolve.ts',
        find: "request: { ...request, inDoubt: true, outcome: 'NotSent' }",
        replace: "request: { ...request, inDoubt: false, outcome: 'NotSent' }",
      },
    ],
  },
  {
    guard: 'an adopted operation is no certain claim',
    broken: 'it is as certain as one that an answer named',
    patches: [
      {
        file: 'src/domain/reset/executed.ts',
        find: "const isAnswered = request?.answered === true || (request?.outcome === 'Accepted' && request.inDoubt !== true);",
        replace: 'const isAnswered = true;',
      },
    ],
  },
  {
    guard: 'unresolved before anything else',
    broken: 'a new request begins over a call that is not resolved',
    patches: [
      {
        file: DECIDE,
        find: 'if (isUnresolved(request)) return afterDelay(',
        replace: 'if (isUnresolved(request) && !isNewRequest(reset)) return afterDelay(',
      },
    ],
  },
  {
    guard: 'a value that was executed is no new request',
    broken: 'what was executed is not remembered',
    patches: [
      {
        file: REQUEST_RECORD,
        find: "return isRepeated(status, begun) ? { ...begun, outcome: 'AlreadyDone', doneTime: now } : begun;",
        replace: 'return begun;',
      },
    ],
  },
  {
    guard: '`retry` counts only while stalled',
    broken: 'a value that came before works later',
    patches: [
      {
        file: DECIDE,
        find: 'isFollowed(request)) && hasNews(reset))',
        replace: 'isFollowed(request)) && isFirstRequestId(reset))',
      },
    ],
  },
  {
    guard: 'an operation that is gone',
    broken: 'it is followed for ever where the instance is gone too',
    patches: [
      {
        file: 'src/reconcile/steps/follow-operation.ts',
        find: 'await orUndefined(() => readEvidence(cloudSql, spec, before))',
        replace: 'await readEvidence(cloudSql, spec, before)',
      },
    ],
  },
  {
    guard: 'an operation that is gone',
    broken: 'what was said of it last is kept',
    patches: [
      {
        file: 'src/reconcile/steps/follow-operation.ts',
        find: 'operation: { ...operation, status: UNKNOWN }',
        replace: 'operation',
      },
    ],
  },
  {
    guard: 'deletion',
    broken: 'an object that is being deleted is worked on',
    patches: [
      {
        file: DECIDE,
        find: 'if (reset.metadata.deletionTimestamp !== undefined) return whileDeleted(reset, facts);',
        replace: '',
      },
    ],
  },
  {
    guard: 'recorded delay',
    broken: 'not kept',
    patches: [{ file: DECIDE, find: 'return boundMs <= 0 ? step :', replace: 'return boundMs <= Infinity ? step :' }],
  },
  {
    guard: 'record before the issue',
    broken: 'the certificate is issued first',
    patches: [
      {
        file: ISSUE,
        find: '  return writeAhead<IssueResult>(',
        replace: '  const early = await send();\n  return writeAhead<IssueResult>(',
      },
      { file: ISSUE, find: '        send,', replace: '        send: async () => early,' },
    ],
  },
  {
    guard: 'resourceVersion of the record of an issue',
    broken: 'the record is written over whatever is there',
    patches: [
      {
        file: WRITE_AHEAD,
        find: 'await resets.updateStatus(reset, summarize(',
        replace: `await resets.updateStatus(${overWhateverIsThere("'clientCertificates' in changes")}, summarize(`,
      },
    ],
  },
  {
    guard: 'call window of an issue',
    broken: 'never closes',
    heldBy: 'a name is unique in an instance, so an issue that comes late is refused',
    patches: [
      {
        file: WRITE_AHEAD,
        find: '!window.isOpen()',
        replace: `(path === 'status.request' && !window.isOpen())`,
      },
    ],
  },
  {
    guard: 'grace of an issue',
    broken: 'none',
    patches: [
      { file: CERTIFICATE, find: 'sinceSeenMs < resolveGraceMs ?', replace: 'sinceSeenMs < 0 ?' },
      {
        file: 'src/reconcile/steps/resolve-certificate.ts',
        find: 'const isOver = sinceSeenMs >= settings.resolveGraceMs;',
        replace: 'const isOver = false;',
      },
    ],
  },
  {
    guard: 'only what the status holds is ours',
    broken: 'whatever has the name is replaced',
    patches: [
      {
        file: CERTIFICATE,
        find: 'sha1Fingerprint === recorded?.sha1Fingerprint && !isHandedOver(sha1Fingerprint)',
        replace: "sha1Fingerprint !== ''",
      },
    ],
  },
  {
    guard: 'an open issue before anything else',
    broken: 'it is forgotten',
    patches: [
      {
        file: DECIDE,
        find: 'if (request?.hold === undefined && openIssue(reset) !== undefined) {',
        replace: 'if (reset === undefined) {',
      },
    ],
  },
  {
    guard: 'an issue that was made is claimed',
    broken: 'the record is closed without its fingerprint',
    patches: [
      {
        file: 'src/reconcile/steps/resolve-certificate.ts',
        find: '{ commonName, sha1Fingerprint: resolution.sha1Fingerprint }',
        replace: '{ commonName }',
      },
    ],
  },
  {
    guard: 'the Secret belongs to its record',
    broken: 'the key is written whatever became of the record',
    patches: [
      {
        file: 'src/reconcile/steps/deliver-certificate.ts',
        find: 'return isOurs ? write',
        replace: 'return isOurs || before ? write',
      },
    ],
  },
  {
    guard: 'the Secret as it was before the record',
    broken: 'it is written over whatever is there',
    patches: [
      {
        file: 'src/reconcile/steps/deliver-certificate.ts',
        find: 'write(contents, target.secret, context)',
        replace: 'context.objects.get(contents).then((now) => write(contents, now, context))',
      },
    ],
  },
  {
    guard: 'suspended',
    broken: 'only by the very value true',
    patches: [
      {
        file: 'src/domain/reset/ssl-reset.ts',
        find: "(metadata.annotations[annotations.suspend] ?? 'false') !== 'false'",
        replace: "metadata.annotations[annotations.suspend] === 'true'",
      },
    ],
  },
  {
    guard: 'no first call beside an open issue',
    broken: 'it is not waited for',
    patches: [
      {
        file: 'src/reconcile/siblings.ts',
        find: 'if (isIssuing && own.doubt === undefined) return true;',
        replace: '',
      },
    ],
  },
  {
    guard: 'a call is remembered by the others of the instance',
    broken: 'nobody remembers it',
    patches: [{ file: REQUEST, find: 'await announce(reset, context);', replace: '' }],
  },
  {
    guard: 'no request is given up unseen',
    broken: 'what cannot be looked at counts as not executed',
    patches: [
      {
        file: 'src/reconcile/steps/receive.ts',
        find: 'const isNoted = hasRun === false ||',
        replace: 'const isNoted = hasRun !== true ||',
      },
    ],
  },
  {
    guard: 'the CA of the reset before is seen first',
    broken: 'the next request of the object begins without it',
    patches: [
      {
        file: 'src/reconcile/steps/receive.ts',
        find: '?? (await untilCaIsSeen(reset, context))',
        replace: '',
      },
    ],
  },
  {
    guard: 'the CA of the reset before is seen first',
    broken: 'a call of another object does not wait for it',
    patches: [
      { file: 'src/reconcile/steps/preflight.ts', find: ' ?? siblingWithUnseenCa(reset, context)', replace: '' },
    ],
  },
  {
    guard: 'the CA of the reset before is seen first',
    broken: 'a reset whose object is gone is not waited for',
    patches: [
      {
        file: 'src/reconcile/steps/preflight.ts',
        find: '(await orphanWithUnseenCa(reset, operations, context)) ??',
        replace: '',
      },
    ],
  },
  {
    guard: 'the CA of the reset before is seen first',
    broken: 'a call of an object that is gone is not waited for',
    patches: [
      {
        file: PREFLIGHT,
        find: '    departedObstacle(reset, operations, context) ??\n    (await orphanWith',
        replace: '    (await orphanWith',
      },
    ],
  },
  {
    guard: 'baseline of operations',
    broken: 'what siblings know, and is not listed yet, is left out',
    patches: [{ file: RESOLVE, find: '[...unlisted, ', replace: '[' }],
  },
  {
    guard: 'only a plan is wanted',
    broken: 'planOnly of a reset is ignored',
    patches: [{ file: REQUEST, find: 'isPlanOnly: spec.planOnly,', replace: 'isPlanOnly: false,' }],
  },
  {
    guard: 'no start outside of a window',
    broken: 'the windows are not looked at',
    patches: [
      {
        file: 'src/reconcile/steps/windows.ts',
        find: 'if (closed === undefined)',
        replace: 'if (closed?.verdict.kind !== "Stalled")',
      },
    ],
  },
  {
    guard: 'no start outside of a window',
    broken: 'they are not judged again right before the send',
    patches: [
      {
        file: WRITE_AHEAD,
        find: 'obstacle === undefined && (await isAllowed?.(recorded)) !== false',
        replace: 'obstacle === undefined',
      },
    ],
  },
  {
    guard: 'no call without an approval of its plan',
    broken: 'nobody is asked',
    patches: [{ file: REQUEST, find: 'asked: spec.approval', replace: "asked: 'Automatic'" }],
  },
  {
    guard: 'no call without an approval of its plan',
    broken: 'any word is enough',
    patches: [
      {
        file: 'src/domain/approval.ts',
        find: 'given[annotations.approve] === id',
        replace: '(given[annotations.approve] ?? "") !== ""',
      },
    ],
  },
  {
    guard: 'no call without an approval of its plan',
    broken: 'the plan is the one that the status has, and not one of now',
    patches: [
      {
        file: REQUEST,
        find: 'const plan = keptPlan(reset.status.plan, checked.plan);',
        replace: 'const plan = reset.status.plan ?? checked.plan;',
      },
    ],
  },
  {
    guard: 'an approval is for one call',
    broken: 'a call that was executed leaves the plan as it was',
    patches: [
      {
        file: REQUEST_RECORD,
        find: "outcome === 'Accepted' || outcome === 'Unknown' ? 1 : 0",
        replace: "outcome === 'Refused' ? 0 : 0",
      },
    ],
  },
  {
    guard: 'the CA that was read last is right',
    broken: 'the one that was made last is',
    patches: [
      {
        file: 'src/reconcile/outdated.ts',
        find: '(b?.readMs ?? 0) - (a?.readMs ?? 0) || ',
        replace: '',
      },
    ],
  },
  {
    guard: 'permission before anything is published once more',
    broken: 'it is not asked for',
    patches: [
      {
        file: 'src/reconcile/steps/receive.ts',
        find: 'isSettled(request) ? await denialOf(reset, context) : undefined',
        replace: 'undefined',
      },
    ],
  },
  {
    guard: 'what was put back is remembered',
    broken: 'it is fought without an end',
    patches: [
      {
        file: 'src/domain/trust/put-back.ts',
        find: 'reverts >= (owner === undefined ? MAX_REVERTS : 1)',
        replace: 'reverts < 0 && owner === undefined',
      },
    ],
  },
  {
    guard: 'a certificate holds back only what needs it',
    broken: 'nothing rolls before it is issued',
    patches: [
      {
        file: 'src/reconcile/settle.ts',
        find: '? holdingBack(concluded(reset, conclusion), verdict, retryAfterMs, now)',
        replace: '? undefined',
      },
    ],
  },
  {
    guard: 'one pass at a time',
    broken: 'the queue hands out all that is due',
    patches: [
      { file: 'test/model/process.ts', find: 'filter(({ key }) => !this.#isBusy(key))', replace: 'filter(() => true)' },
    ],
  },
  {
    guard: 'no update of somebody else explains a change at once',
    broken: 'it does, however late it is listed',
    patches: [
      {
        file: 'src/reconcile/steps/earlier-call.ts',
        find: '>= settings.resolveGraceMs) return undefined;',
        replace: '>= 0) return undefined;',
      },
    ],
  },
  {
    guard: 'an older version takes nothing back',
    broken: 'the index believes the watch, however late it is',
    patches: [
      {
        file: 'src/reconcile/object-index.ts',
        find: 'before !== undefined && isOlder(entry, before) ? [] : ',
        replace: '',
      },
    ],
  },
];
