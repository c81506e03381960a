/**
 * Why the run went as it did, and what to try: each mistake that was recognised, with the messages that show it. Those that
 * the message diagram shows are links to it.
 */
import type { Diagnosis } from '../nodes/diagnosis.ts';
import type { Delivery } from '../sim/network.ts';
import { counted, cut, seconds } from './format.ts';
import { messageAnchor, shownEvidence } from './message-layout.ts';
import { escape } from './svg.ts';
import type { View } from './view.ts';

const BODY_LENGTH = 120;

/** The section, or nothing if no mistake was recognised. */
export function diagnosesHtml(view: View): string {
  const { diagnoses } = view.results;
  if (diagnoses.length === 0) return '';
  const drawn = shownEvidence(view);
  const articles = diagnoses.map((diagnosis) => diagnosisHtml(diagnosis, view.evidence, drawn));
  return `<section id="diagnoses"><h2>Why, and what to try</h2>
${articles.join('\n')}</section>`;
}

function diagnosisHtml(
  { id, count, evidence, remedy, docs, messages }: Diagnosis,
  deliveries: readonly Delivery[],
  drawn: ReadonlySet<number>,
): string {
  const often = count === 1 ? '' : ` <span>${counted(count, 'time')}; the first:</span>`;
  const rows = messages.flatMap((number) => {
    const delivery = deliveries.find((each) => each.id === number);
    return delivery === undefined ? [] : [rowHtml(delivery, drawn.has(number))];
  });
  const table =
    rows.length === 0
      ? ''
      : `<div class="scroll"><table class="entries"><thead><tr><th>sent</th><th>from</th><th>to</th><th>message</th></tr></thead>
<tbody>${rows.join('')}</tbody></table></div>`;
  return `<article class="diagnosis"><h3>${escape(id)}${often}</h3>
<p>${escape(evidence)}</p>
${table}<p><b>Try:</b> ${escape(remedy)}</p>
<p class="where">${escape(docs)} has the smallest program that does this, and its cure</p></article>`;
}

function rowHtml(
  { id, message: { src, dest, body }, sentMs, receivedMs }: Delivery,
  isDrawn: boolean,
): string {
  const moment = seconds(sentMs);
  const when = isDrawn ? `<a href="#${messageAnchor(id)}">${moment}</a>` : moment;
  const fate = receivedMs === undefined ? ', lost' : '';
  return `<tr><td>${when}</td><td>${escape(src)}</td><td>${escape(dest)}</td><td><code>${escape(cut(JSON.stringify(body), BODY_LENGTH))}</code>${fate}</td></tr>`;
}
