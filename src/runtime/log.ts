/**
 * The port to the log: text for the operator, on stderr. It never carries protocol.
 */

export type Log = (text: string) => void;

export const silent: Log = () => {};
