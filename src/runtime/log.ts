/** Says something about the running program to whoever operates it. Never carries protocol. */
export type Log = (text: string) => void;

export const silent: Log = () => {};
