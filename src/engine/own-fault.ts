/** What of this machine's own network thwarts a probe; an indeterminate ending. */
export interface OwnFault {
  readonly reason: 'checker_source_missing' | 'checker_offline';
  readonly detail: string;
}
