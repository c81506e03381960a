/**
 * The report of a run: one page with the verdicts, what led to them and pictures of how the run went.
 *
 * It is built from what was recorded and from nothing else, so the same run always gives the same bytes. The content
 * security policy in report.html keeps even a mistake in escaping from loading or running anything.
 */
import { diagnosesHtml } from './diagnoses.ts';
import { figuresHtml } from './figures.ts';
import { commandLine, counted, cut, grouped, percent } from './format.ts';
import { messagesPicture } from './messages.ts';
import { latencyQuantilesPicture, latencyRawPicture, ratePicture } from './performance.ts';
import { firstEvidence, problemsHtml } from './problems.ts';
import template from './report.html';
import { type Picture, escape, fillIn, inline, standalone } from './svg.ts';
import { timelinePicture } from './timeline.ts';
import { valuePicture } from './value.ts';
import { verdictsHtml } from './verdicts.ts';
import { type ReportInput, type View, viewOf } from './view.ts';

export interface Report {
  /** A self-contained page, which refers to nothing outside itself and needs no script. */
  readonly html: string;
  /** The pictures by file name, each an SVG that stands on its own. */
  readonly pictures: ReadonlyMap<string, string>;
}

export function report(input: ReportInput): Report {
  const view = viewOf(input);
  const evidence = firstEvidence(view);
  // Without operations, all plots would be empty.
  const plots =
    view.operations.length === 0
      ? []
      : [
          valuePicture(view),
          latencyRawPicture(view),
          latencyQuantilesPicture(view),
          ratePicture(view),
          timelinePicture(view),
        ];
  const messages = messagesPicture(view);
  const files = [...(evidence === undefined ? [] : [evidence]), ...plots, messages];
  return {
    html: pageHtml(view, evidence, plots, messages),
    pictures: new Map(files.map((picture) => [`${picture.name}.svg`, standalone(picture)])),
  };
}

function pageHtml(
  view: View,
  evidence: Picture | undefined,
  plots: readonly Picture[],
  messages: Picture,
): string {
  const { title, results, operations, deliveries, messageTypes } = view;
  return fillIn(template, {
    title: escape(title),
    content: `<h1><code>${escape(commandLine(results.program))}</code> <span>${escape(title)}: ${escape(subtitle(view))}</span></h1>
${verdictsHtml(view)}
<div class="top${evidence === undefined ? ' calm' : ''}"><div>${problemsHtml(view, evidence)}</div><aside>${figuresHtml(view)}</aside></div>
${diagnosesHtml(view)}
${plots.length === 0 ? '<section><p class="note">No operation was invoked, so there is nothing to plot.</p></section>' : plots.map(sectionHtml).join('\n')}
${Object.keys(messageTypes).length === 0 ? '' : messageTypesHtml(messageTypes)}
${operations.length === 0 && deliveries.length === 0 ? '' : sectionHtml(messages)}`,
  });
}

/** The run in one line. */
function subtitle({ results, nodeIds }: View): string {
  const { concurrency, rate, timeLimitMs, faults, seed } = results.options;
  const active = faults.length === 0 ? 'no faults' : faults.join(', ');
  return `${counted(nodeIds.length, 'node')}, ${counted(concurrency, 'client')}, ${rate} operations/s for ${timeLimitMs / 1000} s, ${active}, seed ${seed}`;
}

const sectionHtml = (picture: Picture): string =>
  `<section id="${picture.name}"><h2>${escape(picture.title)}</h2><p class="note">${escape(picture.note)}</p>
<figure class="scroll">${inline(picture)}</figure></section>`;

function messageTypesHtml(types: View['messageTypes']): string {
  const counts = Object.entries(types).toSorted(([, a], [, b]) => b - a);
  const all = counts.reduce((sum, [, count]) => sum + count, 0);
  const most = counts[0]?.[1] ?? 1;
  const rows = counts.map(
    ([type, count]) =>
      `<tr><th>${escape(cut(type, 40))}</th><td>${grouped(count)}</td><td>${percent(count / all)}</td><td><i style="width:${((100 * count) / most).toFixed(1)}%"></i></td></tr>`,
  );
  return `<section id="message-types"><h2>Messages by type</h2><p class="note">${grouped(all)} in all, between clients, nodes and services.</p>
<table class="types"><tbody>${rows.join('')}</tbody></table></section>`;
}
