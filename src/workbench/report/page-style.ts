import { paletteCss, pictureCss } from './palette.ts';

/** What the pages of this tool have in common. */
export const pageCss = `${paletteCss(':root')}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans',Arial,sans-serif}
main{max-width:1264px;margin:0 auto;padding:14px 32px 60px}
h1{font-size:15px;font-weight:600;margin:0 0 10px}
h1 span{font-weight:400;color:var(--muted)}
h2{font-size:19px;line-height:1.3;margin:0 0 4px}
h3{font-size:15px;margin:0}
p{margin:0 0 8px}
a{color:inherit;text-underline-offset:2px}
.muted,.note{color:var(--muted)}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:13px}
th{font-weight:400;color:var(--muted);text-align:right;white-space:nowrap}
td{text-align:right;white-space:nowrap}
.good{color:var(--good)}
.bad{color:var(--bad)}
.unsure{color:var(--unsure)}`;

/** What only the report needs. */
export const reportCss = `${pictureCss}
.verdict{display:flex;align-items:center;gap:20px;padding:10px 20px;border-radius:6px;border-left:8px solid currentColor;margin-bottom:16px}
.verdict strong{font-size:38px;line-height:1.1;letter-spacing:.02em}
.verdict p{margin:0;color:var(--text);font-size:15.5px;line-height:1.4}
.verdict.good{background:var(--good-soft)}
.verdict.bad{background:var(--bad-soft)}
.verdict.unsure{background:var(--unsure-soft)}
.top{display:grid;grid-template-columns:minmax(0,1fr) 330px;gap:36px;align-items:start}
.top.calm{display:block}
.problem h2{font-size:23px;margin-bottom:6px}
.problem ul{margin:0 0 8px;padding:0;list-style:none}
.problem li{margin-bottom:3px}
.problem{margin-bottom:14px}
.problem figure{margin:6px 0}
.next{margin:0 0 12px;padding-top:10px;border-top:1px solid var(--grid)}
.next p{color:var(--muted);font-size:14px;margin:2px 0 0}
.where{font-size:13px;color:var(--muted);margin-top:8px;overflow-wrap:anywhere}
.where span{white-space:nowrap}
.problem h2{white-space:pre-wrap;overflow-wrap:anywhere}
.where b,.where a{color:var(--text)}
details{font-size:14px;margin:8px 0}
summary{cursor:pointer}
ol{margin:6px 0;padding-left:30px}
.entries caption{text-align:left;white-space:nowrap;color:var(--muted);padding-bottom:2px}
.entries td,.entries th{padding:0 26px 0 0;text-align:left}
.entries thead th{font-size:12px}
.entries .hot td{color:var(--bad);font-weight:600}
aside{font-size:13px}
.stats{width:100%;margin-bottom:10px}
.stats td,.stats th{padding:1px 0 1px 10px;border-bottom:1px solid var(--grid)}
.stats th:first-child{text-align:left;padding-left:0}
.stats tbody th{color:var(--text)}
dl{display:grid;grid-template-columns:auto minmax(0,1fr);gap:2px 14px;margin:0;line-height:1.4}
dt{color:var(--muted)}
dd{margin:0;overflow-wrap:anywhere}
.calm aside{display:grid;grid-template-columns:330px 330px 1fr;gap:0 40px;align-items:start}
.calm dl{grid-column:1/-1;grid-template-columns:auto 1fr auto 1fr auto 1fr}
section{margin-top:36px}
section>.note{font-size:14px;max-width:1000px}
figure{margin:0}
figcaption{font-size:12.5px;color:var(--muted)}
.scroll{overflow-x:auto}
.scroll svg{max-width:100%;height:auto;min-width:600px}
.types{width:min(100%,900px)}
.types th{text-align:left;padding:1px 16px 1px 0;color:var(--text)}
.types td{padding:1px 12px 1px 0}
.types td:last-child{width:70%;padding:0}
.types i{display:block;height:11px;background:var(--ok);min-width:1px}
@media (max-width:900px){.top,.calm aside{display:block}.calm dl{grid-template-columns:auto 1fr}aside{margin-top:20px}main{padding:12px 16px}}
@media print{section{break-inside:avoid}}`;
