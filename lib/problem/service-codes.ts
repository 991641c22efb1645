// The problems of the service, as data.

/** The problems of the service. */
export interface ServiceProblems {
  unauthorized: { readonly reason: string };
  /** `way`: what to do about it, where another key would not help. */
  forbidden: { readonly reason: string; readonly way?: string };
  csrf: { readonly reason: string };
  too_many_requests: { readonly seconds: number };
  bad_request: { readonly reason: string };
  body_too_large: { readonly limit: number };
  unknown_route: { readonly method: string; readonly path: string };
  method_not_allowed: {
    readonly method: string;
    readonly path: string;
    readonly allowed: readonly string[];
  };
  unknown_job: { readonly job: string };
  unknown_schedule: { readonly schedule: string };
  unknown_key: { readonly key: string };
  notification_refused: { readonly status: number };
  /** Another service, or a look before, has added the job of this time. */
  slot_taken: { readonly requester: string };
  job_over: { readonly job: string; readonly state: string };
  job_running: { readonly job: string; readonly state: string };
  backup_in_use: { readonly file: string; readonly reason: string };
  /** Bytes. `needed`: null where a job or an upload grew past the limit. */
  storage_full: { readonly limit: number; readonly present: number; readonly needed: number | null };
  upload_refused: { readonly reason: string };
  too_many_uploads: { readonly limit: number };
  /** Characters. */
  documents_too_large: { readonly database: string; readonly size: number; readonly limit: number };
  plan_outdated: { readonly reason: string };
  plan_needed: { readonly kind: string; readonly target: string };
  queue_full: { readonly limit: number };
  queue_unavailable: { readonly reason: string; readonly redis?: 'connection' | 'eviction' };
  /** `seconds`: after these, ask again. */
  service_starting: { readonly seconds: number };
  service_running: { readonly folder: string; readonly redis?: boolean };
  /** `target`: unknown where a commit may have been done. */
  job_lost: { readonly job: string; readonly target: 'unchanged' | 'unknown'; readonly reason: string };
}
