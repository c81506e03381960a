import { etcdConformance } from '../../store/etcd/conformance.ts';
import { modelUnderTest } from '../../support/etcd-under-test.ts';

etcdConformance('the model', modelUnderTest);
