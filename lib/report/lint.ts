// The findings of db:lint: as text, as annotations of GitHub, as a report of GitLab.
import type { LintReport } from '../commands/lint.ts';
import type { LintFinding } from '../lint/verdict.ts';
import { formatBytes, formatCount } from '../problem/amount.ts';
import { makeLegible } from '../problem/legible.ts';
import { startOf } from '../problem/location.ts';
import { annotationsText, type FilePaths } from './annotations.ts';
import { makeInk } from './ink.ts';
import type { Paper } from './paper.ts';
import { wrapText } from './wrapped.ts';

/** The report of `db:lint`. */
export function lintText(report: LintReport, paper: Paper): string {
  const { files, findings, denied, warned, mayBeApplied } = report;
  const ink = makeInk(paper.colour);
  const lines = findings.flatMap((finding) => {
    const { level, rule, message, hint } = finding;
    const word = level === 'deny' ? ink.red('denied ') : ink.yellow('warning');
    return [
      `${ink.bold(placeOf(finding))} ${word} ${rule}`,
      ...wrapText(`  ${makeLegible(messageOf(message, finding))}`, paper),
      ...(hint === '' ? [] : wrapText(`  Hint: ${makeLegible(hint)}`, paper)),
    ];
  });
  const read = formatCount(files.length, 'file');
  const sum = `${denied} denied, ${formatCount(warned, 'warning')} in ${read}.`;
  if (findings.length === 0) return ink.green(`No findings in ${read}.`);
  const advice = mayBeApplied ? wrapText(appliedHint, paper) : [];
  return [...lines, '', denied > 0 ? ink.red(sum) : ink.yellow(sum), ...advice].join('\n');
}

const appliedHint =
  'Hint: Applied migrations are checked, too. To leave them out, name the commit that has them: --base' +
  ' origin/main. Or set policy.after in the configuration to the name of the last one.';

function placeOf({ where, object }: LintFinding): string {
  if (where === null) return makeLegible(object ?? 'schema');
  return makeLegible(`${where.file}:${where.line}:${where.column}`);
}

function messageOf(message: string, { object, table }: LintFinding): string {
  const size = table === null ? '' : ` (${table.name}: ${formatBytes(table.bytes)})`;
  return `${object === null ? '' : `${object.replace(/^public\./, '')}: `}${message}${size}`;
}

/** Annotations for GitHub: an error for what is denied, a warning for the rest. */
export function lintAnnotations({ findings, files }: LintReport, paths: FilePaths = {}): string {
  const [first] = files;
  const usual = first === undefined ? undefined : startOf(first);
  return annotationsText(
    findings.map((finding) => ({
      title: finding.rule,
      message: `${messageOf(finding.message, finding)}\n${finding.hint}`.trim(),
      level: finding.level === 'deny' ? 'error' : 'warning',
      where: finding.where === null ? usual : { ...finding.where, text: '' },
    })),
    paths,
  );
}

/**
 * The report of code quality for GitLab (GitLab's manual: Code Quality, report format).
 * @param digest names one finding in every run
 */
export function lintCodeQuality(
  { findings, files }: LintReport,
  digest: (text: string) => string,
  { repositoryPath = (file) => file }: FilePaths = {},
): string {
  return JSON.stringify(
    findings.map((finding) => ({
      description: makeLegible(messageOf(finding.message, finding)),
      check_name: finding.rule,
      fingerprint: digest([finding.rule, finding.where?.file, finding.object, finding.message].join('\n')),
      severity: finding.level === 'deny' ? 'major' : 'minor',
      location: {
        path: repositoryPath(finding.where?.file ?? files[0] ?? 'schema.sql'),
        lines: { begin: finding.where?.line ?? 1 },
      },
    })),
  );
}
