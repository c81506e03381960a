import { figuresHtml } from './figures.ts';
import { cut, grouped, percent } from './format.ts';
import { pageCss, reportCss } from './page-style.ts';
import { type Picture, inline } from './picture.ts';
import { escape } from './svg.ts';
import { problemsHtml, verdictHtml } from './verdict.ts';
import type { View } from './view.ts';

/** The report as one file that refers to nothing outside itself, and needs no script. */
export function pageHtml(view: View, evidence: Picture | undefined, pictures: readonly Picture[]): string {
  const [messages, ...others] = pictures.toReversed();
  const problems = problemsHtml(view, evidence);
  return htmlPage(
    view.title,
    `${pageCss}\n${reportCss}`,
    `<h1>${escape(view.title)} <span>${escape(subtitle(view))}</span></h1>
${verdictHtml(view)}
<div class="top${evidence === undefined ? ' calm' : ''}"><div>${problems}</div><aside>${figuresHtml(view)}</aside></div>
${view.operations.length === 0 ? '<section><p class="note">No operation was completed, so there is nothing to plot.</p></section>' : others.toReversed().map(sectionHtml).join('\n')}
${messageTypesHtml(view.messageTypes)}
${messages === undefined ? '' : sectionHtml(messages)}`,
  );
}

/** A document around what is to be seen. The policy keeps even a mistake in escaping from loading or running anything. */
export const htmlPage = (title: string, css: string, content: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escape(title)}</title>
<style>
${css}
</style>
</head>
<body>
<main>
${content}
</main>
</body>
</html>
`;

/** The run in a line. */
function subtitle({ results, nodeIds }: View): string {
  const { concurrency, rate, timeLimitMs, faults, seed } = results.options;
  const broken = faults.length === 0 ? 'no faults' : faults.join(', ');
  return `${nodeIds.length} ${nodeIds.length === 1 ? 'node' : 'nodes'}, ${concurrency} ${concurrency === 1 ? 'client' : 'clients'}, ${rate} operations/s for ${timeLimitMs / 1000} s, ${broken}, seed ${seed}`;
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
