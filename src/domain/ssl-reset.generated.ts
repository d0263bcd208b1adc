// Generated from crds/ by `npm run generate`. Do not edit.
/**
 * What to reset, under which conditions, and who has to pick up the new server CA.
 */
export interface CloudSqlSslResetSpec {
  /**
   * Google Cloud project id, also in the domain-scoped form example.com:name. Immutable.
   */
  project: string;
  /**
   * Cloud SQL instance id, without the project. Immutable.
   */
  instance: string;
  /**
   * All makes a new server certificate; SyncFromPrimary lets a read replica take over its primary's replication TLS settings.
   */
  mode: 'All' | 'SyncFromPrimary';
  /**
   * If set, only a value that this object has not executed before requests another reset; other edits republish and roll without a reset. Recommended under GitOps. Cannot be removed once it is set.
   */
  requestId?: string;
  /**
   * An instance that demands client certificates and has some that clientCertificates does not name is reset only with true: the reset deletes them, and locks out who uses them.
   */
  acceptClientCertificateLoss: boolean;
  /**
   * What must hold for the reset to be called. They make re-syncs, restores and second clusters harmless.
   */
  preconditions: {
    /**
     * Missing resets only an instance that has no server certificate yet. If it has one, nothing is called and the CA that is there is published and rolled out.
     */
    serverCertificate?: 'Missing';
    /**
     * Reset only if the instance's active server CA still has this SHA-1 fingerprint (40 hex digits). If not, nothing is called and the CA that is there is published and rolled out. Not for instances with a CA service, whose CA a reset keeps.
     */
    serverCaSha1Fingerprint?: string;
    /**
     * Past this time nothing is called. As RFC 3339 has it, such as 2026-11-28T17:00:00Z or 2026-11-28T18:00:00.5+01:00.
     */
    notAfterTime?: string;
  };
  /**
   * Where the operator publishes the instance's server CA: exactly one of secretName and configMapName.
   */
  serverCa?: {
    /**
     * Secret that receives the server CA.
     */
    secretName?: string;
    /**
     * ConfigMap that receives the server CA.
     */
    configMapName?: string;
    /**
     * Key under which the PEM is published.
     */
    key: string;
    /**
     * All publishes every CA that the instance lists, the active one first, as one PEM bundle; Active that one alone.
     */
    contents: 'All' | 'Active';
  };
  /**
   * Client certificates that are issued anew after the reset, which deletes all of them, each into a Secret of its own with the keys client-cert.pem, client-key.pem and server-ca.pem.
   */
  clientCertificates?: {
    /**
     * Common name of the certificate; unique in the instance.
     */
    commonName: string;
    /**
     * Secret that receives the certificate, its private key and the server CA.
     */
    secretName: string;
  }[];
  /**
   * Which workloads are rolled, and how.
   */
  rollout: {
    /**
     * Kinds of workloads that are looked for. Rollout is that of argoproj.io; where its CRD is not installed there are none.
     */
    kinds: ('Deployment' | 'StatefulSet' | 'DaemonSet' | 'Rollout')[];
    /**
     * Label selector of the workloads, in the namespace of this object. Default: the label cloudsql-ssl.dev/instance with the instance id.
     */
    selector?: {
      /**
       * Labels that must have these values.
       */
      matchLabels?: {
        [k: string]: string;
      };
      /**
       * Requirements that must all hold.
       */
      matchExpressions?: {
        /**
         * Label key.
         */
        key: string;
        /**
         * How the label is compared.
         */
        operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
        /**
         * Values for In and NotIn.
         */
        values?: string[];
      }[];
    };
    /**
     * Workloads by name, besides the selected ones.
     */
    targets?: {
      /**
       * Kind of the workload.
       */
      kind: 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'Rollout';
      /**
       * Name of the workload, in the namespace of this object.
       */
      name: string;
      /**
       * Wave in which it rolls; lower ones first. Goes before the workload's annotation cloudsql-ssl.dev/wave.
       */
      wave?: number;
    }[];
    /**
     * Also roll the workloads whose pod template refers to the Secret or ConfigMap that this object publishes.
     */
    referencing: boolean;
    /**
     * How many workloads of one wave roll at a time.
     */
    maxConcurrent: number;
    /**
     * Continue rolls the others after one failed, since the old CA is dead already, and reports all failures at the end; Stop starts no further workload.
     */
    onFailure: 'Continue' | 'Stop';
    /**
     * Seconds for one workload to become healthy, besides its own progressDeadlineSeconds.
     */
    timeoutSeconds: number;
    /**
     * What to do about old pods that are not ready and so keep a StatefulSet with OrderedReady from rolling. Report: the workload is ManualActionRequired, and its message has the command. Delete: the operator deletes just those pods, highest ordinal first, one at a time; it needs the right to delete pods (deleteUnreadyPods of the chart).
     */
    unreadyPods: 'Report' | 'Delete';
    /**
     * Roll nothing.
     */
    disabled: boolean;
  };
  /**
   * Seconds, twice: from the receipt of the request to the acceptance of the call, and from the operation's end to Ready, where each progress of the roll renews it. An accepted operation is followed to its end however long that takes.
   */
  deadlineSeconds: number;
}

/**
 * What the operator has done and seen.
 */
export interface CloudSqlSslResetStatus {
  /**
   * Generation that the conditions speak of.
   */
  observedGeneration?: number;
  /**
   * Conditions Ready, Reconciling, Stalled, ResetDone, ServerCaPublished, ClientCertificatesIssued and WorkloadsRolled.
   */
  conditions?: {
    /**
     * Name of the condition.
     */
    type: string;
    /**
     * True, False or Unknown.
     */
    status: string;
    /**
     * Generation that it speaks of.
     */
    observedGeneration: number;
    /**
     * When its status changed last.
     */
    lastTransitionTime: string;
    /**
     * Why, in one word.
     */
    reason: string;
    /**
     * Why, in words, and what to do next.
     */
    message: string;
  }[];
  /**
   * The Cloud SQL operation of the reset, field for field as the API gave it.
   */
  operation?: {
    /**
     * Always sql#operation.
     */
    kind?: string;
    /**
     * Identifier of the operation.
     */
    name: string;
    /**
     * URI of the operation.
     */
    selfLink?: string;
    /**
     * Project of the instance.
     */
    targetProject?: string;
    /**
     * Name of the instance.
     */
    targetId?: string;
    /**
     * URI of the instance.
     */
    targetLink?: string;
    /**
     * UPDATE for a reset.
     */
    operationType?: string;
    /**
     * PENDING, RUNNING, DONE or UNKNOWN.
     */
    status?: string;
    /**
     * E-mail address of the account that called.
     */
    user?: string;
    /**
     * When it was enqueued.
     */
    insertTime?: string;
    /**
     * When it started.
     */
    startTime?: string;
    /**
     * When it finished.
     */
    endTime?: string;
    /**
     * Warning of the API on the operation.
     */
    apiWarning?: {
      /**
       * Code of the warning.
       */
      code?: string;
      /**
       * The warning.
       */
      message?: string;
      /**
       * Region that it concerns.
       */
      region?: string;
    };
    /**
     * Why the operation failed. A failed operation is DONE with this field.
     */
    error?: {
      /**
       * Always sql#operationErrors.
       */
      kind?: string;
      /**
       * The errors.
       */
      errors?: {
        /**
         * Always sql#operationError.
         */
        kind?: string;
        /**
         * What failed.
         */
        code?: string;
        /**
         * More about it.
         */
        message?: string;
      }[];
    };
  };
  /**
   * The write-ahead record: what is asked for, and what was known before the call. It is what keeps a reset from being called twice.
   */
  request?: {
    /**
     * Generation that is being worked on.
     */
    generation: number;
    /**
     * The spec's requestId when it was received.
     */
    requestId?: string;
    /**
     * Value of the retry annotation that was seen last.
     */
    retry?: string;
    /**
     * When it was received, or a retry was asked for; deadlineSeconds runs from here.
     */
    receivedTime: string;
    /**
     * Calls that were recorded.
     */
    attempt: number;
    /**
     * When the last call was recorded.
     */
    time?: string;
    /**
     * Account that the operator called as.
     */
    user?: string;
    /**
     * Accepted, AlreadyDone, Refused, NotSent or Unknown; absent while the outcome of the last call is not known.
     */
    outcome?: string;
    /**
     * An earlier call got no answer; it may still show up, so its before is kept.
     */
    inDoubt?: boolean;
    /**
     * The answer to the call named the operation. One that was found after a lost answer may be that of another object.
     */
    answered?: boolean;
    /**
     * An earlier call was refused. The refusal may have answered a copy of a call that was executed, so a new operation of the operator's account is examined before another call.
     */
    refused?: boolean;
    /**
     * Failures in a row. The back-off grows with it.
     */
    failures?: number;
    /**
     * Nothing is tried again before this time.
     */
    retryTime?: string;
    /**
     * When the operator saw that the reset is done, or was asked to publish and roll anew; deadlineSeconds runs from here a second time.
     */
    doneTime?: string;
    /**
     * When the server CA was read and published.
     */
    publishedTime?: string;
    /**
     * When the client certificates were looked at last; absent where none are asked for.
     */
    issuedTime?: string;
    /**
     * Why a client certificate is not in its Secret, while what does not refer to that Secret is rolled first.
     */
    hold?: {
      /**
       * Reason of Ready once that has rolled.
       */
      reason: string;
      /**
       * What it waits for.
       */
      message?: string;
      /**
       * It is not tried again before this time.
       */
      retryTime?: string;
    };
    /**
     * End of the newest reset of the instance by another object when the client certificates were looked at; a later one deletes them again.
     */
    otherResetTime?: string;
    /**
     * The instance has shown a server CA that was not listed before the reset; an older one that is active later was made so by somebody.
     */
    hasShownNewCa?: boolean;
    /**
     * The newest readTime of another object of the instance when this request was received for it once more.
     */
    followedTime?: string;
    /**
     * Names of the newest operations that issued or deleted client certificates; none of them is taken for the reset of another object.
     */
    certificateOperations?: string[];
    /**
     * What the instance looked like before the call.
     */
    before?: {
      /**
       * SHA-1 fingerprint of the active server CA.
       */
      serverCaSha1Fingerprint?: string;
      /**
       * SHA-1 fingerprints of all server CAs, where a new one is listed before it is active.
       */
      serverCas?: string[];
      /**
       * SHA-1 fingerprint of the server certificate, where the CA may stay the same.
       */
      serverCertificateSha1Fingerprint?: string;
      /**
       * SHA-1 fingerprints of the client certificates, where they matter.
       */
      clientCertificates?: string[];
      /**
       * Names of the newest operations of the instance.
       */
      operations?: string[];
      /**
       * insertTime of the oldest of those operations; what was inserted before it is never taken for ours.
       */
      operationsSince?: string;
    };
  };
  /**
   * Uids of other objects of the instance whose reset may end after the server CAs were read here. When one of them goes, the CAs and the client certificates are looked at once more.
   */
  siblingCalls?: string[];
  /**
   * The active server CA of the instance when it was read last.
   */
  serverCa?: {
    /**
     * SHA-1 fingerprint of the certificate.
     */
    sha1Fingerprint?: string;
    /**
     * Its common name.
     */
    commonName?: string;
    /**
     * When it was made.
     */
    createTime?: string;
    /**
     * When it expires.
     */
    expirationTime?: string;
    /**
     * How many CAs the instance lists.
     */
    count?: number;
    /**
     * Fingerprint before the reset.
     */
    previousSha1Fingerprint?: string;
    /**
     * When Cloud SQL listed it, by the operator's clock, and later than every readTime of the instance that was known then. Of two objects with different CAs the later one is right.
     */
    readTime?: string;
    /**
     * Object that holds it, as Secret/name or ConfigMap/name.
     */
    publishedTo?: string;
  };
  /**
   * The client certificates that were issued, or are being issued; never a key.
   */
  clientCertificates?: {
    /**
     * Common name of the certificate.
     */
    commonName: string;
    /**
     * SHA-1 fingerprint of the certificate that the Secret holds.
     */
    sha1Fingerprint?: string;
    /**
     * When it expires.
     */
    expirationTime?: string;
    /**
     * Secret that holds it.
     */
    secretName?: string;
    /**
     * It was there before and came with a Secret that was handed over; it is never deleted.
     */
    handedOver?: boolean;
    /**
     * Why it is not in its Secret; else absent.
     */
    reason?: string;
    /**
     * What stands in its way.
     */
    message?: string;
    /**
     * The write-ahead record of an issue that is not known to have ended in the Secret; whatever carries the name since then is ours without a key.
     */
    issuing?: {
      /**
       * When it was recorded.
       */
      time: string;
      /**
       * SHA-1 fingerprints of the certificates of that name before it.
       */
      before?: string[];
    };
  }[];
  /**
   * The roll of the dependent workloads.
   */
  rollout?: {
    /**
     * Rolled of total, for example 3/5.
     */
    summary?: string;
    /**
     * Workloads that depend on the instance.
     */
    total?: number;
    /**
     * Those that carry the revision and are healthy.
     */
    rolled?: number;
    /**
     * Those that failed.
     */
    failed?: number;
    /**
     * Those that opted out, or are paused.
     */
    skipped?: number;
    /**
     * Those that do not go on because they are paused, before their roll or in the middle of it.
     */
    paused?: number;
    /**
     * The furthest that the roll has come: 100 for each workload that is settled, less for one that rolls.
     */
    progress?: number;
    /**
     * When it came so far; from then deadlineSeconds runs.
     */
    progressTime?: string;
    /**
     * Digest of the server CAs that they roll to.
     */
    revision?: string;
    /**
     * The workloads, at most 100; the counts are exact.
     */
    workloads?: {
      /**
       * Kind of the workload.
       */
      kind: string;
      /**
       * Its name.
       */
      name: string;
      /**
       * Wave in which it rolls.
       */
      wave: number;
      /**
       * Pending, Rolling, Rolled, Failed, Skipped, ManualActionRequired or Missing.
       */
      state: string;
      /**
       * What it waits for.
       */
      message?: string;
      /**
       * When it began to roll.
       */
      startTime?: string;
      /**
       * How often in a row the API server failed to change it.
       */
      failures?: number;
      /**
       * It is not changed again before.
       */
      retryTime?: string;
      /**
       * How often somebody put its pod template back after it was annotated.
       */
      reverts?: number;
    }[];
  };
  /**
   * Values of spec.requestId whose reset was executed or may have been, as SHA-256 digests in hex, newest first. A value that comes back calls nothing.
   */
  executedRequestIds?: string[];
  /**
   * When the newest calls were recorded that were executed or may have been, newest first. Those of the last hour count for --max-resets-per-hour.
   */
  recentCalls?: string[];
  /**
   * When the newest reset of this object ended, also once another request has replaced it. The other objects of the instance go by it.
   */
  lastResetTime?: string;
  /**
   * Requests that came to an end, newest first. Where there are more than ten, those that called nothing make room first.
   */
  history?: {
    /**
     * Generation of the request.
     */
    generation: number;
    /**
     * Its requestId.
     */
    requestId?: string;
    /**
     * Name of its operation.
     */
    operation?: string;
    /**
     * The answer to its call named the operation.
     */
    answered?: boolean;
    /**
     * Reason of Ready or Stalled; Superseded where another request replaced it after its call.
     */
    outcome: string;
    /**
     * When its last call was recorded; else when it was received.
     */
    startTime?: string;
    /**
     * When it came to its end.
     */
    endTime?: string;
    /**
     * Server CA at its end.
     */
    serverCaSha1Fingerprint?: string;
  }[];
}
