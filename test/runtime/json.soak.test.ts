import './json.test.ts';
