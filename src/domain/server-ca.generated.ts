// Generated from crds/ by `npm run generate`. Do not edit.
/**
 * Which instance to follow, where to publish its server CAs, and which workloads pick them up.
 */
export interface CloudSqlServerCaSpec {
  /**
   * Google Cloud project id, plain or domain-scoped (example.com:name). Immutable.
   */
  project: string;
  /**
   * Cloud SQL instance id, without the project. Immutable.
   */
  instance: string;
  /**
   * Where the operator publishes the instance's server CAs, as one PEM bundle with the active one first. Set exactly one of secretName and configMapName.
   */
  serverCa: {
    /**
     * Secret that receives the server CAs.
     */
    secretName?: string;
    /**
     * ConfigMap that receives the server CAs.
     */
    configMapName?: string;
    /**
     * Key under which the PEM is published.
     */
    key: string;
    /**
     * The server CAs in other formats, beside the PEM, in the same Secret or ConfigMap, each under a key of its own. Removing one removes its key.
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
    /**
     * Keep publishes a CA that was active before for as long as the instance lists it. Drop takes it out of the bundle once all workloads have the active one, and rolls them once more for that.
     */
    rotatedOut: 'Keep' | 'Drop';
  };
  /**
   * Which workloads to roll, and how. Once one has failed, no further one is started, unless the others have lost their connections already.
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
   * Whether the operator changes the server CA of the instance, when, and with how much patience.
   */
  rotation: {
    /**
     * Never follows the instance and changes nothing of it. OnRequest rotates its server CA for a requestId or an activeSha1Fingerprint. WhenDue does so too, and before the CA expires. With a CA service its server certificate is rotated: the CA stays.
     */
    mode: 'Never' | 'OnRequest' | 'WhenDue';
    /**
     * Each value that this object has not executed asks for one rotation. The one that it has when it is created is recorded, and rotates nothing.
     */
    requestId?: string;
    /**
     * The instance is to serve by this one of its listed server CAs, 40 hex digits in either case. The way to roll back. Nothing is rotated for an expiry meanwhile. Not for an instance with a CA service.
     */
    activeSha1Fingerprint?: string;
    /**
     * With WhenDue, the rotation begins so long before the active server CA, or with a CA service the server certificate, expires; half of its life if that is less.
     */
    renewBeforeSeconds: number;
    /**
     * Least time between the last dependent healthy with both CAs and the switch, for clients that the operator does not know.
     */
    holdSeconds: number;
    /**
     * How long after the switch the dependents are watched. If one is not healthy at its end, the instance is switched back, once. 0 watches nothing.
     */
    verifySeconds: number;
  };
  /**
   * Whether a person must approve status.plan before a rotation is called. An administrator may demand it too, with the annotation cloudsql-ssl.dev/approval of the Namespace, or with --approval; the stricter one counts. Manual waits for the annotation cloudsql-ssl.dev/approve with the id of the plan. One approval is for one rotation, with the add and the switch.
   */
  approval: 'Automatic' | 'Manual';
  /**
   * If true, status.plan says what a rotation that is due would do and is kept up to date, and nothing is called. The instance is followed all the same. Setting it to false begins the rotation.
   */
  planOnly: boolean;
  /**
   * When something may begin: that a server CA is added, that workloads roll for one that waits, and that the instance switches to it. While any of these windows is open. Without windows, at any time. What has begun is finished, a switch back waits for none, and no deadline runs meanwhile.
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
     * Nothing begins with fewer seconds of the window left.
     */
    minimumRemainingSeconds: number;
  }[];
  /**
   * What must hold for a call that changes the instance.
   */
  preconditions: {
    /**
     * After this time, nothing is called but a switch back; the object stays Ready, and ServerCaRotated says Expired. An RFC 3339 time, such as 2026-11-28T17:00:00Z or 2026-11-28T18:00:00.5+01:00.
     */
    notAfterTime?: string;
  };
  /**
   * Seconds that publishing, rolling and each phase of a rotation may stand still before the object is Stalled. Any progress starts them again. The instance is followed also after that.
   */
  deadlineSeconds: number;
}

/**
 * What the operator has done and seen.
 */
export interface CloudSqlServerCaStatus {
  /**
   * Generation that the conditions describe.
   */
  observedGeneration?: number;
  /**
   * Conditions Ready, Reconciling, Stalled, ServerCaPublished, WorkloadsRolled and ServerCaRotated.
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
   * Last value seen of the retry annotation.
   */
  retry?: string;
  /**
   * The server CAs of the instance, the active one first, and those that it listed before, for as long as workloads may hold them.
   */
  serverCas?: {
    /**
     * SHA-1 fingerprint of the certificate.
     */
    sha1Fingerprint: string;
    /**
     * Active: the server certificate is signed by it. Waiting: it was added to be used next. RotatedOut: it was active before. Unlisted: the instance lists it no longer.
     */
    role: string;
    /**
     * Whether it is in the published bundle.
     */
    published: boolean;
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
     * What the workloads wait for before they roll for it, or to forget it, if anything.
     */
    heldBack?: string;
  }[];
  /**
   * What the rotation that is due, or under way, will do.
   */
  plan?: {
    /**
     * Digest of the object, of what the rotation is asked for by, of the calls of the object so far, and of the server CAs that it goes from and takes: another one is another plan.
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
     * SHA-1 fingerprint of the waiting server CA, or server certificate, that is taken; none is added then.
     */
    adopts?: string;
    /**
     * SHA-1 fingerprints of those that wait of which the one that is added takes the place.
     */
    replaces?: string[];
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
   * When the maintenance window opens that is waited for.
   */
  nextWindowTime?: string;
  /**
   * Of an instance with a CA service, once rotation.mode was another one than Never: its server certificates, the active one first.
   */
  certificates?: {
    /**
     * SHA-1 fingerprint of the certificate.
     */
    sha1Fingerprint: string;
    /**
     * Active: the instance serves by it. Waiting: it was added to be used next. RotatedOut: it was active before.
     */
    role: string;
    /**
     * SHA-1 fingerprint of the CA that signed it.
     */
    serverCaSha1Fingerprint: string;
    /**
     * When it was created.
     */
    createTime?: string;
    /**
     * When it expires.
     */
    expirationTime?: string;
  }[];
  /**
   * Of an instance with certificates, as its settings have it: whether Cloud SQL rotates its server certificate by itself.
   */
  serverCertificateRotationMode?: string;
  /**
   * When Cloud SQL listed them first like this, by the operator's clock, and later than every readTime of the instance that was known then. If two objects hold different CAs, the one with the later readTime is right.
   */
  readTime?: string;
  /**
   * The rotation of the server CA that is under way, or the last one. Where there are certificates, it is one of the server certificate, and the fingerprints here are of server certificates.
   */
  rotation?: {
    /**
     * Idle, Adding, Distributing, Holding, Switching, Verifying or SwitchingBack.
     */
    phase?: string;
    /**
     * Pin, RequestId or Expiry.
     */
    cause?: string;
    /**
     * The requestId that it serves.
     */
    requestId?: string;
    /**
     * SHA-1 fingerprint of the CA to switch to.
     */
    next?: string;
    /**
     * SHA-1 fingerprint of the CA that was active before.
     */
    previous?: string;
    /**
     * When it began.
     */
    startTime?: string;
    /**
     * When its phase began or last came further; deadlineSeconds runs from here.
     */
    phaseTime?: string;
    /**
     * When the operator had added the next CA.
     */
    addedTime?: string;
    /**
     * When all dependents were healthy with both CAs; holdSeconds runs from here.
     */
    distributedTime?: string;
    /**
     * When the instance served by the next CA.
     */
    switchedTime?: string;
    /**
     * The dependents right before the switch, which it is verified against.
     */
    dependents?: {
      /**
       * Kind of the workload.
       */
      kind: string;
      /**
       * Its name.
       */
      name: string;
      /**
       * Its generation.
       */
      generation: number;
      /**
       * Pods that it was to have.
       */
      replicas: number;
    }[];
    /**
     * The plan of its first call, which its switch is of too: for as long as the instance serves by the one CA and lists the other.
     */
    plan?: {
      /**
       * Its id.
       */
      id: string;
      /**
       * SHA-1 fingerprint of the CA before it.
       */
      from: string;
      /**
       * SHA-1 fingerprint of the CA to switch to.
       */
      next?: string;
    };
    /**
     * Field manager that approved its plan, where somebody had to.
     */
    approvedManager?: string;
    /**
     * SHA-1 fingerprints of the CAs that were switched back from. Only activeSha1Fingerprint takes one of them again.
     */
    rejected?: string[];
    /**
     * SHA-1 fingerprints of waiting CAs of which another one took the place.
     */
    replaced?: string[];
    /**
     * Objects of the instance that do not have the next CA everywhere yet, by namespace.
     */
    waitingFor?: {
      /**
       * The namespace.
       */
      namespace: string;
      /**
       * How many of its objects.
       */
      objects: number;
    }[];
    /**
     * How many times in a row it could not go on.
     */
    failures?: number;
    /**
     * How many times in a row it stalled. One by expiry is tried again after 1, 2, 4, … 24 hours.
     */
    stalls?: number;
    /**
     * It does not go on before this time.
     */
    retryTime?: string;
    /**
     * Seconds of deadlineSeconds that had passed in this phase when the rotation began to wait, such as for a window; they count when it goes on.
     */
    spentSeconds?: number;
    /**
     * What it waits for.
     */
    gate?: {
      /**
       * What, in one word.
       */
      reason: string;
      /**
       * What, in words.
       */
      message: string;
    };
    /**
     * Why it has stopped. The instance is followed all the same.
     */
    stalled?: {
      /**
       * Why, in one word.
       */
      reason: string;
      /**
       * Why, in words, and what to do next.
       */
      message: string;
      /**
       * Since when.
       */
      time: string;
    };
    /**
     * The call that changes the instance, written before it is made; without outcome it is not known yet what became of it.
     */
    record?: {
      /**
       * Add, Switch or SwitchBack.
       */
      kind: string;
      /**
       * SHA-1 fingerprint of the CA to switch to.
       */
      next?: string;
      /**
       * Which attempt of this call it is, from 1.
       */
      attempt: number;
      /**
       * When it was written.
       */
      time: string;
      /**
       * Account that called.
       */
      user?: string;
      /**
       * Accepted, Done, Failed, Refused, NotSent or Unknown.
       */
      outcome?: string;
      /**
       * Name of its operation.
       */
      operation?: string;
      /**
       * The instance before the call.
       */
      before: {
        /**
         * SHA-1 fingerprint of the active CA.
         */
        active?: string;
        /**
         * SHA-1 fingerprints of the CAs that it listed.
         */
        serverCas: string[];
        /**
         * Names of its newest operations.
         */
        operations: string[];
        /**
         * When the oldest of them was inserted.
         */
        operationsSince?: string;
      };
    };
  };
  /**
   * The last 100 values of requestId that this object has executed or taken as executed.
   */
  executedRequestIds?: string[];
  /**
   * Names of the operations of its last calls, newest first.
   */
  rotationOperations?: string[];
  /**
   * How many calls of its rotations were or may have been executed.
   */
  rotationCalls?: number;
  /**
   * When its last calls that add a CA were made, newest first, for --max-rotations-per-hour.
   */
  addTimes?: string[];
  /**
   * Rotations that are over, newest first. With a CA service the fingerprints are of server certificates.
   */
  history?: {
    /**
     * Pin, RequestId or Expiry.
     */
    cause: string;
    /**
     * Rotated, RolledBack, Superseded or Failed.
     */
    outcome: string;
    /**
     * The requestId that it served.
     */
    requestId?: string;
    /**
     * SHA-1 fingerprint of the CA before it.
     */
    previous?: string;
    /**
     * SHA-1 fingerprint of the CA that it was for.
     */
    next?: string;
    /**
     * Field manager that approved its plan.
     */
    approvedManager?: string;
    /**
     * When it began.
     */
    startTime: string;
    /**
     * When it was over.
     */
    endTime: string;
  }[];
  /**
   * Object that holds them, as Secret/name or ConfigMap/name.
   */
  publishedTo?: string;
  /**
   * Generation with which the object that is published into was found missing although pods had started with it, or without a server CA that pods must trust by now, as somebody had left it. Workloads are restarted once for it, because pods may have started with what was there.
   */
  restartGeneration?: number;
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
}
