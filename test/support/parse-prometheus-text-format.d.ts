/** The types of the package, as far as tests use them. Values are texts, as in the format. */
declare module 'parse-prometheus-text-format' {
  export interface Sample {
    readonly value?: string;
    readonly labels?: Readonly<Record<string, string>>;
    /** Of a histogram: counts by upper bound. */
    readonly buckets?: Readonly<Record<string, string>>;
    readonly count?: string;
  }

  export interface Family {
    readonly name: string;
    readonly type: 'COUNTER' | 'GAUGE' | 'HISTOGRAM' | 'SUMMARY' | 'UNTYPED';
    readonly metrics: readonly Sample[];
  }

  const parse: (text: string) => Family[];
  export default parse;
}
