import t from 'tap';
import { addressRange } from '#vitald/diagnosis/doctor/intervals.js';
import { hostsAccess } from '#vitald/diagnosis/doctor/looks/hosts-files.js';

interface Case {
  readonly says: string;
  readonly allow?: string;
  readonly deny: string;
  readonly daemon?: string;
  readonly from?: string;
  readonly denied: 'yes' | 'no' | 'may';
}

const cases: readonly Case[] = [
  { says: 'an empty file refuses nobody', deny: '# nothing\n\n', denied: 'no' },
  { says: 'ALL: ALL refuses everybody', deny: 'ALL: ALL', denied: 'yes' },
  { says: 'a range is compared with the source', deny: 'ALL: 100.125.0.0/16', denied: 'yes' },
  { says: 'a mask as well', deny: 'ALL: 100.125.0.0/255.255.0.0', denied: 'yes' },
  { says: 'and the beginning of an address', deny: 'ALL: 100.', denied: 'yes' },
  { says: 'another range is not met', deny: 'ALL: 10.0.0.0/8 192.168.', denied: 'no' },
  { says: 'a part of the source is met in part', deny: 'ALL: 100.125.7.', denied: 'may' },
  { says: 'an unknown source may be met', deny: 'ALL: 10.', from: '', denied: 'may' },
  { says: 'another program is not met', deny: 'sshd: ALL', daemon: 'nginx', denied: 'no' },
  { says: 'the program by name is', deny: 'sshd, nginx : ALL', daemon: 'nginx', denied: 'yes' },
  { says: 'a program that cannot be seen may be', deny: 'sshd: ALL', denied: 'may' },
  { says: 'EXCEPT leaves out', deny: 'ALL EXCEPT nginx: ALL', daemon: 'nginx', denied: 'no' },
  { says: 'EXCEPT leaves out clients', deny: 'ALL: ALL EXCEPT 100.64.0.0/10', denied: 'no' },
  { says: 'hosts.allow is read first', allow: 'nginx: 100.125.', deny: 'ALL: ALL', daemon: 'nginx', denied: 'no' },
  { says: 'hosts.allow for somebody else changes nothing', allow: 'ALL: 10.', deny: 'ALL: ALL', denied: 'yes' },
  { says: 'a name cannot be compared with an address', deny: 'ALL: .example.com', denied: 'may' },
  { says: 'a line may go on in the next', deny: 'ALL: 10. \\\n 100.125.', denied: 'yes' },
  { says: 'commands after the clients are no clients', deny: 'ALL: 10. : spawn /bin/echo 100.125. : ALL', denied: 'no' },
  { says: 'IPv6 stands in brackets', deny: 'ALL: [fd00::]/8', from: 'fd77::1', denied: 'yes' },
  { says: 'IPv6 does not meet IPv4', deny: 'ALL: [fd00::]/8', denied: 'no' },
];

for (const { says, allow = '', deny, daemon, from = '100.125.0.0/16', denied } of cases) {
  t.test(says, async (t) => {
    const range = addressRange(from);
    t.equal(hostsAccess(allow, deny, daemon, { family: range?.family ?? 4, range }).denied, denied);
  });
}
