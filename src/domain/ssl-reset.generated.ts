// Generated from crds/ by `npm run generate`. Do not edit.
/**
 * What to reset, under which conditions, and which workloads pick up the new server CA.
 */
export interface CloudSqlSslResetSpec {
  /**
   * Google Cloud project id, plain or domain-scoped (example.com:name). Immutable.
   */
  project: string;
  /**
   * Cloud SQL instance id, without the project. Immutable.
   */
  instance: string;
  /**
   * All makes a new server certificate. SyncFromPrimary makes a read replica take over the replication TLS settings of its primary.
   */
  mode: 'All' | 'SyncFromPrimary';
  /**
   * If set, only a value that this object has not executed before requests another reset; other edits republish and roll without a reset. Recommended under GitOps. Cannot be removed once it is set.
   */
  requestId?: string;
  /**
   * Must be true to reset an instance that demands client certificates and has some that clientCertificates does not name. The reset deletes those, and locks out their users.
   */
  acceptClientCertificateLoss: boolean;
  /**
   * Conditions that must hold for the reset to be called. They make re-syncs, restores and second clusters harmless.
   */
  preconditions: {
    /**
     * Missing resets only an instance that has no server certificate yet. If it has one, nothing is called, and its current CA is published and rolled out.
     */
    serverCertificate?: 'Missing';
    /**
     * Reset only if the instance's active server CA still has this SHA-1 fingerprint (40 hex digits). If not, nothing is called, and the current CA is published and rolled out. Refused for instances with a CA service, whose CA a reset keeps.
     */
    serverCaSha1Fingerprint?: string;
    /**
     * After this time, nothing is called. An RFC 3339 time, such as 2026-11-28T17:00:00Z or 2026-11-28T18:00:00.5+01:00.
     */
    notAfterTime?: string;
  };
  /**
   * With Manual, each call of the reset waits until the annotation cloudsql-ssl.dev/approve has the id of its plan, status.plan.id. An administrator may demand that with the annotation cloudsql-ssl.dev/approval of the Namespace, or with --approval; the stricter one counts. Manual needs requestId.
   */
  approval: 'Automatic' | 'Manual';
  /**
   * If true, status.plan says what the reset would do and is kept up to date, and nothing is called, published or rolled. Setting it to false begins the request. Needs requestId.
   */
  planOnly: boolean;
  /**
   * When the reset may be called: while any of these windows is open. Without windows, at any time. What has begun is finished, and waiting for a window does not count against deadlineSeconds. Needs requestId.
   */
  windows?: {
    /**
     * When the window opens, in the five cron fields of a CronJob, such as "0 22 * * 1-5". If both day of month and day of week are set, either is enough.
     */
    schedule: string;
    /**
     * How long the window stays open, in seconds of elapsed time.
     */
    durationSeconds: number;
    /**
     * IANA name of the time zone of the schedule, such as Europe/Berlin. An opening that a change of clocks skips is at the change; one that it repeats is at the first.
     */
    timeZone: string;
    /**
     * The reset is not called with fewer seconds of the window left.
     */
    minimumRemainingSeconds: number;
  }[];
  /**
   * Where the operator publishes the instance's server CA. Set exactly one of secretName and configMapName.
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
     * All publishes every CA that the instance lists, the active one first, as one PEM bundle. Active publishes only the active one, and the next one from the moment that it is added until it is used; while a CloudSqlServerCa rotates, the one that it may go back to as well.
     */
    contents: 'All' | 'Active';
    /**
     * The server CA in other formats, beside the PEM, in the same Secret or ConfigMap, each under a key of its own. Removing one removes its key.
     */
    additionalFormats?: {
      /**
       * PKCS12 publishes a truststore that Java, .NET and OpenSSL read. JKS publishes a truststore in Java's older format, for what reads no PKCS12. DER publishes the active CA alone, without PEM armour.
       */
      format: 'PKCS12' | 'JKS' | 'DER';
      /**
       * Key under which it is published, such as truststore.p12.
       */
      key: string;
      /**
       * Password of the truststore. It need not be secret, since a CA is public. Empty publishes a PKCS12 truststore that needs no password. DER has none.
       */
      password: string;
    }[];
  };
  /**
   * Client certificates to issue again after the reset, which deletes all of them. Each goes into a Secret of its own, with the keys client-cert.pem, client-key.pem and server-ca.pem.
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
    /**
     * The certificate and its private key in other formats, beside the PEM, in the same Secret. Removing one removes its keys.
     */
    additionalFormats?: {
      /**
       * PKCS12 publishes a keystore that Java, .NET and OpenSSL read, with the name "user" for its entry. PKCS8 publishes the private key in DER. CombinedPEM publishes the private key and the certificate as one PEM. TLS publishes the keys of a Secret of type kubernetes.io/tls, which is the type of a Secret that the operator creates for it.
       */
      format: 'PKCS12' | 'PKCS8' | 'CombinedPEM' | 'TLS';
      /**
       * Key under which it is published, such as keystore.p12. TLS takes none.
       */
      key?: string;
      /**
       * Where the password of a PKCS12 keystore is: up to 128 printable ASCII characters. The Secret must carry the annotation cloudsql-ssl.dev/password-for with the name of this object. A changed password is published, and rolls the workloads.
       */
      passwordSecretRef?: {
        /**
         * Secret that holds the password, in the namespace of this object.
         */
        name: string;
        /**
         * Key of the password in it.
         */
        key: string;
      };
    }[];
  }[];
  /**
   * Which workloads to roll, and how.
   */
  rollout: {
    /**
     * Kinds of workloads to look for. Rollout is the one of argoproj.io; without its CRD there are none.
     */
    kinds: ('Deployment' | 'StatefulSet' | 'DaemonSet' | 'Rollout')[];
    /**
     * Label selector of the workloads, in the namespace of this object. Default: the label cloudsql-ssl.dev/instance with the instance id.
     */
    selector?: {
      /**
       * Labels, with the values that they must have.
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
     * Workloads to roll by name, in addition to the selected ones.
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
       * Wave in which it rolls; lower waves go first. Takes precedence over the workload's annotation cloudsql-ssl.dev/wave.
       */
      wave?: number;
    }[];
    /**
     * Also roll workloads whose pod template refers to a Secret or ConfigMap that this object publishes.
     */
    referencing: boolean;
    /**
     * How many workloads of a wave may restart at the same time.
     */
    maxConcurrent: number;
    /**
     * Continue rolls the others after one has failed, since the old CA is already dead, and reports all failures at the end. Stop starts no further workload.
     */
    onFailure: 'Continue' | 'Stop';
    /**
     * Seconds in which a workload must become healthy. Its own progressDeadlineSeconds applies as well.
     */
    timeoutSeconds: number;
    /**
     * What to do about old pods that are not ready, and so keep a StatefulSet with OrderedReady from rolling. Report: the workload becomes ManualActionRequired, and its message has the command. Delete: the operator deletes only those pods, one at a time, the highest ordinal first. This needs the right to delete pods (deleteUnreadyPods in the chart).
     */
    unreadyPods: 'Report' | 'Delete';
    /**
     * How workloads get to see what is new. Restart: their pods are replaced. Reload: their pods stay, for clients that read the file again for each new connection; the operator has the kubelet write the new files at once, by an annotation of each pod. The annotation cloudsql-ssl.dev/pick-up of a workload takes precedence. A workload that takes it by env or subPath is restarted all the same, and so is one that another object of the instance restarts. Reload needs the right to patch pods (rollout.reload in the chart).
     */
    pickUp: 'Restart' | 'Reload';
    /**
     * Seconds from the annotation of the pods of a Reload workload until its health is judged.
     */
    reloadSeconds: number;
    /**
     * If true, nothing is rolled.
     */
    disabled: boolean;
  };
  /**
   * Time limit in seconds, which applies twice: from the receipt of the request to the acceptance of the call, and from the end of the operation to Ready. In the second period, any progress of the roll starts it again. An accepted operation is followed to its end, however long that takes.
   */
  deadlineSeconds: number;
}

/**
 * What the operator has done and seen.
 */
export interface CloudSqlSslResetStatus {
  /**
   * Generation that the conditions describe.
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
     * Generation that it describes.
     */
    observedGeneration: number;
    /**
     * When its status last changed.
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
   * When the next window opens, while the reset waits for one.
   */
  nextWindowTime?: string;
  /**
   * What the next call will do, found out before it; afterwards, what it was called by.
   */
  plan?: {
    /**
     * Digest of the object, its request, the calls of it so far and what the call destroys or needs: another one is another plan.
     */
    id: string;
    /**
     * When it last changed.
     */
    time: string;
    /**
     * Methods of the Cloud SQL Admin API that change something, in order.
     */
    calls: string[];
    /**
     * Whether all connections to the instance break, once.
     */
    breaksConnections: boolean;
    /**
     * SHA-1 fingerprint of the active server CA.
     */
    serverCaSha1Fingerprint?: string;
    /**
     * Client certificates that the instance has and the reset deletes. They are read where the instance demands them, or the spec asks for some.
     */
    clientCertificatesLost?: {
      /**
       * Its common name.
       */
      commonName: string;
      /**
       * Its SHA-1 fingerprint.
       */
      sha1Fingerprint: string;
    }[];
    /**
     * Common names of the client certificates that are issued again.
     */
    clientCertificatesIssued?: string[];
    /**
     * Objects that are published into, as Secret/name or ConfigMap/name.
     */
    publishes?: string[];
    /**
     * Workloads that depend on the instance and are rolled.
     */
    workloads?: {
      /**
       * How many.
       */
      total: number;
      /**
       * How many of each kind.
       */
      byKind?: {
        [k: string]: number;
      };
      /**
       * How many in each of the first waves.
       */
      byWave?: {
        [k: string]: number;
      };
      /**
       * The first ones, in the order in which they roll.
       */
      list?: {
        /**
         * Its kind.
         */
        kind: string;
        /**
         * Its name.
         */
        name: string;
        /**
         * Its wave.
         */
        wave: number;
      }[];
    };
    /**
     * What would go wrong, or be forgotten, and what to do about it.
     */
    warnings?: string[];
  };
  /**
   * The Cloud SQL operation of the reset, field for field as the API returned it.
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
     * The API's warning about the operation.
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
       * Region that the warning concerns.
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
         * Details of what failed.
         */
        message?: string;
      }[];
    };
  };
  /**
   * The write-ahead record: what was requested, and what was known before the call. It keeps a reset from being called twice.
   */
  request?: {
    /**
     * Generation being worked on.
     */
    generation: number;
    /**
     * spec.requestId when it was received.
     */
    requestId?: string;
    /**
     * Last value seen of the retry annotation.
     */
    retry?: string;
    /**
     * When the request was received, or retried; deadlineSeconds runs from here.
     */
    receivedTime: string;
    /**
     * When a window opened that the request waited for; deadlineSeconds runs from here instead, less spentSeconds.
     */
    gateOpenedTime?: string;
    /**
     * Seconds of deadlineSeconds that had passed when a window closed on the request.
     */
    spentSeconds?: number;
    /**
     * How many calls were recorded.
     */
    attempt: number;
    /**
     * How many calls of this request were or may have been executed before the one at hand.
     */
    earlierCalls?: number;
    /**
     * When the last call was recorded.
     */
    time?: string;
    /**
     * Google account that made the call.
     */
    user?: string;
    /**
     * Field manager that approved the plan of the call. The audit log knows the user.
     */
    approvedManager?: string;
    /**
     * Accepted, AlreadyDone, Refused, NotSent or Unknown. Absent while the outcome of the last call is not known.
     */
    outcome?: string;
    /**
     * An earlier call got no answer and may still show up, so its before is kept.
     */
    inDoubt?: boolean;
    /**
     * The answer to the call named the operation. An operation found after a lost answer may belong to another object.
     */
    answered?: boolean;
    /**
     * An earlier call was refused. The refusal may have answered a copy of a call that was executed, so a new operation of the operator's account is examined before another call.
     */
    refused?: boolean;
    /**
     * Failures in a row. The back-off grows with them.
     */
    failures?: number;
    /**
     * Nothing is tried again before this time.
     */
    retryTime?: string;
    /**
     * When the operator saw that the reset was done, or was asked to publish and roll again; deadlineSeconds runs from here a second time.
     */
    doneTime?: string;
    /**
     * When the server CA was read and published.
     */
    publishedTime?: string;
    /**
     * When the client certificates were last checked; absent if the spec names none.
     */
    issuedTime?: string;
    /**
     * Why a client certificate is not in its Secret. Meanwhile, workloads that do not refer to that Secret roll first.
     */
    hold?: {
      /**
       * Reason of Ready once those have rolled.
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
     * When the client certificates were last checked, the newest reset of the instance by another object had ended at this time. A later reset deletes them again.
     */
    otherResetTime?: string;
    /**
     * The instance has shown a server CA that was not listed before the reset. If an older CA is active later, somebody activated it.
     */
    hasShownNewCa?: boolean;
    /**
     * The newest readTime of another object of the instance, when this request was last received again to follow that object.
     */
    followedTime?: string;
    /**
     * Names of the newest operations that issued or deleted client certificates. None of them is taken for the reset of another object.
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
       * SHA-1 fingerprints of all server CAs. Kept where a new CA is listed before it becomes active.
       */
      serverCas?: string[];
      /**
       * SHA-1 fingerprint of the server certificate. Kept where the CA may stay the same.
       */
      serverCertificateSha1Fingerprint?: string;
      /**
       * SHA-1 fingerprints of the server CAs, or with a CA service of the server certificates, that were listed beside the active one. One of them that becomes active was switched to: it is no trace of a reset.
       */
      alsoListed?: string[];
      /**
       * SHA-1 fingerprints of the client certificates. Kept where they matter.
       */
      clientCertificates?: string[];
      /**
       * Names of the newest operations of the instance.
       */
      operations?: string[];
      /**
       * insertTime of the oldest of those operations. An operation inserted before it is never taken for the operator's own.
       */
      operationsSince?: string;
    };
  };
  /**
   * UIDs of other objects of the instance whose reset may end after the server CAs were read here. When one of them is deleted, the CAs and the client certificates are checked once more.
   */
  siblingCalls?: string[];
  /**
   * The active server CA of the instance when it was last read.
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
     * When it was created.
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
     * When Cloud SQL listed it, by the operator's clock, and later than every readTime of the instance that was known then. If two objects hold different CAs, the one with the later readTime is right.
     */
    readTime?: string;
    /**
     * Object that holds it, as Secret/name or ConfigMap/name.
     */
    publishedTo?: string;
    /**
     * SHA-1 fingerprints of the CAs that are published, there and in the Secrets of client certificates; the workloads roll for all of them but those that are held back. The active one first.
     */
    published?: string[];
    /**
     * SHA-1 fingerprints of those of them that wait to be used, and that the workloads roll for only once a maintenance window opens.
     */
    heldBack?: string[];
  };
  /**
   * The client certificates that were issued or are being issued. Never holds a key.
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
     * Digest of the passwords of its keystores, keyed by its private key. Another one rolls the workloads.
     */
    passwordDigest?: string;
    /**
     * The certificate existed before, and came with a Secret that was handed over. It is never deleted.
     */
    handedOver?: boolean;
    /**
     * Why it is not in its Secret; absent if it is.
     */
    reason?: string;
    /**
     * What prevents it.
     */
    message?: string;
    /**
     * The write-ahead record of an issue that is not known to have reached the Secret. Any certificate that has taken the name since then is the operator's own, without a key.
     */
    issuing?: {
      /**
       * When it was recorded.
       */
      time: string;
      /**
       * SHA-1 fingerprints of the certificates that had the name before.
       */
      before?: string[];
    };
  }[];
  /**
   * The roll of the dependent workloads.
   */
  rollout?: {
    /**
     * Rolled of total, such as 3/5.
     */
    summary?: string;
    /**
     * Workloads that depend on the instance.
     */
    total?: number;
    /**
     * Workloads that carry the revision and are healthy.
     */
    rolled?: number;
    /**
     * Workloads that failed.
     */
    failed?: number;
    /**
     * Workloads that opted out or are paused.
     */
    skipped?: number;
    /**
     * Workloads that do not go on because they are paused, before their roll or in the middle of it.
     */
    paused?: number;
    /**
     * The furthest the roll has come: 100 for each settled workload, less for one that is rolling.
     */
    progress?: number;
    /**
     * When it came that far; deadlineSeconds runs from here.
     */
    progressTime?: string;
    /**
     * Digest of the server CAs to roll to.
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
       * How many times in a row the API server failed to change it.
       */
      failures?: number;
      /**
       * It is not changed again before this time.
       */
      retryTime?: string;
      /**
       * How many times somebody put its pod template back after it was annotated.
       */
      reverts?: number;
    }[];
  };
  /**
   * Values of spec.requestId whose reset was executed or may have been, as SHA-256 digests in hex, newest first. A value that is used again calls nothing.
   */
  executedRequestIds?: string[];
  /**
   * When the newest calls that were executed, or may have been, were recorded; newest first. Those of the last hour count towards --max-resets-per-hour.
   */
  recentCalls?: string[];
  /**
   * When the newest reset of this object ended, even after another request has replaced it. The other objects of the instance go by it.
   */
  lastResetTime?: string;
  /**
   * Requests that have ended, newest first. When there are more than ten, those that called nothing are dropped first.
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
     * Reason of Ready or Stalled; Superseded if another request replaced it after its call.
     */
    outcome: string;
    /**
     * When its last call was recorded, or if there was none, when it was received.
     */
    startTime?: string;
    /**
     * When it ended.
     */
    endTime?: string;
    /**
     * Server CA when it ended.
     */
    serverCaSha1Fingerprint?: string;
    /**
     * Field manager that approved its last call, where that was demanded.
     */
    approvedManager?: string;
  }[];
}
