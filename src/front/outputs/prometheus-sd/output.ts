import { Asked } from '../asked.js';
import type { BackendsView } from '../backends-view.js';
import type { Output, OutputContext, OutputState } from '../output.js';

/** Prometheus asks, and is told what is there. */
export class PrometheusSdOutput implements Output {
  readonly view: BackendsView;
  readonly onlyRoutable: boolean;
  readonly asked = new Asked();

  constructor({ view, options }: Pick<OutputContext, 'view' | 'options'>) {
    this.view = view;
    this.onlyRoutable = options['only'] === 'routable';
  }

  start(): void {
    // It waits to be asked.
  }

  changed(): void {
    // It is asked for all there is.
  }

  state(): OutputState {
    return this.asked.state({});
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
