/** What operators said of a backend, as the API shows it. */
import type { Override } from '../../messages.js';
import { describeMode, describeWeight } from '../control/describe.js';
import type { FrontState } from '../view/state.js';

export function overrideObject({ model }: FrontState, override: Override): Record<string, unknown> {
  const { listener, backend } = override;
  return {
    listener,
    backend,
    present: model.backend(listener, backend) !== undefined,
    override: describeMode(override),
    weight_override: describeWeight(override),
  };
}
