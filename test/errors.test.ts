import t from 'tap';
import { CodedError, shortageOf } from '#vitald/errors.js';

const withCode = (code: string, message = ''): Error => Object.assign(new Error(message), { code });

t.test('errors that only say that descriptors, memory or threads are used up are told from all others', async (t) => {
  t.match(shortageOf(withCode('EMFILE')), /this process has no free file descriptor \(EMFILE\)/);
  t.match(shortageOf(withCode('ENFILE')), /this machine has no free file descriptor \(ENFILE\)/);
  t.match(shortageOf(withCode('ENOMEM')), /ENOMEM/);
  t.match(shortageOf(withCode('ERR_WORKER_INIT_FAILED', 'Worker initialization failure: EMFILE')), /EMFILE/);
  t.match(shortageOf(withCode('ERR_WORKER_INIT_FAILED', 'Worker initialization failure')), /EAGAIN/, 'the thread itself');
  t.match(shortageOf(withCode('ERR_DLOPEN_FAILED', 'raw.node: cannot open shared object file: Too many open files')), /EMFILE/);
  t.match(shortageOf(withCode('ERR_SYSTEM_ERROR', 'uv_interface_addresses returned Unknown system error 24')), /EMFILE/);
  t.match(shortageOf(new Error("Cannot find package '/lib/yaml/index.js' imported from /lib/load.js")), /EMFILE/, 'in a worker thread');
  t.equal(shortageOf(new CodedError('machine_shortage', 'as it was told')), 'as it was told');
  for (const other of [withCode('ENOENT', 'no such file'), withCode('EACCES'), new Error('a name that is too long'), undefined, 'text', 24])
    t.equal(shortageOf(other), undefined, String(other));
});
