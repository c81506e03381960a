import './etcd.test.ts';
