// A systemd unit for the service, with the rights that it needs and no others.
import { execPath } from 'node:process';
import { Problem } from '../problem/problem.ts';

/** The choices of a unit. */
export interface UnitInput {
  readonly user?: string;
  /** Megabytes. */
  readonly memory?: number;
}

const hardening = `PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
LockPersonality=yes
UMask=0077
`;

/**
 * The text of the unit. Its hardening is that of systemd.exec(5): the service writes to the project's folder
 * and to its own temporary files, and gets no new privileges. A job that takes too much memory ends alone.
 * @param root the folder of the project
 * @throws Problem `bad_option`
 */
export function describeUnit(root: string, { user = 'pgmage', memory = 2048 }: UnitInput): string {
  if (!/^[a-z_][a-z0-9_-]{0,31}$/.test(user))
    throw new Problem('bad_option', { option: '--user', reason: `${user} is not the name of a system user` });
  if (!Number.isInteger(memory) || memory < 256)
    throw new Problem('bad_option', { option: '--memory', reason: 'it is a whole number from 256' });
  const path = escapePath(root);
  return `[Unit]
Description=pgmage serve: exports, imports, clones and syncs of PostgreSQL databases
Documentation=file://${path}/node_modules/pgmage/docs/guides/run-the-service.md
After=network-online.target
Wants=network-online.target

[Service]
# The service tells when it is ready, and every 30 seconds that it is alive, by systemd-notify.
Type=notify
NotifyAccess=all
WatchdogSec=60
TimeoutStartSec=180
User=${user}
WorkingDirectory=${path}
Environment=NODE_ENV=production
EnvironmentFile=-/etc/pgmage.env
ExecStart="${escapePath(execPath)}" "${path}/node_modules/pgmage/bin/pgmage.cjs" serve
Restart=on-failure
RestartSec=2
# A stop gives jobs 25 seconds to end, and then asks them to stop.
KillMode=mixed
TimeoutStopSec=60
MemoryMax=${memory}M
OOMPolicy=continue
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths="${path}"
${hardening}
[Install]
WantedBy=multi-user.target
`;
}

// systemd reads % as the begin of a specifier, and quotes as it reads C.
function escapePath(path: string): string {
  if (/[\n\r]/.test(path))
    throw new Problem('bad_option', { option: 'the folder', reason: 'its name has a line end' });
  return path.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/%/g, '%%');
}
