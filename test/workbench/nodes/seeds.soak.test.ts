import './seeds.test.ts';
