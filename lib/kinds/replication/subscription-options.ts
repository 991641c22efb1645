// The options of a subscription, and the versions that know them.

/** The payload of a subscription. */
export interface Subscription {
  readonly connection: string;
  readonly publications: readonly string[];
  readonly enabled: boolean;
  /** Null: it has no slot at the publisher. */
  readonly slot: string | null;
  readonly binary: boolean;
  /**
   * `off`, `on` or `parallel` (from 16 on). Null: a schema file leaves it to the server, whose version
   * decides.
   */
  readonly streaming: string | null;
  readonly twoPhase: boolean;
  readonly disableOnError: boolean;
  readonly synchronousCommit: string;
  /** From 16 on. */
  readonly passwordRequired: boolean;
  readonly runAsOwner: boolean;
  readonly origin: string;
  /** From 17 on. */
  readonly failover: boolean;
}

/** The options in WITH (…). */
export type Option = Exclude<keyof Subscription, 'connection' | 'publications' | 'enabled'>;

/** Their names, the version that they came with, and what servers do that do not know them. */
export const subscriptionOptions: Readonly<
  Record<Option, readonly [name: string, since: number, unknown?: string | boolean]>
> = {
  slot: ['slot_name', 15],
  binary: ['binary', 15],
  streaming: ['streaming', 15],
  twoPhase: ['two_phase', 15],
  disableOnError: ['disable_on_error', 15],
  synchronousCommit: ['synchronous_commit', 15],
  passwordRequired: ['password_required', 16, true],
  runAsOwner: ['run_as_owner', 16, false],
  origin: ['origin', 16, 'any'],
  failover: ['failover', 17, false],
};

/** All of them. */
export const subscriptionOptionNames = Object.keys(subscriptionOptions) as Option[];
