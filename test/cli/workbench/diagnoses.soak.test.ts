import './diagnoses.test.ts';
