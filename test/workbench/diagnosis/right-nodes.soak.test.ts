import './right-nodes.test.ts';
