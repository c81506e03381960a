/**
 * Judges eight programs (designs.ts) by both checks, in simulated runs of the challenge on Maelstrom's network, and prints
 * how many of them each passes: `npm run test:designs`. Seeds decide everything, so the same code gives the same figures
 * on any machine. Names after `--` select some.
 */
import { designs, passes, situations } from './designs.ts';

const RUNS = 30;

async function main(): Promise<void> {
  const names = process.argv.slice(2);
  console.log(`how many of ${RUNS} runs each check passes: Maelstrom's / every read\n`);
  console.log(`| program | ${Object.keys(situations).join(' | ')} |`);
  console.log(
    `| --- |${Object.keys(situations)
      .map(() => ' --: |')
      .join('')}`,
  );
  for (const [name, createNode] of Object.entries(designs)) {
    if (names.length > 0 && !names.includes(name)) continue;
    const cells: string[] = [];
    for (const options of Object.values(situations)) {
      const { maelstrom, vacuous, strict } = await passes(options, createNode, RUNS);
      cells.push(`${maelstrom}${vacuous > 0 ? `, ${vacuous} vacuous` : ''} / ${strict}`);
    }
    console.log(`| ${[name, ...cells].join(' | ')} |`);
  }
}

void main();
