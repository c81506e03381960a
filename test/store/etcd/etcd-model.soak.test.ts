import './etcd-model.test.ts';
